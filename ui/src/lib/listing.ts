import { getJson } from './api';

/** One page of a list as the host sends it. `total` is a lower bound when the flag is set. */
export interface WirePage<W> {
  items: W[];
  next_cursor?: string | null;
  total?: number;
  total_is_lower_bound?: boolean;
}

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
    nextCursor: page.next_cursor ?? null,
    total: page.total ?? page.items.length,
    totalIsLowerBound: page.total_is_lower_bound ?? false,
  };
}

/** The query string of a list request, without keys that have no value. */
export function listQuery(filter: Filter, limit: number, cursor?: string | null): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(filter)) if (value) query.set(key, value);
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
