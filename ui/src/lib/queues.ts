import { getJson, patchJson, postJson } from './api';
import { fetchPage } from './listing';
import { dateFromApi } from './reason';
import type { Wire } from './wire';

export type StageName = 'plan' | 'build';

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
  ratePerMinute: number;
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

export function queueFromApi(row: Wire<'Queue'>): Queue {
  return {
    name: row.name,
    autoPlan: row.auto_plan,
    autoBuild: row.auto_build,
    plan: stageFromApi(row.plan),
    build: stageFromApi(row.build),
    inputCounts: row.inputs,
    planCounts: row.plans,
  };
}

function stageFromApi(row: Wire<'PlanStage'> | Wire<'BuildStage'>): Stage {
  return {
    list: row.list,
    paused: row.paused,
    note: row.reason,
    depth: row.depth,
    running: row.running,
    delayed: row.delayed,
    dead: row.dead,
    oldestSeconds: row.oldest_seconds,
    workers: row.workers,
    busy: row.busy,
    workersPerHost: row.workers_per_host,
    plugins: row.plugins,
    ratePerMinute: row.rate_per_minute,
    jobSlotsPerHost: 'job_slots' in row ? row.job_slots_per_host : null,
    jobsRunning: 'job_slots' in row ? row.jobs_running : 0,
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
  return (await getJson<Wire<'QueuePage'>>('/queues', signal)).items.map(queueFromApi);
}

export type QueuePatch = Wire<'SettingsPatch'>;

export async function patchQueue(name: string, patch: QueuePatch): Promise<void> {
  await patchJson(`/queues/${encodeURIComponent(name)}`, patch);
}

export async function setPaused(name: string, stage: StageName, paused: boolean): Promise<void> {
  await postJson(`/queues/${encodeURIComponent(name)}/${stage}/${paused ? 'pause' : 'resume'}`);
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

export function instanceFromApi(row: Wire<'Worker'>): Instance {
  return {
    id: row.id,
    hostname: row.hostname,
    pid: row.pid,
    roles: row.roles,
    version: row.version,
    startedAt: dateFromApi(row.started_at),
    heartbeatAgeSeconds: row.heartbeat_age_seconds,
    planning: row.planning,
    building: row.building,
  };
}

export async function listInstances(signal?: AbortSignal): Promise<Instance[]> {
  return (await fetchPage('/workers', instanceFromApi, signal)).items;
}
