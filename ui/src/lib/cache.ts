import { type Query, QueryClient } from '@tanstack/preact-query';
import { ApiError } from './api';

/** Trying again helps against a lost connection or a busy host, not against a refusal. */
function worthRetrying(failures: number, error: unknown): boolean {
  const status = error instanceof ApiError ? error.status : 0;
  return failures < 2 && (status === 0 || status >= 500);
}

export const cache = new QueryClient({
  defaultOptions: { queries: { staleTime: 2_000, retry: worthRetrying } },
});

/** First part of the keys of answers that no event changes. */
export const fixed = 'fixed';

/** What is not there or not allowed: asked again, its page would blink at every event. */
const isRefused = ({ state }: Query): boolean =>
  state.data === undefined && state.error instanceof ApiError && state.error.status < 500;

/** Asks again for whatever is on the page. */
export function refresh(): void {
  void cache.invalidateQueries({
    predicate: (query) => query.queryKey[0] !== fixed && !isRefused(query),
  });
}

/** A `refresh` that happens at most once per `pauseMs`, and always after the last call. */
export function calmRefresh(pauseMs = 1000): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = -Infinity;
  return () => {
    if (timer !== undefined) return;
    const wait = Math.max(50, last + pauseMs - Date.now());
    timer = setTimeout(() => {
      timer = undefined;
      last = Date.now();
      refresh();
    }, wait);
  };
}
