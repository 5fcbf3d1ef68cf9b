import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { Browser } from './browser';
import { ask, enter, startHost, type Host } from './host';

type Stage = 'plan' | 'build';

interface Settings {
  auto_plan: boolean;
  auto_build: boolean;
  watch_dir: string;
}

/**
 * One browser in front of one host, with both gates closed. Settings are put back at the end, so
 * that a real host is left as it was found, but for the files it was given.
 */
export class Session<H extends Host = Host> {
  host!: H;
  browser!: Browser;
  /** The settings that were found. */
  before!: Settings;

  get page(): Page {
    return this.browser.page;
  }

  private constructor(private readonly startsHost: () => Promise<H>) {}

  /** To be called once, at the top of a test file. */
  static forFile(): Session;
  static forFile<H extends Host>(startsHost: () => Promise<H>): Session<H>;
  static forFile(startsHost: () => Promise<Host> = startHost): Session {
    const session = new Session(startsHost);
    beforeAll(() => session.start());
    afterAll(() => session.stop());
    return session;
  }

  private async start(): Promise<void> {
    this.host = await this.startsHost();
    this.before = (await ask(this.host, 'GET', '/api/settings')).body;
    await this.patchSettings({ auto_plan: false, auto_build: false });
    this.browser = await Browser.open();
    await enter(this.host, this.browser.page);
  }

  private async stop(): Promise<void> {
    await this.browser?.close();
    if (this.before) {
      const { auto_plan, auto_build, watch_dir } = this.before;
      await this.patchSettings({ auto_plan, auto_build, watch_dir });
    }
    await this.host?.stop();
  }

  async open(path: string): Promise<void> {
    await this.page.goto(this.host.url + path);
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name });
  }

  /** The row of a list, or the card it becomes, that speaks of `text`. */
  row(text: string): Locator {
    return this.page.locator('tbody tr', { hasText: text });
  }

  async upload(name: string, text: string): Promise<void> {
    await this.open('/inputs');
    const file = { name, mimeType: 'text/yaml', buffer: Buffer.from(text) };
    await this.page.locator('input[type=file]').setInputFiles(file);
    await this.row(name).waitFor();
  }

  gate(stage: Stage): Locator {
    return this.page.locator(`[data-gate=${stage}]`).getByRole('switch');
  }

  gateThatIs(stage: Stage, on: boolean): Locator {
    return this.page.locator(`[data-gate=${stage}] [aria-checked=${on}]`);
  }

  /** Opens a gate, and gives this answer if the page asks about what waits. */
  async openGate(stage: Stage, answer: string | RegExp): Promise<void> {
    await this.gate(stage).click();
    const offer = this.page.getByRole('dialog').getByRole('button', { name: answer });
    await offer.or(this.gateThatIs(stage, true)).first().waitFor();
    if (await offer.isVisible()) await offer.click();
    await this.gateThatIs(stage, true).waitFor();
  }

  async closeGate(stage: Stage): Promise<void> {
    await this.gate(stage).click();
    await this.gateThatIs(stage, false).waitFor();
  }

  /** The queue that settings speak of, as the host has it. */
  async queue(): Promise<any> {
    const { items } = (await ask(this.host, 'GET', '/api/queues')).body;
    return items.find(({ name }: { name: string }) => name === 'default') ?? items[0];
  }

  async settings(): Promise<Settings> {
    return (await ask(this.host, 'GET', '/api/settings')).body;
  }

  /** As somebody else would, past the page. */
  async patchSettings(patch: Partial<Settings>): Promise<void> {
    await ask(this.host, 'PATCH', '/api/settings', patch);
  }
}
