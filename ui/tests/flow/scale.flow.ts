import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from './browser';
import { ask, enter, startHost, type Host } from './host';

const logLines = 200_000;

describe('a plan of 2,000 jobs with long logs', () => {
  let host: Host;
  let browser: Browser;
  let page: Page;
  let planId: number;

  beforeAll(async () => {
    host = await startHost({ JOBS: '2000', LOG: String(logLines) });
    browser = await Browser.open();
    await enter(host, browser.page);
    page = browser.page;
    planId = (await ask(host, 'GET', '/api/plans?q=monorepo')).body.items[0].id;
  });

  afterAll(async () => {
    await browser?.close();
    await host?.stop();
  });

  const open = async (path: string): Promise<void> => {
    // Leaves the page first: a change of the hash alone would not load it anew.
    await page.goto('about:blank');
    await page.goto(host.url + path);
  };
  const markedLine = (): Promise<string | null> => page.locator('.ln.marked a').textContent();

  it('is there with only the visible part of the graph drawn', async () => {
    await open(`/plans/${planId}?job=numpy`);
    await page.locator('g.node').first().waitFor();
    expect(await page.locator('g.node').count()).toBeLessThan(400);
  });

  it('draws few rows of a log, and reaches its last line', async () => {
    await page.locator('.ln').first().waitFor();
    await page.getByRole('button', { name: 'Go to the end' }).click();
    await page.locator('.ln a', { hasText: new RegExp(`^${logLines}$`) }).waitFor();
    expect(await page.locator('.ln').count()).toBeLessThan(80);
  });

  it('finds text in lines that are not drawn', async () => {
    await page.getByLabel('Search the whole log').fill(`[${logLines - 1}/`);
    await page.locator('.ln.now', { hasText: `[${logLines - 1}/` }).waitFor();
  });

  it('opens at the line of a link', async () => {
    await open(`/plans/${planId}?job=numpy#L12345`);
    await page.locator('.ln.marked').waitFor();
    expect(await markedLine()).toBe('12345');
  });

  it('opens the log of a failed job at its first error', async () => {
    await open('/plans/2');
    await page.locator('.ln.marked', { hasText: 'OpenBLAS' }).waitFor();
    expect(await markedLine()).toBe('214');
  });

  it('follows a running log until the reader scrolls up', async () => {
    const { items } = (await ask(host, 'GET', '/api/plans?status=building')).body;
    await open(`/plans/${items[0].id}`);
    await page.getByRole('button', { name: 'Following' }).waitFor();
    const said = page.locator('.logbar [role=status]');
    const first = await said.textContent();
    await page.waitForFunction(
      (old) => document.querySelector('.logbar [role=status]')?.textContent !== old,
      first,
    );
    await page.locator('.logbox').hover();
    await page.mouse.wheel(0, -900);
    await page.getByRole('button', { name: 'Follow', exact: true }).waitFor();
  });
});
