import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from './browser';
import { ask, brokenRecipe, recipe, startHost, type Host } from './host';

/** Different in each run, so that a host that has seen an earlier run takes the files as new. */
const run = Date.now().toString(36);
const slow = { timeout: 45_000 };

let host: Host;
let browser: Browser;
let page: Page;
let before: { auto_plan: boolean; auto_build: boolean; watch_dir: string };

const open = (path: string): Promise<unknown> => page.goto(host.url + path);
const rowOf = (text: string): Locator => page.locator('tbody tr', { hasText: text });
const button = (name: string | RegExp): Locator => page.getByRole('button', { name });
const gate = (stage: 'plan' | 'build'): Locator =>
  page.locator(`[data-gate=${stage}]`).getByRole('switch');
const isOn = (on: boolean): string => `[aria-checked=${on}]`;
const queueOf = async () =>
  (await ask(host, 'GET', '/api/queues')).body.items.find(
    (queue: { name: string }, _: number, all: unknown[]) =>
      queue.name === 'default' || all.length === 1,
  );

async function upload(name: string, text: string): Promise<void> {
  await open('/inputs');
  await page.locator('input[type=file]').setInputFiles({
    name,
    mimeType: 'text/yaml',
    buffer: Buffer.from(text),
  });
  await rowOf(name).waitFor();
}

async function waitForGate(stage: 'plan' | 'build', on: boolean): Promise<void> {
  await page.locator(`[data-gate=${stage}] ${isOn(on)}`).waitFor();
}

/** Says no to what waits, if the page asks. */
async function turn(stage: 'plan' | 'build', on: boolean, answer: string | RegExp): Promise<void> {
  await gate(stage).click();
  if (on) {
    const offer = page.getByRole('dialog').getByRole('button', { name: answer });
    const done = page.locator(`[data-gate=${stage}] ${isOn(true)}`);
    await offer.or(done).first().waitFor();
    if (await offer.isVisible()) await offer.click();
  }
  await waitForGate(stage, on);
}

beforeAll(async () => {
  host = await startHost();
  before = (await ask(host, 'GET', '/api/settings')).body;
  await ask(host, 'PATCH', '/api/settings', { auto_plan: false, auto_build: false });
  browser = await Browser.open();
  page = browser.page;
});

afterAll(async () => {
  await browser?.close();
  if (host && before) {
    const { auto_plan, auto_build, watch_dir } = before;
    await ask(host, 'PATCH', '/api/settings', { auto_plan, auto_build, watch_dir });
  }
  host?.stop();
});

describe('from a file to its build, by hand', () => {
  const name = `flow-${run}.plan.yaml`;

  it('shows the line, live, with both gates closed', async () => {
    await open('/');
    await page.locator('.live.s-live').waitFor();
    await waitForGate('plan', false);
    await waitForGate('build', false);
    await page.locator('[data-tank=plan]', { hasText: 'plan queue' }).waitFor();
    await page.locator('[data-tank=build]', { hasText: 'build queue' }).waitFor();
  });

  it('records an uploaded file and says why it waits', async () => {
    await upload(name, recipe(run));
    await rowOf(name).getByText('pending', { exact: true }).waitFor();
    await rowOf(name)
      .getByText(/manual/)
      .waitFor();
  });

  it('plans it when "Generate plan" is pressed', async () => {
    await rowOf(name).getByRole('button', { name: 'Generate plan' }).click();
    await rowOf(name).getByText('planned').waitFor(slow);
    await rowOf(name)
      .getByRole('link', { name: /^plan \d+$/ })
      .waitFor();
  });

  it('builds it when "Enqueue build" is pressed', async () => {
    await open('/plans');
    await rowOf(name).getByText('ready for build').waitFor();
    await rowOf(name).getByRole('button', { name: 'Enqueue build' }).click();
    await rowOf(name).getByText('built', { exact: true }).waitFor(slow);
    await rowOf(name).getByText('2/2').waitFor();
  });

  it('shows the graph, and the log of the job that is chosen in it', async () => {
    await rowOf(name).getByRole('link', { name: /^\d+$/ }).click();
    await page.waitForURL(/\/plans\/\d+/);
    await page.locator('g[data-name=greet]').click();
    await page.locator('.ln', { hasText: `hello ${run}` }).waitFor();
    await page.getByRole('region', { name: 'Jobs' }).getByRole('button', { name: 'shout' }).click();
    await page.locator('.ln', { hasText: `shouting ${run}` }).waitFor();
    expect(page.url()).toContain('job=shout');
    expect(await page.locator('g.node').count()).toBe(2);
  });

  it('leads to what was built', async () => {
    await page.locator('.artifacts li').first().waitFor();
    await page.getByRole('link', { name: /^\d+$/ }).last().click();
    await page.waitForURL(/\/builds\/\d+/);
    await page.getByText('built', { exact: true }).first().waitFor();
  });
});

