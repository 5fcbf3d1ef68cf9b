import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityFaults, Browser } from './browser';
import { ask, enter, startHost, type Host } from './host';

let host: Host;
let browser: Browser;
let page: Page;
/** Addresses to look at; a plan and a build of each status are added when the host has some. */
const paths = [
  '/',
  '/inputs',
  '/inputs/1',
  '/plans',
  '/builds',
  '/dead-letters',
  '/queues',
  '/events',
  '/settings',
  '/plans?q=zzz',
  '/nowhere',
  '/plans/99999999',
];

beforeAll(async () => {
  host = await startHost();
  browser = await Browser.open();
  await enter(host, browser.page);
  page = browser.page;
  for (const kind of ['plans', 'builds']) {
    const items = (await ask(host, 'GET', `/api/${kind}?limit=200`)).body.items;
    const seen = new Set<string>();
    for (const { id, status } of items) {
      if (!seen.has(status)) paths.push(`/${kind}/${id}`);
      seen.add(status);
    }
  }
});

afterAll(async () => {
  await browser?.close();
  await host?.stop();
});

/** Asked again: a page may be between two of its states, such as an error and the next try. */
async function expectNoFaults(path: string): Promise<void> {
  const faults = () => accessibilityFaults(page);
  await expect.poll(faults, { message: path, timeout: 5000 }).toEqual([]);
}

async function open(path: string): Promise<void> {
  await page.goto(host.url + path);
  await page.locator('[data-gate=plan] [role=switch]').waitFor();
  await page.waitForFunction(() => !document.querySelector('main .skeleton'));
  await page.locator('h1').first().waitFor({ state: 'attached' }); // a page that is missing says so a moment later
  await page.waitForLoadState('load');
}

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  it('every page passes WCAG 2.2 AA as far as axe can tell', async () => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const path of paths) {
      await open(path);
      await expectNoFaults(path);
    }
  });
});

describe('the theme', () => {
  it('can be chosen and is remembered', async () => {
    await page.emulateMedia({ colorScheme: 'light' });
    await open('/');
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.getByLabel('Theme').selectOption('dark');
    await expect.poll(background).not.toBe(light);
    await open('/plans');
    await expect.poll(background).not.toBe(light);
    await page.getByLabel('Theme').selectOption('system');
    await expect.poll(background).toBe(light);
  });
});

describe('on a narrow screen', () => {
  it('nothing has to be scrolled sideways at 320 px, and axe finds no fault', async () => {
    await page.setViewportSize({ width: 320, height: 700 });
    for (const path of paths) {
      await open(path);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width, path).toBeLessThanOrEqual(320);
      await expectNoFaults(path);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it('dialogs fit', async () => {
    await page.setViewportSize({ width: 320, height: 700 });
    await open('/');
    await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
    const box = await page.getByRole('dialog').boundingBox();
    expect(box!.x).toBeGreaterThanOrEqual(0);
    expect(box!.x + box!.width).toBeLessThanOrEqual(320);
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 1440, height: 900 });
  });
});

describe('all along', () => {
  it('no security rule was broken and no script failed', () => {
    expect(browser.complaints()).toEqual([]);
  });
});
