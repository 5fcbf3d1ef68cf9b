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

const reasonView = (reason) => reason && { hint: null, since: null, ...reason };

export const planView = ({ document, mode, ...plan }) => ({
  queued_at: plan.queued ? plan.updated_at : null,
  build_mode: mode,
  superseded_by: null,
  ...plan,
  reason: reasonView(plan.reason),
});

export const inputView = ({ left, ...input }) => ({
  attributes: null,
  queued_at: input.queued ? input.updated_at : null,
  cancel_requested: false,
  details: null,
  ...input,
  reason: reasonView(input.reason),
});

export const buildView = (world, { attempt, ...build }) => {
  const plan = world.plans[build.plan_id - 1];
  const { jobs, done, failed } = build.summary;
  return {
    pending_input_id: plan.pending_input_id,
    mode: plan.mode,
    cancel_requested: false,
    plan_digest: plan.plan_digest,
    manifest_digest: build.manifest_url && plan.plan_digest,
    trace_id: plan.trace_id,
    updated_at: build.finished_at ?? build.started_at,
    ...build,
    summary: { jobs, done, failed },
    reason: reasonView(build.reason),
  };
};

const attemptView = (attempt) => ({
  status: attempt.ended_at ? (attempt.exit_code ? 'failed' : 'succeeded') : 'running',
  exit_code: null,
  class: null,
  error: null,
  peak_memory: null,
  ...attempt,
});

/** `position`: its place in the plan. */
export const jobView = ({ says, exitCode, ticks, left, text, logLines, ...job }, position) => ({
  position,
  attempt: job.attempts.length,
  max_attempts: 3,
  next_attempt_at: null,
  cancel_requested: false,
  outputs: [],
  exit_code: job.attempts.at(-1)?.exit_code ?? null,
  class: job.attempts.at(-1)?.class ?? null,
  log_url: job.id && `/api/jobs/${job.id}/log`,
  started_at: job.attempts[0]?.started_at ?? null,
  finished_at: job.attempts.at(-1)?.ended_at ?? null,
  error: null,
  ...job,
  attempts: job.attempts.map(attemptView),
  reason: reasonView(job.reason),
});

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
    isolation: [],
    plugins: stage === 'plan' ? ['planwright.wheels', 'planwright.recipe'] : ['planwright.command'],
    rate_per_minute: 6,
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
  watch_dir: world.settings.watch_dir,
  plan_workers: world.stages.plan.workers,
  build_workers: world.stages.build.workers,
  job_slots: world.stages.build.jobSlots,
  revision: world.revision,
  plan: stageView(world, 'plan'),
  build: stageView(world, 'build'),
  inputs: countBy(world.inputs),
  plans: countBy(world.plans),
});

export const settingsView = (world) => ({
  queue: 'default',
  ...world.settings,
  plan_workers: world.stages.plan.workers,
  build_workers: world.stages.build.workers,
  job_slots: world.stages.build.jobSlots,
  plan_paused: world.stages.plan.paused,
  build_paused: world.stages.build.paused,
  overridden: [],
  locked: [],
  revision: world.revision,
  changed_by: 'ana',
  changed_at: world.startedAt,
});

export function searchLog(world, id, query) {
  onlyParameters(query, ['q', 'regex', 'limit', 'attempt']);
  const text = (query.get('q') ?? '').toLowerCase();
  const job = find(world.jobs, id, 'job');
  const lines = world.logOf(job);
  const hits = lines.flatMap((line, k) =>
    plain(line).toLowerCase().includes(text) ? [{ line: k + 1, text: plain(line) }] : [],
  );
  const shown = hits.slice(0, Number(query.get('limit') ?? 100));
  return { lines: shown, total: hits.length, complete: job.status !== 'running' };
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
    damaged: false,
    cut_bytes: 0,
    lines: lines.slice(from - 1, from - 1 + limit),
  };
}

export function manifest(world, id) {
  const build = find(world.builds, id, 'build');
  const made = world.jobsOf(build).filter((job) => job.status === 'succeeded');
  const digest = world.plans[build.plan_id - 1].plan_digest;
  const artifacts = made.map(({ name }) => ({
    path: `${name}-1.0-py3-none-any.whl`,
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
  return { items: items.map(reasonView), eligible: items.length === 0, position: null };
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