describe('gates', () => {
  const name = `gate-${run}.plan.yaml`;

  it('offer what already waits when they open, and plan it', async () => {
    await upload(name, recipe(`${run}-2`));
    await turn('plan', true, /^Enqueue .* too$/);
    await rowOf(name).getByText('planned').waitFor(slow);
  });

  it('leave it alone when only new items are wanted', async () => {
    await open('/plans');
    await rowOf(name).getByText('ready for build').waitFor();
    await turn('build', true, 'Only new ones');
    expect((await queueOf()).auto_build).toBe(true);
    await rowOf(name).getByRole('button', { name: 'Enqueue build' }).waitFor();
    await turn('build', false, '');
  });

  it('stay closed when the question is dismissed', async () => {
    await gate('build').click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect((await queueOf()).auto_build).toBe(false);
  });

  it('let a new file through to its build when both are open', async () => {
    await turn('build', true, /^Enqueue .* too$/);
    await rowOf(name).getByText('built', { exact: true }).waitFor(slow);
    const through = `through-${run}.plan.yaml`;
    await upload(through, recipe(`${run}-3`));
    await open('/plans');
    await rowOf(through).getByText('built', { exact: true }).waitFor(slow);
  });

  it('show what others do, without a reload', async () => {
    await page.locator('.live.s-live').waitFor();
    await ask(host, 'PATCH', '/api/settings', { auto_build: false });
    await waitForGate('build', false);
    await ask(host, 'PATCH', '/api/settings', { auto_plan: false });
    await waitForGate('plan', false);
  });
});

describe('pools', () => {
  it('grow and shrink from the line', async () => {
    await open('/');
    const size = async (): Promise<number> => (await queueOf()).plan.workers;
    const start = await size();
    await button('More plan workers').click();
    await page.getByLabel(`${start + 1} plan workers`).waitFor();
    expect(await size()).toBe(start + 1);
    await button('Fewer plan workers').click();
    await page.getByLabel(`${start} plan workers`).waitFor();
    expect(await size()).toBe(start);
  });

  it('are shown with their queue, which can be paused', async () => {
    await open('/queues');
    await button(/^Pause build_queue/).click();
    await page.locator('[data-tank=build].paused').waitFor();
    await button(/^Resume build_queue/).click();
    await page.locator('[data-tank=build]:not(.paused)').waitFor();
  });
});

describe('failures', () => {
  const name = `broken-${run}.plan.yaml`;

  it('say what broke, and what was skipped because of it', async () => {
    await upload(name, brokenRecipe(run));
    await rowOf(name).getByRole('button', { name: 'Generate plan' }).click();
    await rowOf(name)
      .getByRole('link', { name: /^plan \d+$/ })
      .click(slow);
    await page.locator('g[data-name=bad]').waitFor();
    await page.getByText('This job has no log yet').waitFor();
    await button(/^Enqueue build/).click();
    await button(/^Retry failed jobs/).waitFor(slow);
    await page.getByText('Why it failed').first().waitFor();
    await page.locator('g[data-name=after]', { hasText: 'dep failed' }).waitFor();
    await page.locator('.ln', { hasText: 'something error-like' }).waitFor();
  });

  it('stand on the first page until someone has seen to them', async () => {
    await open('/');
    await page.locator('.todo li', { hasText: name }).getByText('Why it failed').waitFor();
  });

  it('of a planner are told beside the input', async () => {
    const bad = `nonsense-${run}.plan.yaml`;
    await upload(bad, `jbos: {${run}`);
    await rowOf(bad).getByRole('button', { name: 'Generate plan' }).click();
    await rowOf(bad).getByText('failed', { exact: true }).waitFor(slow);
    await rowOf(bad)
      .getByText(/line \d+/)
      .waitFor();
  });

  it('of the page’s own address are the host’s words', async () => {
    await open('/plans/99999999');
    const alert = page.getByRole('alert');
    await alert.waitFor();
    const told = (await ask(host, 'GET', '/api/plans/99999999')).body;
    expect(await alert.textContent()).toContain(told.detail);
    await open('/nowhere');
    await page.getByText('There is no such page').waitFor();
  });
});

