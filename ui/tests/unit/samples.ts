import type { Wire } from '../../src/lib/wire';

const times = { created_at: '2026-01-01T10:00:00Z', updated_at: '2026-01-01T10:01:00Z' };

/** An input held back by a closed gate, with some fields changed. */
export const wireInput = (change: Partial<Wire<'PendingInput'>> = {}): Wire<'PendingInput'> => ({
  id: 1204,
  queue: 'default',
  source: 'folder',
  filename: 'team/requirements.txt',
  generation: 3,
  digest: 'sha256:0123456789abcdef',
  size: 812,
  attributes: null,
  status: 'pending',
  queued: false,
  queued_at: null,
  cancel_requested: false,
  attempt: 0,
  max_attempts: 3,
  next_attempt_at: null,
  reason: {
    code: 'manual_mode',
    message: 'Planning is manual for queue default.',
    hint: 'Press Generate plan.',
    since: null,
  },
  superseded_by: null,
  plan_ids: [],
  trace_id: null,
  error: null,
  details: null,
  ...times,
  ...change,
});

/** A plan in the middle of its build. */
export const wirePlan = (change: Partial<Wire<'Plan'>> = {}): Wire<'Plan'> => ({
  id: 1179,
  queue: 'default',
  pending_input_id: 1204,
  filename: 'edge/requirements.txt',
  status: 'building',
  queued: false,
  queued_at: null,
  attempt: 1,
  max_attempts: 3,
  next_attempt_at: null,
  summary: { jobs: 34, done: 23, failed: 1, planner: 'planwright.wheels 1.3.0' },
  plan_digest: 'sha256:0123456789abcdef',
  unchanged: null,
  plan_blob_url: '/api/plans/1179/artifact',
  reason: null,
  build_id: 10179,
  build_mode: 'all',
  index_url: null,
  superseded_by: null,
  trace_id: null,
  error: null,
  ...times,
  ...change,
});

/** A build that runs. */
export const wireBuild = (change: Partial<Wire<'Build'>> = {}): Wire<'Build'> => ({
  id: 10179,
  plan_id: 1179,
  pending_input_id: 1204,
  filename: 'edge/requirements.txt',
  queue: 'default',
  mode: 'all',
  status: 'building',
  cancel_requested: false,
  summary: { jobs: 34, done: 23, failed: 1 },
  plan_digest: 'sha256:0123456789abcdef',
  manifest_digest: null,
  manifest_url: null,
  reason: null,
  trace_id: null,
  started_at: times.created_at,
  finished_at: null,
  error: null,
  ...times,
  ...change,
});

/** An attempt that runs. */
export const wireAttempt = (change: Partial<Wire<'Attempt'>> = {}): Wire<'Attempt'> => ({
  n: 1,
  worker: 'build-2',
  status: 'running',
  started_at: '2026-01-01T10:00:00Z',
  ended_at: null,
  exit_code: null,
  class: null,
  error: null,
  peak_memory: null,
  ...change,
});

/** A failed job. */
export const wireJob = (change: Partial<Wire<'Job'>> = {}): Wire<'Job'> => ({
  id: 88,
  plan_id: 1179,
  build_id: 10179,
  name: 'scipy',
  position: 0,
  status: 'failed',
  needs: ['numpy'],
  attempt: 1,
  max_attempts: 3,
  next_attempt_at: null,
  attempts: [wireAttempt({ status: 'failed', exit_code: 1 })],
  cancel_requested: false,
  cache: null,
  outputs: [],
  exit_code: 1,
  class: 'failed',
  reason: null,
  log_url: '/api/jobs/88/log',
  started_at: null,
  finished_at: null,
  error: null,
  ...change,
});

const wireStage = (list: string, depth: number): Wire<'PlanStage'> => ({
  list,
  paused: false,
  reason: null,
  depth,
  running: 2,
  delayed: depth ? 1 : 0,
  dead: 0,
  oldest_seconds: 41,
  workers: 2,
  workers_per_host: 2,
  busy: 2,
  plugins: [],
  isolation: [],
  rate_per_minute: 6.4,
});

export const wireQueue = (): Wire<'Queue'> => ({
  name: 'default',
  auto_plan: true,
  auto_build: false,
  watch_dir: '/srv/input',
  plan_workers: 2,
  build_workers: 2,
  job_slots: 4,
  revision: 1,
  plan: wireStage('plan_queue', 6),
  build: {
    ...wireStage('build_queue', 0),
    job_slots: 4,
    job_slots_per_host: 4,
    jobs_running: 2,
  },
  inputs: { pending: 14 },
  plans: { ready_for_build: 7 },
});

/** A fact that says nothing but what it is. */
export const wireEvent = (data: object = {}): Wire<'CloudEvent'> => ({
  specversion: '1.0',
  id: 'c1',
  source: '/planwright',
  type: 'plan.built',
  subject: 'plan/7',
  time: '2026-01-01T10:00:00Z',
  datacontenttype: 'application/json',
  queue: 'default',
  level: 'error',
  actor: '',
  data: { message: '', ...data },
});
