// Bodies in the host's shapes, made of the world's state.
import { onlyParameters, Problem } from './http.mjs';

const plain = (text) => text.replace(/\x1b\[[0-9;]*m/g, '');

export function find(list, id, noun) {
  const item = list.find((one) => one.id === Number(id));
  if (!item) {
    throw new Problem(
      404,
      `No such ${noun}`,
      `There is no ${noun} ${id}. It may have been pruned.`,
    );
  }
  return item;
}

export const planView = ({ document, mode, ...plan }) => plan;
export const inputView = ({ left, ...input }) => input;
export const jobView = ({ says, exitCode, ticks, left, text, logLines, ...job }) => job;

const countBy = (items) =>
  items.reduce((counts, { status }) => ({ ...counts, [status]: (counts[status] ?? 0) + 1 }), {});

function stageView(world, stage) {
  const { workers, paused, jobSlots } = world.stages[stage];
  const queued = (stage === 'plan' ? world.inputs : world.plans).filter((item) => item.queued);
  const oldest = Math.min(...queued.map((item) => Date.parse(item.updated_at)));
  return {
    list: `${stage}_queue`,
    paused,
    reason: null,
    depth: queued.length,
    running: world.running(stage),
    delayed: 0,
    dead: 0,
    oldest_seconds: queued.length ? Math.round((Date.now() - oldest) / 1000) : null,
    workers,
    workers_per_host: workers,
    busy: Math.min(workers, world.running(stage)),
    plugins: stage === 'plan' ? ['planwright.wheels', 'planwright.recipe'] : ['planwright.command'],
    rate_per_minute: 6.4,
    ...(jobSlots === undefined
      ? {}
      : {
          job_slots: jobSlots,
          job_slots_per_host: jobSlots,
          jobs_running: world.jobs.filter((j) => j.status === 'running').length,
        }),
  };
}

export const queueView = (world) => ({
  name: 'default',
  auto_plan: world.settings.auto_plan,
  auto_build: world.settings.auto_build,
  plan: stageView(world, 'plan'),
  build: stageView(world, 'build'),
  inputs: countBy(world.inputs),
  plans: countBy(world.plans),
});

export function searchLog(world, id, query) {
  onlyParameters(query, ['q', 'regex', 'limit', 'attempt']);
  const text = (query.get('q') ?? '').toLowerCase();
  const lines = world.logOf(find(world.jobs, id, 'job'));
  const hits = lines.flatMap((line, k) =>
    plain(line).toLowerCase().includes(text) ? [{ line: k + 1, text: plain(line) }] : [],
  );
  return { lines: hits.slice(0, Number(query.get('limit') ?? 100)), total: hits.length };
}

export function readLog(world, id, query) {
  onlyParameters(query, ['from', 'limit', 'attempt']);
  const job = find(world.jobs, id, 'job');
  const lines = world.logOf(job);
  const from = Math.max(1, Number(query.get('from') ?? 1));
  const limit = Math.min(2000, Number(query.get('limit') ?? 500));
  return {
    first_line: from,
    total_lines: lines.length,
    complete: job.status !== 'running',
    truncated: false,
    lines: lines.slice(from - 1, from - 1 + limit),
  };
}

export function manifest(world, id) {
  const build = find(world.builds, id, 'build');
  const made = world.jobsOf(build).filter((job) => job.status === 'succeeded');
  const digest = world.plans[build.plan_id - 1].plan_digest;
  const artifacts = made.map(({ name }) => ({
    name: `${name}-1.0-py3-none-any.whl`,
    job: name,
    digest,
    size: 12_345,
    mode: '0644',
  }));
  return { build_id: build.id, plan_digest: digest, artifacts };
}

/** What else would hold an item back, were the first reason gone. */
export function explain(world, item, stage) {
  const { paused, workers } = world.stages[stage];
  const items = item.reason ? [item.reason] : [];
  if (item.reason?.code === 'manual_mode' && paused) {
    items.push({
      code: 'queue_paused',
      message: `The queue is paused.`,
      hint: 'Resume the queue.',
    });
  }
  if (item.reason && workers === 0) {
    items.push({
      code: 'limit',
      message: `The queue has no workers.`,
      hint: 'Raise their number.',
    });
  }
  return { items };
}

export const hostView = (world) => ({
  id: 1,
  hostname: 'mock',
  pid: process.pid,
  roles: ['api', 'intake', 'plan', 'build', 'upkeep'],
  version: '0.1.0-mock',
  started_at: world.startedAt,
  heartbeat_at: world.now(),
  heartbeat_age_seconds: 0.4,
  planning: world.running('plan'),
  building: world.running('build'),
});
