import { getJson, postBytes, postJson } from './api';
import { fetchPage, listQuery, type Filter, type Page } from './listing';
import type { Progress } from './progress';
import { dateFromApi, reasonFromApi, type Reason } from './reason';
import type { Wire } from './wire';
import { shown } from './shown';

export type InputStatus = Wire<'PendingInput'>['status'];

/** A recorded version of a file. The file may have changed since; the snapshot has not. */
export interface PendingInput {
  id: number;
  queue: string;
  filename: string;
  generation: number;
  digest: string;
  sizeBytes: number;
  status: InputStatus;
  queued: boolean;
  attempt: number;
  maxAttempts: number;
  nextAttemptAt: Date | null;
  reason: Reason | null;
  /** The newer version that made this one pointless. */
  supersededBy: number | null;
  planIds: number[];
  /** What its planner says while it runs. */
  progress: Progress | null;
  createdAt: Date | null;
  updatedAt: Date | null;
  error: string | null;
}

export const inputStatuses: InputStatus[] = ['pending', 'planning', 'planned', 'failed'];

export function inputFromApi(row: Wire<'PendingInput'>): PendingInput {
  return {
    id: row.id,
    queue: row.queue,
    filename: shown(row.filename),
    generation: row.generation,
    digest: row.digest,
    sizeBytes: row.size,
    status: row.status,
    queued: row.queued,
    attempt: row.attempt,
    maxAttempts: row.max_attempts,
    nextAttemptAt: dateFromApi(row.next_attempt_at),
    reason: reasonFromApi(row.reason),
    supersededBy: row.superseded_by,
    planIds: row.plan_ids,
    progress: row.progress ?? null,
    createdAt: dateFromApi(row.created_at),
    updatedAt: dateFromApi(row.updated_at),
    error: row.error,
  };
}

/** Whether "Generate plan" would do something without being forced. */
export function canGeneratePlan(input: PendingInput): boolean {
  if (input.status === 'pending') return !input.queued;
  return ['failed', 'superseded', 'cancelled'].includes(input.status);
}

export function listInputs(
  filter: Filter,
  limit: number,
  cursor?: string | null,
  signal?: AbortSignal,
): Promise<Page<PendingInput>> {
  return fetchPage(`/pending-inputs?${listQuery(filter, limit, cursor)}`, inputFromApi, signal);
}

export async function getInput(id: number, signal?: AbortSignal): Promise<PendingInput> {
  return inputFromApi(await getJson<Wire<'PendingInput'>>(`/pending-inputs/${id}`, signal));
}

export async function generatePlan(id: number): Promise<void> {
  await postJson(`/pending-inputs/${id}/enqueue-plan`);
}

/** Records `file` as the newest version of its name; the same bytes again give the same input. */
export async function uploadInput(file: File, queue: string | null): Promise<PendingInput> {
  const query = new URLSearchParams({ filename: file.name });
  if (queue) query.set('queue', queue);
  return inputFromApi(await postBytes<Wire<'PendingInput'>>(`/pending-inputs?${query}`, file));
}

/** A file that the host has seen but that is still being written. */
export interface Arriving {
  queue: string;
  filename: string;
  sizeBytes: number;
  since: Date | null;
  /** Why it is not recorded yet. */
  note: string;
}

export function arrivingFromApi(row: Wire<'Arriving'>): Arriving {
  return {
    queue: row.queue,
    filename: shown(row.filename),
    sizeBytes: row.size,
    since: dateFromApi(row.since),
    note: row.reason.message,
  };
}

export async function listArriving(signal?: AbortSignal): Promise<Arriving[]> {
  return (await fetchPage('/arriving', arrivingFromApi, signal)).items;
}
