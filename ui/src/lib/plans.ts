import { getJson, postJson } from './api';
import { fetchPage, listQuery, type Filter, type Page } from './listing';
import { dateFromApi, reasonFromApi, type Reason, type WireReason } from './reason';

export type PlanStatus =
  | 'ready_for_build'
  | 'building'
  | 'built'
  | 'failed'
  | 'superseded'
  | 'cancelled';

export interface WirePlan {
  id: number;
  queue: string;
  pending_input_id: number;
  filename: string;
  status: PlanStatus;
  queued: boolean;
  attempt: number;
  max_attempts: number;
  next_attempt_at: string | null;
  summary: { jobs?: number; done?: number; failed?: number; planner?: string } | null;
  plan_digest: string;
  plan_blob_url: string;
  reason: WireReason | null;
  build_id: number | null;
  created_at: string;
  updated_at: string;
  error: string | null;
}

/** A sealed graph of jobs, waiting for its build or built. */
export interface Plan {
  id: number;
  queue: string;
  inputId: number;
  filename: string;
  status: PlanStatus;
  queued: boolean;
  attempt: number;
  maxAttempts: number;
  nextAttemptAt: Date | null;
  jobCount: number;
  jobsDone: number;
  jobsFailed: number;
  planner: string;
  digest: string;
  /** Address of the plan document. */
  documentUrl: string;
  reason: Reason | null;
  /** The latest build, if there was one. */
  buildId: number | null;
  createdAt: Date | null;
  updatedAt: Date | null;
  error: string | null;
}

export const planStatuses: PlanStatus[] = ['ready_for_build', 'building', 'built', 'failed'];

export function planFromApi(row: WirePlan): Plan {
  return {
    id: row.id,
    queue: row.queue,
    inputId: row.pending_input_id,
    filename: row.filename,
    status: row.status,
    queued: row.queued ?? false,
    attempt: row.attempt ?? 0,
    maxAttempts: row.max_attempts ?? 0,
    nextAttemptAt: dateFromApi(row.next_attempt_at),
    jobCount: row.summary?.jobs ?? 0,
    jobsDone: row.summary?.done ?? 0,
    jobsFailed: row.summary?.failed ?? 0,
    planner: row.summary?.planner ?? '',
    digest: row.plan_digest ?? '',
    documentUrl: row.plan_blob_url ?? `/api/plans/${row.id}/artifact`,
    reason: reasonFromApi(row.reason),
    buildId: row.build_id ?? null,
    createdAt: dateFromApi(row.created_at),
    updatedAt: dateFromApi(row.updated_at),
    error: row.error ?? null,
  };
}

/** What a press of a button would ask for, and the words on it. */
export interface BuildAction {
  label: string;
  mode: 'all' | 'failed';
  force: boolean;
}

const enqueue: BuildAction = { label: 'Enqueue build', mode: 'all', force: false };
const retry: BuildAction = { label: 'Retry failed jobs', mode: 'failed', force: false };
const again: BuildAction = { label: 'Build again', mode: 'all', force: true };

/** What can be asked of a plan now, the likeliest first. */
export function buildActions(plan: Plan): BuildAction[] {
  if (plan.queued) return [];
  switch (plan.status) {
    case 'ready_for_build':
    case 'cancelled':
    case 'superseded':
      return [enqueue];
    case 'failed':
      return plan.jobsFailed > 0 ? [retry, enqueue] : [enqueue];
    case 'built':
      return [again];
    case 'building':
      return [];
  }
}

export function listPlans(
  filter: Filter,
  limit: number,
  cursor?: string | null,
  signal?: AbortSignal,
): Promise<Page<Plan>> {
  return fetchPage(`/plans?${listQuery(filter, limit, cursor)}`, planFromApi, signal);
}

export async function getPlan(id: number, signal?: AbortSignal): Promise<Plan> {
  return planFromApi(await getJson<WirePlan>(`/plans/${id}`, signal));
}

export async function enqueueBuild(id: number, action: BuildAction): Promise<void> {
  const body = { mode: action.mode, ...(action.force ? { force: true } : {}) };
  await postJson(`/plans/${id}/enqueue-build`, body);
}
