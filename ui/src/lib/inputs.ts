import { getJson, postBytes, postJson } from './api';
import { fetchPage, listQuery, type Filter, type Page } from './listing';
import { dateFromApi, reasonFromApi, type Reason, type WireReason } from './reason';

export type InputStatus =
  | 'pending'
  | 'planning'
  | 'planned'
  | 'failed'
  | 'superseded'
  | 'cancelled';

export interface WireInput {
  id: number;
  queue: string;
  source: string;
  filename: string;
  generation: number;
  digest: string;
  size: number;
  status: InputStatus;
  queued: boolean;
  attempt: number;
  max_attempts: number;
  next_attempt_at: string | null;
  reason: WireReason | null;
  superseded_by: number | null;
  plan_ids: number[];
  created_at: string;
  updated_at: string;
  error: string | null;
}

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
  createdAt: Date | null;
  updatedAt: Date | null;
  error: string | null;
}

export const inputStatuses: InputStatus[] = ['pending', 'planning', 'planned', 'failed'];

export function inputFromApi(row: WireInput): PendingInput {
  return {
    id: row.id,
    queue: row.queue,
    filename: row.filename,
    generation: row.generation ?? 1,
    digest: row.digest,
    sizeBytes: row.size,
    status: row.status,
    queued: row.queued ?? false,
    attempt: row.attempt ?? 0,
    maxAttempts: row.max_attempts ?? 0,
    nextAttemptAt: dateFromApi(row.next_attempt_at),
    reason: reasonFromApi(row.reason),
    supersededBy: row.superseded_by ?? null,
    planIds: row.plan_ids ?? [],
    createdAt: dateFromApi(row.created_at),
    updatedAt: dateFromApi(row.updated_at),
    error: row.error ?? null,
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
  return inputFromApi(await getJson<WireInput>(`/pending-inputs/${id}`, signal));
}

export async function generatePlan(id: number): Promise<void> {
  await postJson(`/pending-inputs/${id}/enqueue-plan`);
}

/** Records `file` as the newest version of its name; the same bytes again give the same input. */
export async function uploadInput(file: File, queue: string | null): Promise<PendingInput> {
  const query = new URLSearchParams({ filename: file.name });
  if (queue) query.set('queue', queue);
  return inputFromApi(await postBytes<WireInput>(`/pending-inputs?${query}`, file));
}

/** A file that the host has seen but that is still being written. */
export interface Arriving {
  queue: string;
  filename: string;
  sizeBytes: number | null;
  since: Date | null;
  /** Why it is not recorded yet. */
  note: string;
}

export interface WireArriving {
  queue?: string;
  filename?: string;
  size?: number;
  since?: string;
  reason?: string | null;
}

export function arrivingFromApi(row: WireArriving): Arriving {
  return {
    queue: row.queue ?? '',
    filename: row.filename ?? '',
    sizeBytes: row.size ?? null,
    since: dateFromApi(row.since),
    note: row.reason ?? '',
  };
}

export async function listArriving(signal?: AbortSignal): Promise<Arriving[]> {
  return (await fetchPage('/arriving', arrivingFromApi, signal)).items;
}
