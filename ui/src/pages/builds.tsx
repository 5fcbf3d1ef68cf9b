import { buildStatuses, listBuilds, type Build } from '../lib/builds';
import { duration } from '../lib/format';
import { Ago, Empty, useNow } from '../ui/basics';
import { JobProgress } from '../ui/job_progress';
import { Status } from '../ui/status';
import type { Column } from '../ui/table';
import { List } from './list';

/** Ticks while the build runs. */
export function Took({ build }: { build: Build }) {
  const now = useNow(1000);
  if (!build.startedAt) return <>–</>;
  const started = build.startedAt.getTime();
  if (build.endedAt) return <>{duration((build.endedAt.getTime() - started) / 1000)}</>;
  return <>{duration(Math.max(0, Math.round((now - started) / 1000)))}</>;
}

const columns: Column<Build>[] = [
  {
    name: 'Build',
    className: 'num id',
    cell: (build) => <a href={`/builds/${build.id}`}>{build.id}</a>,
  },
  {
    name: 'Plan',
    className: 'name',
    cell: (build) => (
      <a href={`/plans/${build.planId}`}>
        {build.planId}
        {build.filename && <b> {build.filename}</b>}
      </a>
    ),
  },
  { name: 'Status', cell: (build) => <Status status={build.status} /> },
  { name: 'Jobs', cell: (build) => <JobProgress of={build} /> },
  { name: 'Took', className: 'num', cell: (build) => <Took build={build} /> },
  {
    name: 'Why',
    className: 'why-cell',
    cell: (build) => build.reason?.message ?? build.error,
  },
  { name: 'Started', className: 'when', cell: (build) => <Ago at={build.startedAt} /> },
];

export function BuildsPage({ queue }: { queue: string | null }) {
  return (
    <>
      <div class="head">
        <h1>Builds</h1>
      </div>
      <List
        kind="builds"
        statuses={buildStatuses}
        queue={queue}
        columns={columns}
        load={listBuilds}
        hrefOf={(build) => `/builds/${build.id}`}
        empty={
          <Empty title="No builds yet">
            <p>
              A build starts when a plan is taken from the build queue. See the{' '}
              <a href="/plans?status=ready_for_build">plans that are ready</a>.
            </p>
          </Empty>
        }
      />
    </>
  );
}
