/** The one place that talks HTTP. Every path but one is below /api; every failure is an ApiError. */
import type { Wire } from './wire';

/** An error body of the host (RFC 9457), or one that is made here. */
export type Problem = Pick<Wire<'Problem'>, 'type' | 'title' | 'status'> & Partial<Wire<'Problem'>>;

/** `pointer` is a JSON pointer into the request body, such as `/watch_dir`. */
export type FieldError = NonNullable<Problem['errors']>[number];

/** What the host refused, or status 0 when no answer came. `message` is fit to be shown. */
export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }

  get status(): number {
    return this.problem.status;
  }
}

export interface Tagged<T> {
  data: T;
  etag: string | null;
}

interface Call {
  method: string;
  path: string;
  body?: BodyInit;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

const unreachable: Problem = {
  type: 'about:blank',
  title: 'The server cannot be reached',
  status: 0,
  detail: 'No answer from the planwright host. The page shows what it last knew and keeps trying.',
};

async function answerOf(call: Call): Promise<Response> {
  const init: RequestInit = {
    method: call.method,
    headers: { accept: 'application/json', ...call.headers },
  };
  if (call.body !== undefined) init.body = call.body;
  if (call.signal) init.signal = call.signal;
  try {
    return await fetch('/api' + call.path, init);
  } catch (error) {
    if (call.signal?.aborted) throw error;
    throw new ApiError(unreachable);
  }
}

async function request<T>(call: Call): Promise<Tagged<T>> {
  const response = await answerOf(call);
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  const body: unknown = isJson ? await response.json().catch(() => undefined) : undefined;
  if (!response.ok) throw new ApiError(problemFrom(response, body));
  if (body === undefined && call.method === 'GET') {
    throw new ApiError({
      type: 'about:blank',
      title: 'The answer could not be read',
      status: response.status,
      detail: `GET /api${call.path} did not answer with JSON.`,
    });
  }
  return { data: body as T, etag: response.headers.get('etag') };
}

/** The host's own problem, or one made of the status line when something in between answered. */
function problemFrom(response: Response, body: unknown): Problem {
  if (typeof body === 'object' && body !== null && 'title' in body) {
    return { type: 'about:blank', status: response.status, ...body } as Problem;
  }
  return {
    type: 'about:blank',
    title: response.statusText || `Status ${response.status}`,
    status: response.status,
  };
}

type Readiness = Partial<Wire<'Readiness'>>;

/** What the host says of itself at /readyz, the one path outside of /api; 503 is an answer too. */
export async function getReadiness(signal?: AbortSignal): Promise<Readiness> {
  const init: RequestInit = { headers: { accept: 'application/json' } };
  if (signal) init.signal = signal;
  const response = await fetch('/readyz', init).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new ApiError(unreachable);
  });
  return (await response.json().catch(() => ({}))) as Readiness;
}

const json = { 'content-type': 'application/json' };

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await request<T>({ method: 'GET', path, signal })).data;
}

export function getTagged<T>(path: string, signal?: AbortSignal): Promise<Tagged<T>> {
  return request<T>({ method: 'GET', path, signal });
}

/** One key per press of a button: a request repeated after a lost answer does the work once. */
export async function postJson<T>(path: string, body: unknown = {}): Promise<T> {
  const headers = { ...json, 'idempotency-key': randomId() };
  return (await request<T>({ method: 'POST', path, body: JSON.stringify(body), headers })).data;
}

/** A merge patch; with an `etag` the host refuses (412) if someone else saved in between. */
export function patchJson<T>(
  path: string,
  body: unknown,
  etag?: string | null,
): Promise<Tagged<T>> {
  const headers = etag ? { ...json, 'if-match': etag } : json;
  return request<T>({ method: 'PATCH', path, body: JSON.stringify(body), headers });
}

export async function deleteAt(path: string): Promise<void> {
  await request<unknown>({ method: 'DELETE', path });
}

export async function postBytes<T>(path: string, bytes: Blob): Promise<T> {
  const headers = { 'content-type': 'application/octet-stream' };
  return (await request<T>({ method: 'POST', path, body: bytes, headers })).data;
}

/** `crypto.randomUUID` needs https or localhost, and this page is often served over plain http. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
