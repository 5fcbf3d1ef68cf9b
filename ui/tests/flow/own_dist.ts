import { existsSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext } from 'playwright-core';

const types: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
};

/**
 * Gives the browser what stands in dist/ instead of the page that the host was built with, with the
 * host's headers: a new page then needs no new build of the host.
 */
export async function showOwnDist(context: BrowserContext): Promise<void> {
  const fileOf = (path: string): string =>
    fileURLToPath(new URL(`../../dist${path}`, import.meta.url));
  const isPage = (url: URL): boolean =>
    !/^\/(api|healthz|readyz|simple|metrics)\b/.test(url.pathname);
  await context.route(isPage, async (route) => {
    const url = new URL(route.request().url());
    const file = fileOf(extname(url.pathname) ? url.pathname : '/index.html');
    try {
      const { headers } = await fetch(url.origin);
      const policy = headers.get('content-security-policy') ?? '';
      const body = readFileSync(file);
      await route.fulfill({
        body,
        headers: {
          'content-type': types[extname(file)] ?? 'application/octet-stream',
          'content-security-policy': policy,
        },
      });
    } catch {
      await route.abort(existsSync(file) ? 'connectionrefused' : 'failed');
    }
  });
}
