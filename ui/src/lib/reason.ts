import { getJson } from './api';

/** Why an item does not move or did not succeed, in the host's own words. */
export interface Reason {
  /** From a closed list, such as `manual_mode` or `job_failed`. */
  code: string;
  message: string;
  hint: string | null;
  since: Date | null;
}

export interface WireReason {
  code: string;
  message: string;
  hint?: string | null;
  since?: string | null;
}

export function reasonFromApi(reason: WireReason | null | undefined): Reason | null {
  if (!reason) return null;
  return {
    code: reason.code,
    message: reason.message,
    hint: reason.hint ?? null,
    since: dateFromApi(reason.since),
  };
}

/** A time of the API, or null for one that is missing or no time at all. */
export function dateFromApi(time: string | null | undefined): Date | null {
  if (!time) return null;
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** Everything that holds an item back, in the order in which it would be noticed. */
export async function explain(path: string, signal?: AbortSignal): Promise<Reason[]> {
  const { items } = await getJson<{ items: WireReason[] }>(`${path}/explain`, signal);
  return items.flatMap((item) => reasonFromApi(item) ?? []);
}
