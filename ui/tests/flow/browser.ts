import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { showOwnDist } from './own_dist';

const candidates = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'];

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

type Options = NonNullable<Parameters<typeof chromium.launchPersistentContext>[1]>;

/** A browser with a profile of its own, and what its page complained about. */
export class Browser {
  private readonly errors: string[] = [];

  private constructor(
    private readonly context: BrowserContext,
    readonly page: Page,
    private readonly profile: string,
  ) {
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
    page.on('pageerror', (error) => this.errors.push(String(error)));
  }

  static async open(options: Options = {}): Promise<Browser> {
    const executablePath = candidates.find((path): path is string => !!path && existsSync(path));
    if (!executablePath) throw new Error('No browser: install chromium or set CHROMIUM.');
    const profile = mkdtempSync(join(tmpdir(), 'planwright-ui-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      args: flags,
      viewport: { width: 1440, height: 900 },
      reducedMotion: 'reduce',
      ...options,
    });
    if (process.env.PAGE_FROM_DIST) await showOwnDist(context);
    context.setDefaultTimeout(60_000); // a busy machine is late; what is broken never comes
    return new Browser(context, context.pages()[0] ?? (await context.newPage()), profile);
  }

  /**
   * Errors of the console and of scripts; a broken security policy is among them. Refusals and
   * cut connections are left out: tests ask for them.
   */
  complaints(): string[] {
    return this.errors.filter((text) => !/status of (404|409|412|422)|ERR_FAILED/.test(text));
  }

  async close(): Promise<void> {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

interface Violation {
  id: string;
  help: string;
  nodes: { target: string[]; any: { message: string }[] }[];
}

/** What axe finds wrong with the page as it stands, one line each. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const violations = await page.evaluate(
    async (tags) => (await (window as any).axe.run(document, { runOnly: tags })).violations,
    rules,
  );
  return (violations as Violation[]).flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.any[0]?.message ?? help}`),
  );
}
