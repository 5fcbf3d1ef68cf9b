import { appendFileSync, chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, recipe } from './host';
import { Session } from './session';

/** Different in each run, so that a host that has seen an earlier run takes the files as new. */
const run = Date.now().toString(36);
const session = Session.forFile();

describe('pools', () => {
  it('grow and shrink from the line', async () => {
    await session.open('/');
    const size = async (): Promise<number> => (await session.queue()).plan.workers;
    const start = await size();
    await session.button('More plan workers').click();
    await session.page.getByLabel(`${start + 1} plan workers`).waitFor();
    await expect.poll(size).toBe(start + 1);
    await session.button('Fewer plan workers').click();
    await session.page.getByLabel(`${start} plan workers`).waitFor();
    await expect.poll(size).toBe(start);
  });

  it('are shown with their queue, which can be paused', async () => {
    await session.open('/queues');
    await session.button(/^Pause build_queue/).click();
    await session.page.locator('[data-tank=build].paused').waitFor();
    await session.button(/^Resume build_queue/).click();
    await session.page.locator('[data-tank=build]:not(.paused)').waitFor();
  });
});

describe('the sandbox', () => {
  it('is told with what it is made of', async () => {
    const { body } = await ask(session.host, 'GET', '/api/version');
    await session.open('/queues');
    const section = session.page.getByRole('region', { name: 'Sandbox' });
    expect(await section.locator('p b').textContent()).toBe(body.sandbox.level);
    expect(await section.locator('dt').count()).toBe(body.sandbox.facilities.length);
  });
});

describe('settings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'planwright-flow-'));
  chmodSync(folder, 0o755);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const field = (): Locator => session.page.getByLabel('Watched folder');
  const watched = async () => (await session.settings()).watch_dir;

  it('move the watched folder at once', async () => {
    await session.open('/settings');
    await field().fill(folder);
    await session.button('Save').click();
    await session.page.getByText('Saved.').waitFor();
    expect(await watched()).toBe(folder);
    writeFileSync(join(folder, `dropped-${run}.plan.yaml`), recipe(`${run}-4`));
    await session.open('/inputs');
    await session.row(`dropped-${run}.plan.yaml`).waitFor();
  });

  it('are refused beside their field, with the focus on it', async () => {
    await session.open('/settings');
    await field().fill('/dev/null/nothing');
    await session.button('Save').click();
    await session.page.locator('.field.bad .err').waitFor();
    expect(await field().evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await watched()).toBe(folder);
  });

  it('ask before they overwrite what someone else has saved', async () => {
    await session.open('/settings');
    // The form starts with what was known before; an edit counts from what is saved now.
    await expect.poll(() => field().inputValue(), { timeout: 60_000 }).toBe(folder);
    await field().fill(session.before.watch_dir);
    await session.patchSettings({ auto_build: true });
    await session.gateThatIs('build', true).waitFor();
    await session.button('Save').click();
    await session.button('Save mine over theirs').click();
    await session.page.getByText('Saved.').waitFor();
    const now = await session.settings();
    expect(now).toMatchObject({ watch_dir: session.before.watch_dir, auto_build: true });
    await session.patchSettings({ auto_build: false });
  });
});

describe('files that are still being written', () => {
  it('are shown above the inputs', async () => {
    const name = `half-${run}.plan.yaml`;
    const file = join(session.before.watch_dir, name);
    const writing = setInterval(() => appendFileSync(file, '# more'), 20);
    try {
      await session.open('/inputs');
      await session.page.getByText('1 file arriving').waitFor();
      await session.page.getByText(name).first().waitFor(); // on a slow machine it is recorded, too
    } finally {
      clearInterval(writing);
      rmSync(file, { force: true });
    }
  });
});

describe('a host that goes away', () => {
  it('leaves the last state on the page, and says so', async () => {
    await session.open('/plans');
    await session.page.locator('tbody tr').first().waitFor();
    await session.page.route('**/api/**', (route) => route.abort());
    await session.button('More plan workers').click();
    await session.page.locator('.toasts .bad', { hasText: 'cannot be reached' }).waitFor();
    await session.page.locator('tbody tr').first().waitFor();
    await session.page.unroute('**/api/**');
    await session.page.reload();
    await session.page.locator('.live.s-live').waitFor();
  });
});

describe('the keyboard', () => {
  const name = `keys-${run}.plan.yaml`;

  beforeAll(async () => {
    await session.upload(name, recipe(`${run}-5`));
    await session.row(name).getByRole('button', { name: 'Generate plan' }).click();
    await session.row(name).getByText('planned').waitFor();
  });

  it('moves between pages and through rows', async () => {
    await session.open('/');
    await session.page.locator('.live.s-live').waitFor();
    await session.page.keyboard.press('g');
    await session.page.keyboard.press('p');
    await session.page.waitForURL(/\/plans$/);
    await session.page.locator('tbody tr').first().waitFor();
    await session.page.keyboard.press('j');
    await session.page.locator('tbody tr.at').waitFor();
    await session.page.keyboard.press('Enter');
    await session.page.waitForURL(/\/plans\/\d+/);
  });

  it('walks the graph', async () => {
    await session.open(`/plans?q=${name}`);
    await session.row(name).getByRole('link', { name: /^\d+$/ }).click();
    await session.page.locator('g.node[tabindex="0"]').focus();
    const focused = (): Promise<string | null> =>
      session.page.evaluate(() => document.activeElement!.getAttribute('data-name'));
    const first = await focused();
    await session.page.keyboard.press(first === 'greet' ? 'ArrowRight' : 'ArrowLeft');
    await expect.poll(focused).toBe(first === 'greet' ? 'shout' : 'greet');
    await session.page.keyboard.press('Enter');
    await session.page.waitForURL(/job=/);
  });

  it('flips a gate', async () => {
    await session.gate('plan').focus();
    await session.page.keyboard.press('Space');
    const dialog = session.page.getByRole('dialog');
    await dialog.or(session.gateThatIs('plan', true)).first().waitFor();
    if (await dialog.isVisible()) await session.page.keyboard.press('Escape');
    await session.patchSettings({ auto_plan: false });
    await session.gateThatIs('plan', false).waitFor();
  });
});

describe('a tab that is not looked at', () => {
  it('lets its stream go, and comes back', async () => {
    const setHidden = (hidden: boolean) =>
      session.page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    await session.open('/');
    await session.page.locator('.live.s-live').waitFor();
    await setHidden(true);
    await session.page.locator('.live.s-paused').waitFor();
    await setHidden(false);
    await session.page.locator('.live.s-live').waitFor();
  });
});

describe('all along', () => {
  it('no security rule was broken and no script failed', () => {
    expect(session.browser.complaints()).toEqual([]);
  });
});
