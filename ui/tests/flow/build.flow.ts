import { describe, expect, it } from 'vitest';
import { ask, brokenRecipe, recipe } from './host';
import { Session } from './session';

/** Different in each run, so that a host that has seen an earlier run takes the files as new. */
const run = Date.now().toString(36);
const session = Session.forFile();

describe('from a file to its build, by hand', () => {
  const name = `flow-${run}.plan.yaml`;

  it('shows the line, live, with both gates closed', async () => {
    await session.open('/');
    await session.page.locator('.live.s-live').waitFor();
    await session.gateThatIs('plan', false).waitFor();
    await session.gateThatIs('build', false).waitFor();
    await session.page.locator('[data-tank=plan]', { hasText: 'plan queue' }).waitFor();
    await session.page.locator('[data-tank=build]', { hasText: 'build queue' }).waitFor();
  });

  it('records an uploaded file and says why it waits', async () => {
    await session.upload(name, recipe(run));
    await session.row(name).getByText('pending', { exact: true }).waitFor();
    await session
      .row(name)
      .getByText(/manual/)
      .waitFor();
  });

  it('plans it when "Generate plan" is pressed', async () => {
    await session.row(name).getByRole('button', { name: 'Generate plan' }).click();
    await session.row(name).getByText('planned').waitFor();
    await session
      .row(name)
      .getByRole('link', { name: /^plan \d+$/ })
      .waitFor();
  });

  it('builds it when "Enqueue build" is pressed', async () => {
    await session.open('/plans');
    await session.row(name).getByText('ready for build').waitFor();
    await session.row(name).getByRole('button', { name: 'Enqueue build' }).click();
    await session.row(name).getByText('built', { exact: true }).waitFor();
    await session.row(name).getByText('2/2').waitFor();
  });

  it('shows the graph, and the log of the job that is chosen in it', async () => {
    await session.row(name).getByRole('link', { name: /^\d+$/ }).click();
    await session.page.waitForURL(/\/plans\/\d+/);
    await session.page.locator('g[data-name=greet]').click();
    await session.page.locator('.ln', { hasText: `hello ${run}` }).waitFor();
    await session.page
      .getByRole('region', { name: 'Jobs' })
      .getByRole('button', { name: 'shout' })
      .click();
    await session.page.locator('.ln', { hasText: `shouting ${run}` }).waitFor();
    expect(session.page.url()).toContain('job=shout');
    expect(await session.page.locator('g.node').count()).toBe(2);
  });

  it('leads to what was built', async () => {
    await session.page.locator('.artifacts li').first().waitFor();
    const all = session.page.locator('.artifacts').getByRole('link', { name: 'zip' });
    expect(await all.getAttribute('href')).toMatch(/^\/api\/builds\/\d+\/artifacts\.zip$/);
    const install = session.page.locator('.artifacts code', { hasText: 'pip install' });
    expect(await install.textContent()).toMatch(
      /^pip install --index-url http:\S+\/simple\/\w+@\d+\/ PROJECT$/,
    );
    // By its address: a name of digits only may also be a digest's.
    await session.page.locator('.facts a[href^="/builds/"]').click();
    await session.page.waitForURL(/\/builds\/\d+/);
    await session.page.getByText('built', { exact: true }).first().waitFor();
  });
});

describe('gates', () => {
  const name = `gate-${run}.plan.yaml`;

  it('offer what already waits when they open, and plan it', async () => {
    await session.upload(name, recipe(`${run}-2`));
    await session.openGate('plan', /^Enqueue .* too$/);
    await session.row(name).getByText('planned').waitFor();
  });

  it('leave it alone when only new items are wanted', async () => {
    await session.open('/plans');
    await session.row(name).getByText('ready for build').waitFor();
    await session.openGate('build', 'Only new ones');
    await expect.poll(async () => (await session.queue()).auto_build).toBe(true);
    await session.row(name).getByRole('button', { name: 'Enqueue build' }).waitFor();
    await session.closeGate('build');
  });

  it('stay closed when the question is dismissed', async () => {
    await session.gate('build').click();
    await session.page.getByRole('dialog').waitFor();
    await session.page.keyboard.press('Escape');
    await session.page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect((await session.queue()).auto_build).toBe(false);
  });

  it('let a new file through to its build when both are open', async () => {
    await session.openGate('build', /^Enqueue .* too$/);
    await session.row(name).getByText('built', { exact: true }).waitFor();
    const through = `through-${run}.plan.yaml`;
    await session.upload(through, recipe(`${run}-3`));
    await session.open('/plans');
    await session.row(through).getByText('built', { exact: true }).waitFor();
  });

  it('show what others do, without a reload', async () => {
    await session.page.locator('.live.s-live').waitFor();
    await session.patchSettings({ auto_build: false });
    await session.gateThatIs('build', false).waitFor();
    await session.patchSettings({ auto_plan: false });
    await session.gateThatIs('plan', false).waitFor();
  });
});

describe('failures', () => {
  const name = `broken-${run}.plan.yaml`;

  it('say what broke, and what was skipped because of it', async () => {
    await session.upload(name, brokenRecipe(run));
    await session.row(name).getByRole('button', { name: 'Generate plan' }).click();
    await session
      .row(name)
      .getByRole('link', { name: /^plan \d+$/ })
      .click();
    await session.page.locator('g[data-name=bad]').waitFor();
    await session.page.getByText('This job has no log yet').waitFor();
    await session.button(/^Enqueue build/).click();
    await session.button(/^Retry failed jobs/).waitFor();
    await session.page.getByText('Why it failed').first().waitFor();
    await session.page.locator('g[data-name=after]', { hasText: 'dep failed' }).waitFor();
    await session.page.locator('.ln', { hasText: 'something error-like' }).waitFor();
  });

  it('stand on the first page until someone has seen to them', async () => {
    await session.open('/');
    await session.page.locator('.todo li', { hasText: name }).getByText('Why it failed').waitFor();
  });

  it('of a planner are told beside the input', async () => {
    const bad = `nonsense-${run}.plan.yaml`;
    await session.upload(bad, `jbos: {${run}`);
    await session.row(bad).getByRole('button', { name: 'Generate plan' }).click();
    await session.row(bad).getByText('failed', { exact: true }).waitFor();
    await session
      .row(bad)
      .getByText(/line \d+/)
      .waitFor();
  });

  it('of the page’s own address are the host’s words', async () => {
    await session.open('/plans/99999999');
    const alert = session.page.getByRole('alert');
    await alert.waitFor();
    const told = (await ask(session.host, 'GET', '/api/plans/99999999')).body;
    expect(await alert.textContent()).toContain(told.detail);
    await session.open('/nowhere');
    await session.page.getByText('There is no such page').waitFor();
  });
});

describe('all along', () => {
  it('no security rule was broken and no script failed', () => {
    expect(session.browser.complaints()).toEqual([]);
  });
});
