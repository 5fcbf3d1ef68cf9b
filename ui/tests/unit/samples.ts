import type { WireInput } from '../../src/lib/inputs';
import type { WireJob } from '../../src/lib/jobs';
import type { WirePlan } from '../../src/lib/plans';
import type { WireQueue, WireStage } from '../../src/lib/queues';

const times = { created_at: '2026-01-01T10:00:00Z', updated_at: '2026-01-01T10:01:00Z' };

/** An input held back by a closed gate, with some fields changed. */
export const wireInput = (change: Partial<WireInput> = {}): WireInput => ({
  id: 1204,
  queue: 'default',
  source: 'folder',
  filename: 'team/requirements.txt',
  generation: 3,
  digest: 'sha256:0123456789abcdef',
  size: 812,
  status: 'pending',
  queued: false,
  attempt: 0,
  max_attempts: 3,
  next_attempt_at: null,
  reason: {
    code: 'manual_mode',
    message: 'Planning is manual for queue default.',
    hint: 'Press Generate plan.',
  },
  superseded_by: null,
  plan_ids: [],
  error: null,
  ...times,
  ...change,
});

/** A plan in the middle of its build. */
export const wirePlan = (change: Partial<WirePlan> = {}): WirePlan => ({
  id: 1179,
  queue: 'default',
  pending_input_id: 1204,
  filename: 'edge/requirements.txt',
  status: 'building',
  queued: false,
  attempt: 1,
  max_attempts: 3,
  next_attempt_at: null,
  summary: { jobs: 34, done: 23, failed: 1, planner: 'planwright.wheels 1.3.0' },
  plan_digest: 'sha256:0123456789abcdef',
  plan_blob_url: '/api/plans/1179/artifact',
  reason: null,
  build_id: 10179,
  error: null,
  ...times,
  ...change,
});

/** A failed job. */
export const wireJob = (change: Partial<WireJob> = {}): WireJob => ({
  id: 88,
  plan_id: 1179,
  build_id: 10179,
  name: 'scipy',
  status: 'failed',
  needs: ['numpy'],
  attempts: [{ n: 1, worker: 'build-2', started_at: '2026-01-01T10:00:00Z', exit_code: 1 }],
  reason: null,
  ...change,
});

const wireStage = (list: string, depth: number): WireStage => ({
  list,
  paused: false,
  reason: null,
  depth,
  running: 2,
  delayed: depth ? 1 : 0,
  dead: 0,
  oldest_seconds: 41,
  workers: 2,
  busy: 2,
});

export const wireQueue = (): WireQueue => ({
  name: 'default',
  auto_plan: true,
  auto_build: false,
  plan: wireStage('plan_queue', 6),
  build: { ...wireStage('build_queue', 0), job_slots: 4, jobs_running: 2 },
  inputs: { pending: 14 },
  plans: { ready_for_build: 7 },
});