describe('settings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'planwright-flow-'));
  chmodSync(folder, 0o755);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const field = (): Locator => page.getByLabel('Watched folder');
  const watched = async () => (await ask(host, 'GET', '/api/settings')).body.watch_dir;

  it('move the watched folder at once', async () => {
    await open('/settings');
    await field().fill(folder);
    await button('Save').click();
    await page.getByText('Saved.').waitFor();
    expect(await watched()).toBe(folder);
    writeFileSync(join(folder, `dropped-${run}.plan.yaml`), recipe(`${run}-4`));
    await open('/inputs');
    await rowOf(`dropped-${run}.plan.yaml`).waitFor(slow);
  });

  it('are refused beside their field, with the focus on it', async () => {
    await open('/settings');
    await field().fill('/dev/null/nothing');
    await button('Save').click();
    await page.locator('.field.bad .err').waitFor();
    expect(await field().evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await watched()).toBe(folder);
  });

  it('ask before they overwrite what someone else has saved', async () => {
    await open('/settings');
    await field().fill(before.watch_dir);
    await ask(host, 'PATCH', '/api/settings', { auto_build: true });
    await waitForGate('build', true);
    await button('Save').click();
    await button('Save mine over theirs').click();
    await page.getByText('Saved.').waitFor();
    const now = (await ask(host, 'GET', '/api/settings')).body;
    expect(now).toMatchObject({ watch_dir: before.watch_dir, auto_build: true });
    await ask(host, 'PATCH', '/api/settings', { auto_build: false });
  });
});

describe('the keyboard', () => {
  it('moves between pages and through rows', async () => {
    await open('/');
    await page.locator('.live.s-live').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await page.waitForURL(/\/plans$/);
    await page.locator('tbody tr').first().waitFor();
    await page.keyboard.press('j');
    await page.locator('tbody tr.at').waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/plans\/\d+/);
  });

  it('walks the graph', async () => {
    await open('/plans?q=' + `flow-${run}`);
    await rowOf(`flow-${run}`).getByRole('link', { name: /^\d+$/ }).click();
    await page.locator('g.node[tabindex="0"]').focus();
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-name'));
    const first = await focused();
    await page.keyboard.press(first === 'greet' ? 'ArrowRight' : 'ArrowLeft');
    expect(await focused()).toBe(first === 'greet' ? 'shout' : 'greet');
    await page.keyboard.press('Enter');
    await page.waitForURL(/job=/);
  });

  it('flips a gate', async () => {
    await gate('plan').focus();
    await page.keyboard.press('Space');
    const dialog = page.getByRole('dialog');
    await dialog
      .or(page.locator(`[data-gate=plan] ${isOn(true)}`))
      .first()
      .waitFor();
    if (await dialog.isVisible()) await page.keyboard.press('Escape');
    await ask(host, 'PATCH', '/api/settings', { auto_plan: false });
    await waitForGate('plan', false);
  });
});

describe('a tab that is not looked at', () => {
  it('lets its stream go, and comes back', async () => {
    const setHidden = (hidden: boolean) =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    await open('/');
    await page.locator('.live.s-live').waitFor();
    await setHidden(true);
    await page.locator('.live.s-paused').waitFor();
    await setHidden(false);
    await page.locator('.live.s-live').waitFor();
  });
});

describe('all along', () => {
  it('no security rule was broken and no script failed', () => {
    // The browser reports refused requests as errors too; those were asked for.
    const refused = /status of (404|409|412|422)/;
    expect(browser.complaints.filter((text) => !refused.test(text))).toEqual([]);
  });
});
