import { useQuery } from '@tanstack/preact-query';
import { getMode, modeWords } from '../lib/mode';

const everyMs = 5_000; // while the database is away no event tells

/** Says on every page what the host has to do without. */
export function ModeBanner() {
  const mode = useQuery({
    queryKey: ['mode'],
    queryFn: ({ signal }) => getMode(signal),
    refetchInterval: everyMs,
  });
  const words = mode.data && modeWords[mode.data];
  if (!words) return null;
  return (
    <div class="banner">
      <p class="why" role="status">
        <strong>{words.title}</strong> {words.detail}
      </p>
    </div>
  );
}
