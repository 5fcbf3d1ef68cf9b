// What each address does. Paths and bodies are the host's.
import { onlyParameters, Problem, page, readBytes, readJson, sendJson } from './http.mjs';
import {
  buildView,
  explain,
  find,
  hostView,
  inputView,
  jobView,
  manifest,
  planView,
  queueView,
  readLog,
  searchLog,
  settingsView,
} from './views.mjs';
import { causesOf, deadLetters } from './dead_letters.mjs';
import { checkSettings, patchQueue, settingsSchema } from './settings.mjs';

const sendSettings = (world, response) =>
  sendJson(response, settingsView(world), { headers: { etag: `"${world.revision}"` } });

function stream(world, { request, response, query }) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.write('retry: 1000\n\n');
  const send = (event) => response.write(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`);
  const after = request.headers['last-event-id'] ?? query.get('after');
  if (after) world.events.slice(world.events.findIndex(({ id }) => id === after) + 1).forEach(send);
  world.listeners.add(send);
  const beat = setInterval(() => response.write(': still here\n\n'), 15_000);
  request.on('close', () => {
    clearInterval(beat);
    world.listeners.delete(send);
  });
}

/** The stand-in starts signed in; any key but `wrong` signs in again. */
async function signIn(world, { request }) {
  const { key } = await readJson(request);
  if (key === 'wrong') throw new Problem(403, 'Sign in refused', 'Nobody can sign in with this.');
  world.caller = { access: 'token', name: 'admin', role: 'admin', queues: null };
  return world.caller;
}

function signOut(world, { response }) {
  world.caller = { access: 'token', name: null, role: null, queues: null };
  response.writeHead(204);
  response.end();
}

async function upload(world, { request, response, query }) {
  onlyParameters(query, ['filename', 'queue']);
  const name = query.get('filename');
  if (!name) throw new Problem(400, 'No name', 'Say ?filename=NAME.');
  const { input, isNew } = world.record(name, await readBytes(request));
  const headers = { location: `/api/pending-inputs/${input.id}` };
  sendJson(response, inputView(input), { status: isNew ? 201 : 200, headers });
}

async function enqueuePlan(world, { request, response, params }) {
  const input = find(world.inputs, params[0], 'pending input');
  const { force } = await readJson(request);
  if (input.status === 'planning') {
    throw new Problem(409, 'Planning', `Input ${input.id} is being planned.`);
  }
  if (input.status === 'planned' && !force) {
    throw new Problem(
      409,
      'Already planned',
      `Input ${input.id} has plan ${input.plan_ids.at(-1)}.`,
    );
  }
  const wasQueued = input.queued;
  if (!wasQueued) world.enqueuePlan(input);
  const body = { queue: 'plan_queue', position: 1, pending_input: inputView(input) };
  sendJson(response, body, { status: wasQueued ? 200 : 202 });
}

async function enqueueBuild(world, { request, response, params }) {
  const plan = find(world.plans, params[0], 'plan');
  const { mode = 'all', force } = await readJson(request);
  if (plan.status === 'building') {
    const detail = `Plan ${plan.id} is building (build ${plan.build_id}).`;
    throw new Problem(409, 'Already building', detail, { instance: `/api/plans/${plan.id}` });
  }
  if (plan.status === 'built' && !force) {
    throw new Problem(409, 'Already built', `Plan ${plan.id} is built. Send {"force":true}.`);
  }
  const wasQueued = plan.queued;
  if (!wasQueued) world.enqueueBuild(plan, mode);
  const body = { queue: 'build_queue', position: 1, plan: planView(plan) };
  sendJson(response, body, { status: wasQueued ? 200 : 202 });
}

function jobsOfPlan(world, id) {
  const plan = find(world.plans, id, 'plan');
  if (plan.build_id !== null) {
    return world.jobs.filter((job) => job.build_id === plan.build_id).map(jobView);
  }
  const unborn = {
    id: null,
    build_id: null,
    status: 'blocked',
    attempts: [],
    cache: null,
    reason: null,
  };
  return plan.document.map(({ name, needs }, position) =>
    jobView({ ...unborn, plan_id: plan.id, name, needs }, position),
  );
}

/** In the plan's order; the cursor is the place in it. */
function jobPage(jobs, query) {
  onlyParameters(query, ['cursor', 'limit']);
  const start = Number(query.get('cursor') ?? 0);
  const end = start + Math.min(10_000, Number(query.get('limit') ?? 1000));
  const next = end < jobs.length ? String(end) : null;
  return { items: jobs.slice(start, end), next_cursor: next, total: jobs.length };
}

const pageOf = (items) => ({ items, next_cursor: null, total: items.length });

function eventPage(world, query) {
  onlyParameters(query, ['after', 'type', 'subject', 'level', 'limit']);
  const newest = world.events.slice(-Number(query.get('limit') ?? 50)).reverse();
  return { items: newest.map((event) => ({ cursor: event.id, event })), next_cursor: null };
}

function mappedPage(items, query, view) {
  const result = page(items, query);
  return { ...result, items: result.items.map(view) };
}

const identity = (item) => item;

const sandbox = {
  level: 'landlock',
  facilities: [
    { name: 'landlock', works: true, detail: 'ABI 3' },
    { name: 'bubblewrap', works: false, detail: 'bwrap is not installed' },
  ],
  remedy: 'Install bubblewrap (apt install bubblewrap) for the level namespaces.',
};

/** [method, path with (\d+) for ids, handler]. A handler that returns something answers with it. */
export const routes = [
  ['GET', '/readyz', () => ({ ready: true, mode: 'normal', dependencies: {} })],
  ['GET', '/api/me', (w) => w.caller],
  ['GET', '/api/maintenance', () => ({ is_on: false, sentence: null, since: null, by: null })],
  ['POST', '/api/login', signIn],
  ['POST', '/api/logout', signOut],
  ['GET', '/api/version', () => ({ name: 'planwright', version: '0.1.0-mock', api: '1', sandbox })],
  ['GET', '/api/pending-inputs', (w, { query }) => mappedPage(w.inputs, query, inputView)],
  ['POST', '/api/pending-inputs', upload],
  [
    'GET',
    '/api/pending-inputs/(\\d+)',
    (w, { params }) => inputView(find(w.inputs, params[0], 'pending input')),
  ],
  ['POST', '/api/pending-inputs/(\\d+)/enqueue-plan', enqueuePlan],
  ['GET', '/api/plans', (w, { query }) => mappedPage(w.plans, query, planView)],
  ['GET', '/api/plans/(\\d+)', (w, { params }) => planView(find(w.plans, params[0], 'plan'))],
  [
    'GET',
    '/api/plans/(\\d+)/jobs',
    (w, { params, query }) => jobPage(jobsOfPlan(w, params[0]), query),
  ],
  [
    'GET',
    '/api/plans/(\\d+)/artifact',
    (w, { params }) => ({ jobs: find(w.plans, params[0], 'plan').document }),
  ],
  ['POST', '/api/plans/(\\d+)/enqueue-build', enqueueBuild],
  [
    'GET',
    '/api/builds',
    (w, { query }) => mappedPage(w.builds, query, (build) => buildView(w, build)),
  ],
  [
    'GET',
    '/api/builds/(\\d+)',
    (w, { params }) => buildView(w, find(w.builds, params[0], 'build')),
  ],
  [
    'GET',
    '/api/builds/(\\d+)/jobs',
    (w, { params, query }) =>
      jobPage(w.jobsOf(find(w.builds, params[0], 'build')).map(jobView), query),
  ],
  ['GET', '/api/builds/(\\d+)/manifest', (w, { params }) => manifest(w, params[0])],
  [
    'POST',
    '/api/builds/(\\d+)/cancel',
    (w, { params, response }) => {
      const build = find(w.builds, params[0], 'build');
      if (build.status !== 'building')
        throw new Problem(409, 'Finished', 'The build has finished.');
      w.cancelBuild(build);
      sendJson(response, buildView(w, build), { status: 202 });
    },
  ],
  ['GET', '/api/jobs/(\\d+)', (w, { params }) => jobView(find(w.jobs, params[0], 'job'), 0)],
  ['GET', '/api/jobs/(\\d+)/log', (w, { params, query }) => readLog(w, params[0], query)],
  ['GET', '/api/jobs/(\\d+)/log/search', (w, { params, query }) => searchLog(w, params[0], query)],
  [
    'GET',
    '/api/jobs/(\\d+)/log/raw',
    (w, { params, response }) => {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(w.logOf(find(w.jobs, params[0], 'job')).join('\n'));
    },
  ],
  ['GET', '/api/dead-letters', (w, { query }) => mappedPage(deadLetters(w), query, identity)],
  ['GET', '/api/dead-letters/causes', (w) => pageOf(causesOf(deadLetters(w)))],
  ['GET', '/api/workers', (w) => pageOf([hostView(w)])],
  [
    'GET',
    '/api/pending-inputs/(\\d+)/explain',
    (w, { params }) => explain(w, find(w.inputs, params[0], 'pending input'), 'plan'),
  ],
  [
    'GET',
    '/api/plans/(\\d+)/explain',
    (w, { params }) => explain(w, find(w.plans, params[0], 'plan'), 'build'),
  ],
  ['GET', '/api/queues', (w) => pageOf([queueView(w)])],
  [
    'PATCH',
    '/api/queues/default',
    async (w, { request }) => {
      patchQueue(w, await readJson(request));
      return queueView(w);
    },
  ],
  [
    'POST',
    '/api/queues/default/(plan|build)/(pause|resume)',
    (w, { params: [stage, verb] }) => {
      w.stages[stage].paused = verb === 'pause';
      w.emit(`queue.${verb}d`, 'queue/default', `${stage}_queue: ${verb}`);
      return queueView(w);
    },
  ],
  [
    'GET',
    '/api/arriving',
    (w) => {
      const message = 'It changed a moment ago.';
      const reasonOf = (since) => ({ code: 'file_not_stable', message, hint: null, since });
      const files = w
        .arriving()
        .map(({ name: filename, size, since }) => ({ filename, size, since }));
      return pageOf(
        files.map((file) => ({ queue: 'default', ...file, reason: reasonOf(file.since) })),
      );
    },
  ],
  ['GET', '/api/settings', (w, { response }) => sendSettings(w, response)],
  ['GET', '/api/settings/schema', () => settingsSchema],
  [
    'GET',
    '/api/settings/sources',
    () => ({
      watch_dir: {
        value: '/srv/input',
        source: 'file',
        locked: false,
        file: 'quickstart.yaml',
        line: 4,
      },
    }),
  ],
  [
    'PATCH',
    '/api/settings',
    async (w, { request, response }) => {
      const patch = await readJson(request);
      checkSettings(w, patch, request.headers['if-match']);
      w.changeSettings(patch);
      sendSettings(w, response);
    },
  ],
  ['GET', '/api/events', (w, { query }) => eventPage(w, query)],
  ['GET', '/api/events/stream', stream],
];
