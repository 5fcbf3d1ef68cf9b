import { getJson } from './api';
import type { WirePage } from './wire';

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
  total: number;
  totalIsLowerBound: boolean;
}

/** What a list can be narrowed by. Empty and missing mean "all". */
export interface Filter {
  queue?: string | null;
  status?: string | null;
  q?: string | null;
  reason?: string | null;
}

export function pageFromApi<W, T>(page: WirePage<W>, itemFromApi: (item: W) => T): Page<T> {
  return {
    items: page.items.map(itemFromApi),
    nextCursor: page.next_cursor,
    total: page.total,
    totalIsLowerBound: page.total_is_lower_bound ?? false,
  };
}

/** The query string of a list request, without keys that have no value. */
export function listQuery(filter: Filter, limit: number, cursor?: string | null): string {
  const query = new URLSearchParams();
  const values: Record<string, string | null | undefined> = { ...filter };
  for (const [key, value] of Object.entries(values)) if (value) query.set(key, value);
  query.set('limit', String(limit));
  if (cursor) query.set('cursor', cursor);
  return query.toString();
}

export async function fetchPage<W, T>(
  path: string,
  itemFromApi: (item: W) => T,
  signal?: AbortSignal,
): Promise<Page<T>> {
  return pageFromApi(await getJson<WirePage<W>>(path, signal), itemFromApi);
}
