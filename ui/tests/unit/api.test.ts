import { webcrypto } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError, getJson, getTagged, patchJson, postJson } from '../../src/lib/api';
import { getMode, modeWords } from '../../src/lib/mode';

const answer = (body: unknown, init: ResponseInit & { type?: string } = {}): Response =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), {
    ...init,
    headers: { 'content-type': init.type ?? 'application/json', ...init.headers },
  });

function fetchAnswers(response: () => Response | Promise<Response>) {
  const fetch = vi.fn<(url: string, init: RequestInit) => Promise<Response>>(async () =>
    response(),
  );
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

const failureOf = async (call: Promise<unknown>): Promise<ApiError> => {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
};

// Browsers have it; Node 18 does not.
beforeEach(() => vi.stubGlobal('crypto', webcrypto));
afterEach(() => vi.unstubAllGlobals());

describe('requests', () => {
  it('say the host’s own words when it refuses', async () => {
    const problem = { type: '/problems/already-building', title: 'Already building', status: 409 };
    const detail = 'Plan 7 is building (build 12).';
    fetchAnswers(() =>
      answer({ ...problem, detail }, { status: 409, type: 'application/problem+json' }),
    );
    const error = await failureOf(postJson('/plans/7/enqueue-build'));
    expect(error.message).toBe(detail);
    expect(error.status).toBe(409);
  });

  it('say that the server cannot be reached when no answer comes', async () => {
    fetchAnswers(() => Promise.reject(new TypeError('failed')));
    const error = await failureOf(getJson('/plans'));
    expect(error.status).toBe(0);
    expect(error.problem.title).toBe('The server cannot be reached');
  });

  it('survive an answer of something in between', async () => {
    fetchAnswers(() =>
      answer('<h1>Bad gateway</h1>', { status: 502, statusText: 'Bad Gateway', type: 'text/html' }),
    );
    expect((await failureOf(getJson('/plans'))).message).toBe('Bad Gateway');
  });

  it('refuse a page in place of data', async () => {
    fetchAnswers(() => answer('<!doctype html>', { type: 'text/html' }));
    expect((await failureOf(getJson('/plans'))).message).toContain('did not answer with JSON');
  });

  it('carry a new key with each press, and a tag with each save', async () => {
    const fetch = fetchAnswers(() => answer({}, { headers: { etag: '"8"' } }));
    await postJson('/x');
    await postJson('/x');
    const keyOf = (call: number): string | null =>
      new Headers(fetch.mock.calls[call]?.[1].headers).get('idempotency-key');
    expect(keyOf(0)).toMatch(/^[0-9a-f]{32}$/);
    expect(keyOf(0)).not.toBe(keyOf(1));
    expect((await getTagged('/settings')).etag).toBe('"8"');
    await patchJson('/settings', { auto_plan: true }, '"8"');
    expect(new Headers(fetch.mock.calls[3]?.[1].headers).get('if-match')).toBe('"8"');
  });
});

describe('the mode', () => {
  it('is told by an answer of 503 too', async () => {
    const fetch = fetchAnswers(() => answer({ mode: 'postgres_away' }, { status: 503 }));
    expect(await getMode()).toBe('postgres_away');
    expect(fetch.mock.calls[0]?.[0]).toBe('/readyz');
    expect(modeWords.postgres_away?.title).toBe('Postgres is away.');
  });

  it('is normal when a host does not know it', async () => {
    fetchAnswers(() => answer({ ready: true }));
    expect(modeWords[await getMode()]).toBeNull();
  });
});
