import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';

/** The host under test: the one at PLANWRIGHT_URL, or a stand-in of our own. */
export interface Host {
  url: string;
  isMock: boolean;
  /** To sign in with; the stand-in wants none. */
  token: string | undefined;
  stop: () => void | Promise<void>;
}

export async function startHost(env: Record<string, string> = {}): Promise<Host> {
  const given = process.env.PLANWRIGHT_URL;
  if (given)
    return {
      url: given.replace(/\/$/, ''),
      isMock: false,
      token: process.env.PLANWRIGHT_TOKEN,
      stop: () => {},
    };
  const script = fileURLToPath(new URL('../../mock/server.mjs', import.meta.url));
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, PORT: '0', TICK: '100', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (data) => {
      const match = /listening (\S+)/.exec(String(data));
      if (match?.[1]) resolve(match[1]);
    });
    child.on('exit', (code) => reject(new Error(`the stand-in host ended with ${code}`)));
  });
  return { url, isMock: true, token: undefined, stop: () => void child.kill() };
}

export interface Answer {
  status: number;
  etag: string | null;
  body: any;
}

/** Signs the browser in, by the page. */
export async function enter(host: Host, page: Page): Promise<void> {
  if (!host.token) return;
  await page.goto(`${host.url}/login#${host.token}`);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

/** Asks the host directly, past the page. */
export async function ask(
  host: Host,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const headers: Record<string, string> = {};
  if (host.token) headers.authorization = `Bearer ${host.token}`;
  const init: RequestInit = { method, headers };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    headers['content-type'] = 'application/json';
  }
  const response = await fetch(host.url + path, init);
  const text = await response.text();
  return {
    status: response.status,
    etag: response.headers.get('etag'),
    body: text ? JSON.parse(text) : undefined,
  };
}

/** A recipe of two jobs in a row, whose build leaves a wheel (that is none inside); `token` appears in the logs. */
export const recipe = (token: string): string => `jobs:
  greet:
    command: ["sh", "-c", "echo hello ${token}; echo hello > out.txt"]
    outputs: [out.txt]
  shout:
    needs: [greet]
    command: |
      echo shouting ${token}
      tr a-z A-Z < in.txt > loud-1.0-py3-none-any.whl
    inputs: {in.txt: greet/out.txt}
    outputs: [loud-1.0-py3-none-any.whl]
`;

/** A recipe whose second of three jobs fails. */
export const brokenRecipe = (token: string): string => `jobs:
  good:
    command: ["sh", "-c", "echo fine ${token}"]
  bad:
    needs: [good]
    command: ["sh", "-c", "echo something error-like; exit 3"]
  after:
    needs: [bad]
    command: ["sh", "-c", "echo never"]
`;
