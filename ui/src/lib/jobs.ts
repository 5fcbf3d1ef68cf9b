import { getJson } from './api';
import { fetchPage, listQuery, type Page } from './listing';
import type { Progress } from './progress';
import { dateFromApi, reasonFromApi, type Reason } from './reason';
import type { Wire } from './wire';

export type JobStatus = Wire<'Job'>['status'];

export interface Attempt {
  number: number;
  worker: string;
  startedAt: Date | null;
  endedAt: Date | null;
  exitCode: number | null;
  failureClass: string | null;
}

/** One node of a plan's graph, with what its latest build did. Jobs of one plan differ by name. */
export interface Job {
  id: number | null;
  buildId: number | null;
  name: string;
  status: JobStatus;
  needs: string[];
  attempts: Attempt[];
  cacheNote: string | null;
  /** What its builder says while it runs. */
  progress: Progress | null;
  reason: Reason | null;
}

export function jobFromApi(row: Wire<'Job'>): Job {
  return {
    id: row.id,
    buildId: row.build_id,
    name: row.name,
    status: row.status,
    needs: row.needs,
    attempts: row.attempts.map(attemptFromApi),
    cacheNote: row.cache ? [row.cache.result, row.cache.why].filter(Boolean).join(': ') : null,
    progress: row.progress ?? null,
    reason: reasonFromApi(row.reason),
  };
}

function attemptFromApi(row: Wire<'Attempt'>): Attempt {
  return {
    number: row.n,
    worker: row.worker,
    startedAt: dateFromApi(row.started_at),
    endedAt: dateFromApi(row.ended_at),
    exitCode: row.exit_code,
    failureClass: row.class,
  };
}

const jobsPerRequest = 1000;

const notSuccessful: JobStatus[] = ['failed', 'timed_out'];

export const isRunning = (job: Job): boolean => job.status === 'running';

/** The job's own work went wrong, unlike `dep_failed`, where another's did. */
export function didFail(job: Job): boolean {
  return notSuccessful.includes(job.status);
}

export function hasLog(job: Job): boolean {
  return job.id !== null && job.attempts.length > 0;
}

/** Seconds from the last attempt's start to its end; whole ones up to `now` while it runs. */
export function secondsTaken(job: Job, now: number): number | null {
  const last = job.attempts.at(-1);
  if (!last?.startedAt) return null;
  const started = last.startedAt.getTime();
  if (last.endedAt) return Math.max(0, (last.endedAt.getTime() - started) / 1000);
  return job.status === 'running' ? Math.max(0, Math.round((now - started) / 1000)) : null;
}

export async function getJob(
  id: number,
  signal?: AbortSignal,
): Promise<{ planId: number; name: string }> {
  const { plan_id: planId, name } = await getJson<Wire<'Job'>>(`/jobs/${id}`, signal);
  return { planId, name };
}

/** Those of the plan's latest build or, before there is one, of its document. */
export const listJobs = (planId: number, signal?: AbortSignal): Promise<Job[]> =>
  allJobs(`/plans/${planId}/jobs`, signal);

export const listBuildJobs = (buildId: number, signal?: AbortSignal): Promise<Job[]> =>
  allJobs(`/builds/${buildId}/jobs`, signal);

/** Page by page: the graph is only whole with every node. */
async function allJobs(path: string, signal?: AbortSignal): Promise<Job[]> {
  const jobs: Job[] = [];
  let cursor: string | null = null;
  do {
    const query = listQuery({}, jobsPerRequest, cursor);
    const page: Page<Job> = await fetchPage(`${path}?${query}`, jobFromApi, signal);
    jobs.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor);
  return jobs;
}

/** A run of log lines; `first_line` is 1-based. */
export type LogChunk = Wire<'LogLines'>;

export interface LogAddress {
  jobId: number;
  attempt: number | null;
}

export function readLog(log: LogAddress, from: number, limit: number): Promise<LogChunk> {
  const query = new URLSearchParams({ from: String(from), limit: String(limit) });
  if (log.attempt !== null) query.set('attempt', String(log.attempt));
  return getJson<LogChunk>(`/jobs/${log.jobId}/log?${query}`);
}

/** Numbers of the lines that hold `text`. The host searches, as the page holds only a window. */
export async function searchLog(log: LogAddress, text: string): Promise<number[]> {
  const query = new URLSearchParams({ q: text, limit: '1000' });
  if (log.attempt !== null) query.set('attempt', String(log.attempt));
  const found = await getJson<Wire<'LogHits'>>(`/jobs/${log.jobId}/log/search?${query}`);
  return found.lines.map(({ line }) => line);
}

export function rawLogUrl(log: LogAddress): string {
  const attempt = log.attempt === null ? '' : `?attempt=${log.attempt}`;
  return `/api/jobs/${log.jobId}/log/raw${attempt}`;
}
