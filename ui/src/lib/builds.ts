import { getJson, postJson } from './api';
import { fetchPage, listQuery, type Filter, type Page } from './listing';
import { dateFromApi, reasonFromApi, type Reason, type WireReason } from './reason';

export type BuildStatus = 'building' | 'built' | 'failed' | 'cancelled';

export interface WireBuild {
  id: number;
  plan_id: number;
  queue: string;
  filename?: string;
  status: BuildStatus;
  summary?: { jobs?: number; done?: number; failed?: number } | null;
  reason?: WireReason | null;
  manifest_url?: string | null;
  created_at?: string | null;
  started_at?: string | null;
  finished_at?: string | null;
  updated_at?: string | null;
  error?: string | null;
}

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

export function buildFromApi(row: WireBuild): Build {
  return {
    id: row.id,
    planId: row.plan_id,
    queue: row.queue ?? '',
    filename: row.filename ?? '',
    status: row.status,
    jobCount: row.summary?.jobs ?? 0,
    jobsDone: row.summary?.done ?? 0,
    jobsFailed: row.summary?.failed ?? 0,
    reason: reasonFromApi(row.reason),
    manifestUrl: row.manifest_url ?? null,
    startedAt: dateFromApi(row.started_at ?? row.created_at),
    endedAt: dateFromApi(row.finished_at ?? (row.status === 'building' ? null : row.updated_at)),
    error: row.error ?? null,
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
  return buildFromApi(await getJson<WireBuild>(`/builds/${id}`, signal));
}

export async function cancelBuild(id: number): Promise<void> {
  await postJson(`/builds/${id}/cancel`);
}

/** A file that a build produced, kept under its digest. */
export interface Artifact {
  name: string;
  job: string;
  digest: string;
  size: number;
}

export async function listArtifacts(buildId: number, signal?: AbortSignal): Promise<Artifact[]> {
  const manifest = await getJson<{ artifacts: Artifact[] }>(`/builds/${buildId}/manifest`, signal);
  return manifest.artifacts ?? [];
}

/** Everything that a build left, as one file. */
export const archiveUrl = (buildId: number, kind: 'zip' | 'tar'): string =>
  `/api/builds/${buildId}/artifacts.${kind}`;

export function artifactUrl(artifact: Artifact): string {
  return `/api/blobs/${encodeURIComponent(artifact.digest)}`;
}
