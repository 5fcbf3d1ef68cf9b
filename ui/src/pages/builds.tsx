import { useQuery } from '@tanstack/preact-query';
import { buildStatuses, cancelBuild, getBuild, listBuilds, type Build } from '../lib/builds';
import { duration } from '../lib/format';
import { ActionButton } from '../ui/action_button';
import { Ago, Empty, Loading, PageFailure, useNow, Why } from '../ui/basics';
import { Fact, Facts } from '../ui/facts';
import { JobProgress } from '../ui/job_progress';
import { Status } from '../ui/status';
import type { Column } from '../ui/table';
import { Artifacts } from './artifacts';
import { List } from './list';

function Took({ build }: { build: Build }) {
  const now = useNow(1000);
  if (!build.startedAt) return <>–</>;
  const end = build.endedAt?.getTime() ?? Math.max(now, build.startedAt.getTime());
  return <>{duration(Math.round((end - build.startedAt.getTime()) / 1000))}</>;
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

export function BuildPage({ id }: { id: number }) {
  const answer = useQuery({
    queryKey: ['build', id],
    queryFn: ({ signal }) => getBuild(id, signal),
  });
  const build = answer.data;
  if (answer.error && !build) {
    return (
      <PageFailure
        title={`Build ${id}`}
        error={answer.error}
        onRetry={() => void answer.refetch()}
      />
    );
  }
  if (!build) return <Loading rows={6} />;
  const cancel = async (): Promise<string> => {
    await cancelBuild(id);
    return `Build ${id} is being cancelled.`;
  };
  return (
    <>
      <div class="head">
        <div>
          <p class="crumb">
            <a href="/builds">Builds</a> / {id}
          </p>
          <h1>{build.filename || `Build ${id}`}</h1>
        </div>
        <span class="grow" />
        <Status status={build.status} />
        {build.status === 'building' && (
          <ActionButton kind="danger" about={`${id}`} onAct={cancel}>
            Cancel build
          </ActionButton>
        )}
      </div>
      <Why reason={build.reason} failed={build.status === 'failed'} />
      <Facts>
        <Fact name="Plan">
          <a href={`/plans/${build.planId}`}>{build.planId} with its jobs and logs</a>
        </Fact>
        <Fact name="Started">
          <Ago at={build.startedAt} />
        </Fact>
        <Fact name="Took">
          <span class="num">
            <Took build={build} />
          </span>
        </Fact>
        <Fact name="Manifest">
          <a href={`/api/builds/${id}/manifest`} target="_blank" rel="noopener">
            JSON
          </a>
        </Fact>
      </Facts>
      {build.status !== 'building' && <Artifacts buildId={id} />}
    </>
  );
}
