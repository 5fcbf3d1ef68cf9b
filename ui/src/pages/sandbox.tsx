import { useQuery } from '@tanstack/preact-query';
import { fixed } from '../lib/cache';
import { facilityName, getSandbox, levelMeaning } from '../lib/sandbox';
import { Fact, Facts } from '../ui/facts';

/** How well the host that answers can keep jobs in their place, and what would make it better. */
export function SandboxFacts() {
  const sandbox = useQuery({
    queryKey: [fixed, 'sandbox'],
    queryFn: ({ signal }) => getSandbox(signal),
    staleTime: Infinity,
    retry: false,
  });
  if (!sandbox.data) return null;
  const { level, facilities, remedy } = sandbox.data;
  return (
    <section class="queue" aria-label="Sandbox">
      <h2>Sandbox of this host</h2>
      <p>
        <b>{level}</b>: {levelMeaning(level)}.
      </p>
      {remedy && <p class="why">{remedy}</p>}
      <Facts>
        {facilities.map((facility) => (
          <Fact key={facility.name} name={facilityName(facility)}>
            {facility.works ? 'works' : 'does not work'}: {facility.detail}
          </Fact>
        ))}
      </Facts>
    </section>
  );
}
