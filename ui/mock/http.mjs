// Answers in the host's shapes: JSON, problem+json, pages with opaque cursors.

export class Problem extends Error {
  constructor(status, title, detail, extra = {}) {
    super(detail);
    this.status = status;
    this.body = {
      type: '/problems/' + title.toLowerCase().replace(/[^a-z]+/g, '-'),
      title,
      status,
      detail,
      request_id: Math.random().toString(16).slice(2, 10),
      ...extra,
    };
  }
}

export function sendProblem(response, problem) {
  response.writeHead(problem.status, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify(problem.body));
}

export function sendJson(response, body, { status = 200, headers = {} } = {}) {
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(JSON.stringify(body));
}

/** The request's body as bytes. */
export async function readBytes(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function readJson(request) {
  const text = (await readBytes(request)).toString();
  if (!text) return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(400, 'Not JSON', 'The body could not be read as JSON.');
  }
}

/** Like the host, refuses what it does not know, so that a misspelt parameter is noticed. */
export function onlyParameters(query, allowed) {
  for (const key of query.keys()) {
    if (!allowed.includes(key)) {
      throw new Problem(400, 'Unknown parameter', `There is no parameter "${key}" here.`);
    }
  }
}

/** One page, newest first, of what passes the list filters. */
export function page(items, query) {
  onlyParameters(query, ['queue', 'status', 'q', 'reason', 'cursor', 'limit']);
  const limit = Math.max(1, Math.min(200, Number(query.get('limit') ?? 50)));
  const text = (query.get('q') ?? '').toLowerCase();
  const passes = (item) =>
    (!query.get('queue') || item.queue === query.get('queue')) &&
    (!query.get('status') || item.status === query.get('status')) &&
    (!query.get('reason') || item.reason?.code === query.get('reason')) &&
    (item.filename ?? item.name).toLowerCase().includes(text);
  const found = items.filter(passes).sort((a, b) => b.id - a.id);
  const cursor = query.get('cursor');
  const last = cursor ? Number(Buffer.from(cursor, 'base64url').toString()) : Infinity;
  const rest = found.filter((item) => item.id < last);
  const shown = rest.slice(0, limit);
  const next = rest.length > limit ? String(shown.at(-1).id) : null;
  return {
    items: shown,
    next_cursor: next && Buffer.from(next).toString('base64url'),
    total: found.length,
  };
}
