import { useQuery } from '@tanstack/preact-query';
import { getMaintenance } from '../lib/maintenance';
import { getMode, modeWords } from '../lib/mode';

const everyMs = 5_000; // while the database is away no event tells

/** Says on every page what the host has to do without. */
export function ModeBanner() {
  const mode = useQuery({
    queryKey: ['mode'],
    queryFn: ({ signal }) => getMode(signal),
    refetchInterval: everyMs,
  });
  const maintenance = useQuery({
    queryKey: ['maintenance'],
    queryFn: ({ signal }) => getMaintenance(signal),
    refetchInterval: everyMs,
  });
  const sentence = maintenance.data?.sentence;
  return (
    <>
      <Banner {...(mode.data && modeWords[mode.data])} />
      {sentence && <Banner title="Maintenance: nothing can be changed." detail={sentence} />}
    </>
  );
}

function Banner({ title, detail }: { title?: string; detail?: string }) {
  if (!title) return null;
  return (
    <div class="banner">
      <p class="why" role="status">
        <strong>{title}</strong> {detail}
      </p>
    </div>
  );
}
