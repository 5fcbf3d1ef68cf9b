import { getJson, patchJson, postJson } from './api';
import { fetchPage, type WirePage } from './listing';
import { dateFromApi } from './reason';

export type StageName = 'plan' | 'build';

export interface WireStage {
  list: string;
  paused: boolean;
  reason?: string | { message: string } | null;
  depth: number;
  running: number;
  delayed: number;
  dead: number;
  oldest_seconds: number | null;
  workers: number;
  workers_per_host?: number;
  busy: number;
  plugins?: string[];
  rate_per_minute?: number | null;
  job_slots?: number;
  job_slots_per_host?: number;
  jobs_running?: number;
}

export interface WireQueue {
  name: string;
  auto_plan: boolean;
  auto_build: boolean;
  plan: WireStage;
  build: WireStage;
  inputs?: Record<string, number>;
  plans?: Record<string, number>;
}

/** One of a queue's two halves: its list of ids and the pool that works it off. */
export interface Stage {
  /** Name of the Redis list. */
  list: string;
  paused: boolean;
  /** Why it stands still although nobody paused it, or why somebody did. */
  note: string | null;
  depth: number;
  running: number;
  delayed: number;
  dead: number;
  oldestSeconds: number | null;
  /** Of all hosts together, as is `busy`. */
  workers: number;
  busy: number;
  /** The pool's size that can be changed: each host that serves the stage has as many. */
  workersPerHost: number;
  plugins: string[];
  ratePerMinute: number | null;
  /** Room for running jobs in each host; only the build stage has it. */
  jobSlotsPerHost: number | null;
  jobsRunning: number;
}

export interface Queue {
  name: string;
  autoPlan: boolean;
  autoBuild: boolean;
  plan: Stage;
  build: Stage;
  /** Number of inputs, and of plans, by status. */
  inputCounts: Record<string, number>;
  planCounts: Record<string, number>;
}

export function queueFromApi(row: WireQueue): Queue {
  return {
    name: row.name,
    autoPlan: row.auto_plan,
    autoBuild: row.auto_build,
    plan: stageFromApi(row.plan),
    build: stageFromApi(row.build),
    inputCounts: row.inputs ?? {},
    planCounts: row.plans ?? {},
  };
}

function stageFromApi(row: WireStage): Stage {
  const reason = row.reason ?? null;
  return {
    list: row.list,
    paused: row.paused ?? false,
    note: reason !== null && typeof reason === 'object' ? reason.message : reason,
    depth: row.depth ?? 0,
    running: row.running ?? 0,
    delayed: row.delayed ?? 0,
    dead: row.dead ?? 0,
    oldestSeconds: row.oldest_seconds ?? null,
    workers: row.workers ?? 0,
    busy: row.busy ?? 0,
    workersPerHost: row.workers_per_host ?? row.workers ?? 0,
    plugins: row.plugins ?? [],
    ratePerMinute: row.rate_per_minute ?? null,
    jobSlotsPerHost: row.job_slots_per_host ?? row.job_slots ?? null,
    jobsRunning: row.jobs_running ?? 0,
  };
}

export const isAuto = (queue: Queue, stage: StageName): boolean =>
  stage === 'plan' ? queue.autoPlan : queue.autoBuild;

/** Items that the stage's gate holds back: they wait for a person, not for a worker. */
export function heldBack(queue: Queue, stage: StageName): number {
  const waiting =
    stage === 'plan' ? queue.inputCounts['pending'] : queue.planCounts['ready_for_build'];
  const { depth, delayed } = queue[stage];
  return Math.max(0, (waiting ?? 0) - depth - delayed);
}

export async function listQueues(signal?: AbortSignal): Promise<Queue[]> {
  return (await getJson<WirePage<WireQueue>>('/queues', signal)).items.map(queueFromApi);
}

export interface QueuePatch {
  auto_plan?: boolean;
  auto_build?: boolean;
  plan_workers?: number;
  build_workers?: number;
  job_slots?: number;
  /** With an `auto_*: true`: also enqueue what the gate has held back so far. */
  apply_to_waiting?: boolean;
}

export async function patchQueue(name: string, patch: QueuePatch): Promise<void> {
  await patchJson(`/queues/${encodeURIComponent(name)}`, patch);
}

export async function setPaused(name: string, stage: StageName, paused: boolean): Promise<void> {
  await postJson(`/queues/${encodeURIComponent(name)}/${stage}/${paused ? 'pause' : 'resume'}`);
}

export interface WireInstance {
  id: number;
  hostname: string;
  pid: number;
  roles: string[];
  version: string;
  started_at: string;
  heartbeat_age_seconds: number;
  planning: number;
  building: number;
}

/** One running `planwright serve`, with what it works on. */
export interface Instance {
  id: number;
  hostname: string;
  pid: number;
  roles: string[];
  version: string;
  startedAt: Date | null;
  heartbeatAgeSeconds: number;
  planning: number;
  building: number;
}

export function instanceFromApi(row: WireInstance): Instance {
  return {
    id: row.id,
    hostname: row.hostname,
    pid: row.pid,
    roles: row.roles ?? [],
    version: row.version ?? '',
    startedAt: dateFromApi(row.started_at),
    heartbeatAgeSeconds: row.heartbeat_age_seconds ?? 0,
    planning: row.planning ?? 0,
    building: row.building ?? 0,
  };
}

export async function listInstances(signal?: AbortSignal): Promise<Instance[]> {
  return (await fetchPage('/workers', instanceFromApi, signal)).items;
}
