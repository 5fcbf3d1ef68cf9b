// The stand-in host. See README.md beside it.
import { createReadStream, existsSync, mkdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Problem, sendJson, sendProblem } from './http.mjs';
import { routes } from './routes.mjs';
import { fill } from './sample.mjs';
import { World } from './world.mjs';

const port = Number(process.env.PORT ?? 8471);
const tickMs = Number(process.env.TICK ?? 400);
const dist = fileURLToPath(new URL('../dist', import.meta.url));

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

const world = new World({ logLines: Number(process.env.LOG ?? 400) });
world.settings.watch_dir = process.env.WATCH_DIR ?? join(tmpdir(), 'planwright-mock-input');
mkdirSync(world.settings.watch_dir, { recursive: true });
fill(world, { manyJobs: Number(process.env.JOBS ?? 0) });
setInterval(() => world.step(), tickMs).unref();

function serveFile(path, response) {
  const wanted = normalize(join(dist, path));
  const isFile = wanted.startsWith(dist) && existsSync(wanted) && statSync(wanted).isFile();
  const file = isFile ? wanted : join(dist, 'index.html');
  response.writeHead(200, {
    'content-type': types[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'cache-control': path.startsWith('/assets/')
      ? 'public, max-age=31536000, immutable'
      : 'no-cache',
  });
  createReadStream(file).pipe(response);
}

async function answer(request, response) {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/healthz') return sendJson(response, { status: 'ok' });
  if (!url.pathname.startsWith('/api/') && url.pathname !== '/readyz')
    return serveFile(url.pathname, response);
  for (const [method, pattern, handle] of routes) {
    if (method !== request.method) continue;
    const match = new RegExp(`^${pattern}$`).exec(url.pathname);
    if (!match) continue;
    const call = { request, response, query: url.searchParams, params: match.slice(1) };
    const body = await handle(world, call);
    if (body !== undefined) sendJson(response, body);
    return undefined;
  }
  throw new Problem(404, 'No such address', `${request.method} ${url.pathname} is not known.`);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    if (!(error instanceof Problem)) console.error(error);
    const problem =
      error instanceof Problem ? error : new Problem(500, 'Internal error', String(error));
    if (!response.headersSent) sendProblem(response, problem);
  });
});

server.listen(port, '127.0.0.1', () => {
  console.log(`listening http://127.0.0.1:${server.address().port}`);
});
