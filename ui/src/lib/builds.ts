import { getJson, postJson } from './api';
import { fetchPage, listQuery, type Filter, type Page } from './listing';
import { dateFromApi, reasonFromApi, type Reason } from './reason';
import type { Wire } from './wire';
import { shown } from './shown';

export type BuildStatus = Wire<'Build'>['status'];

/** One execution of a plan; a rebuild is another one. */
export interface Build {
  id: number;
  planId: number;
  queue: string;
  filename: string;
  status: BuildStatus;
  jobCount: number;
  jobsDone: number;
  jobsFailed: number;
  reason: Reason | null;
  /** Null until the build has ended. */
  manifestUrl: string | null;
  startedAt: Date | null;
  endedAt: Date | null;
  error: string | null;
}

export const buildStatuses: BuildStatus[] = ['building', 'built', 'failed', 'cancelled'];

export function buildFromApi(row: Wire<'Build'>): Build {
  return {
    id: row.id,
    planId: row.plan_id,
    queue: row.queue,
    filename: shown(row.filename),
    status: row.status,
    jobCount: row.summary.jobs,
    jobsDone: row.summary.done,
    jobsFailed: row.summary.failed,
    reason: reasonFromApi(row.reason),
    manifestUrl: row.manifest_url,
    startedAt: dateFromApi(row.started_at),
    endedAt: dateFromApi(row.finished_at),
    error: row.error,
  };
}

export function listBuilds(
  filter: Filter,
  limit: number,
  cursor?: string | null,
  signal?: AbortSignal,
): Promise<Page<Build>> {
  return fetchPage(`/builds?${listQuery(filter, limit, cursor)}`, buildFromApi, signal);
}

export async function getBuild(id: number, signal?: AbortSignal): Promise<Build> {
  return buildFromApi(await getJson<Wire<'Build'>>(`/builds/${id}`, signal));
}

export async function cancelBuild(id: number): Promise<void> {
  await postJson(`/builds/${id}/cancel`);
}

/** A file that a build produced, kept under its digest. */
export type Artifact = Wire<'Manifest'>['artifacts'][number];

export async function listArtifacts(buildId: number, signal?: AbortSignal): Promise<Artifact[]> {
  return (await getJson<Wire<'Manifest'>>(`/builds/${buildId}/manifest`, signal)).artifacts;
}

/** Everything that a build left, as one file. */
export const archiveUrl = (buildId: number, kind: 'zip' | 'tar'): string =>
  `/api/builds/${buildId}/artifacts.${kind}`;

export function artifactUrl(artifact: Artifact): string {
  return `/api/blobs/${encodeURIComponent(artifact.digest)}`;
}
