import { getJson } from './api';
import type { Wire } from './wire';

/** Why an item does not move or did not succeed, in the host's own words. */
export interface Reason {
  /** From a closed list, such as `manual_mode` or `job_failed`. */
  code: string;
  message: string;
  hint: string | null;
  since: Date | null;
}

export function reasonFromApi(reason: Wire<'Reason'> | null): Reason | null {
  if (!reason) return null;
  return {
    code: reason.code,
    message: reason.message,
    hint: reason.hint,
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
  const { items } = await getJson<Wire<'Blockers'>>(`${path}/explain`, signal);
  return items.flatMap((item) => reasonFromApi(item) ?? []);
}
