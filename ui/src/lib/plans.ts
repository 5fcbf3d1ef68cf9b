import { getJson, postJson } from './api';
import { fetchPage, listQuery, type Filter, type Page } from './listing';
import { dateFromApi, reasonFromApi, type Reason } from './reason';
import type { Wire } from './wire';
import { shown } from './shown';

export type PlanStatus = Wire<'Plan'>['status'];

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
  /** The first plan with the same jobs, and the words for it. */
  unchanged: { sincePlan: number; message: string } | null;
  /** Address of the plan document. */
  documentUrl: string;
  reason: Reason | null;
  /** The latest build, if there was one. */
  buildId: number | null;
  /** The package index of the wheels that it left, if it left any. */
  indexUrl: string | null;
  createdAt: Date | null;
  updatedAt: Date | null;
  error: string | null;
}

export const planStatuses: PlanStatus[] = ['ready_for_build', 'building', 'built', 'failed'];

export function planFromApi(row: Wire<'Plan'>): Plan {
  return {
    id: row.id,
    queue: row.queue,
    inputId: row.pending_input_id,
    filename: shown(row.filename),
    status: row.status,
    queued: row.queued,
    attempt: row.attempt,
    maxAttempts: row.max_attempts,
    nextAttemptAt: dateFromApi(row.next_attempt_at),
    jobCount: row.summary.jobs,
    jobsDone: row.summary.done,
    jobsFailed: row.summary.failed,
    planner: row.summary.planner,
    digest: row.plan_digest,
    unchanged: row.unchanged && {
      sincePlan: row.unchanged.since_plan,
      message: row.unchanged.message,
    },
    documentUrl: row.plan_blob_url,
    reason: reasonFromApi(row.reason),
    buildId: row.build_id,
    indexUrl: row.index_url,
    createdAt: dateFromApi(row.created_at),
    updatedAt: dateFromApi(row.updated_at),
    error: row.error,
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
  return planFromApi(await getJson<Wire<'Plan'>>(`/plans/${id}`, signal));
}

export async function enqueueBuild(id: number, action: BuildAction): Promise<void> {
  const body = { mode: action.mode, ...(action.force ? { force: true } : {}) };
  await postJson(`/plans/${id}/enqueue-build`, body);
}
