import { useQuery } from '@tanstack/preact-query';
import { cancelBuild } from '../lib/builds';
import { shortDigest } from '../lib/format';
import { didFail, listJobs, type Job, type JobStatus } from '../lib/jobs';
import { getPlan, type Plan } from '../lib/plans';
import type { Reason } from '../lib/reason';
import { setQuery, useAddress } from '../lib/router';
import { ActionButton } from '../ui/action_button';
import { Ago, Empty, Failure, Loading, PageFailure, Why } from '../ui/basics';
import { Fact, Facts } from '../ui/facts';
import { Graph } from '../ui/graph';
import { shownStatus, Status } from '../ui/status';
import { Artifacts } from './artifacts';
import { JobPane, JobTable } from './job_pane';
import { BuildButtons } from './plans';
import { Reasons } from './reasons';

export function PlanPage({ id }: { id: number }) {
  const { query } = useAddress();
  const plan = useQuery({
    queryKey: ['plan', id],
    queryFn: ({ signal }) => getPlan(id, signal),
  });
  const jobs = useQuery({
    queryKey: ['plan', id, 'jobs'],
    queryFn: ({ signal }) => listJobs(id, signal),
  });
  if (plan.error && !plan.data) {
    return (
      <PageFailure title={`Plan ${id}`} error={plan.error} onRetry={() => void plan.refetch()} />
    );
  }
  if (!plan.data) return <Loading rows={8} />;

  const list = jobs.data ?? [];
  const chosen = query.get('job') ?? firstToLookAt(list);
  const job = list.find((one) => one.name === chosen);
  const choose = (name: string): void => setQuery({ job: name }, '');
  return (
    <>
      <Head plan={plan.data} />
      <PlanWhy plan={plan.data} jobs={list} />
      <PlanFacts plan={plan.data} jobs={list} />
      {jobs.error && !jobs.data && (
        <Failure error={jobs.error} onRetry={() => void jobs.refetch()} />
      )}
      {jobs.data && list.length === 0 && <Empty title="This plan has no jobs" />}
      {list.length > 0 && (
        <>
          <Graph jobs={list} selected={job?.name ?? null} onSelect={choose} />
          <div class="split">
            <JobTable jobs={list} selected={job?.name ?? null} onSelect={choose} />
            <JobPane key={job ? `${job.name}/${job.id}` : ''} job={job} />
          </div>
        </>
      )}
      {plan.data.status === 'built' && plan.data.buildId !== null && (
        <Artifacts buildId={plan.data.buildId} />
      )}
    </>
  );
}

/** The job that a person most likely came for. */
function firstToLookAt(jobs: Job[]): string | null {
  const found = jobs.find(didFail) ?? jobs.find((job) => job.status === 'running') ?? jobs[0];
  return found?.name ?? null;
}

function Head({ plan }: { plan: Plan }) {
  const { buildId } = plan;
  return (
    <div class="head">
      <div>
        <p class="crumb">
          <a href="/plans">Plans</a> / {plan.id}
        </p>
        <h1>{plan.filename}</h1>
      </div>
      <span class="grow" />
      <Status status={shownStatus(plan)} />
      <BuildButtons plan={plan} />
      {plan.status === 'building' && buildId !== null && (
        <ActionButton
          kind="danger"
          about={`of build ${buildId}`}
          onAct={async () => {
            await cancelBuild(buildId);
            return `Build ${buildId} is being cancelled.`;
          }}
        >
          Cancel build
        </ActionButton>
      )}
    </div>
  );
}

function PlanWhy({ plan, jobs }: { plan: Plan; jobs: Job[] }) {
  const isFailed = plan.status === 'failed';
  if (plan.reason) {
    return <Reasons path={`/plans/${plan.id}`} reason={plan.reason} failed={isFailed} />;
  }
  const broken = jobs.find(didFail);
  if (!broken || plan.status === 'built') return null;
  const skipped = jobs.filter((job) => job.status === 'dep_failed').length;
  const reason: Reason = {
    code: 'job_failed',
    message: `${broken.name} failed${broken.reason ? `: ${broken.reason.message}` : '.'}`,
    hint: skipped ? `Jobs that need it are skipped (${skipped}); the others go on.` : null,
    since: null,
  };
  return <Why reason={reason} failed />;
}

const counted: JobStatus[] = [
  'succeeded',
  'cached',
  'running',
  'ready',
  'blocked',
  'failed',
  'timed_out',
  'dep_failed',
  'cancelled',
];

function PlanFacts({ plan, jobs }: { plan: Plan; jobs: Job[] }) {
  const count = (status: JobStatus): number => jobs.filter((job) => job.status === status).length;
  return (
    <Facts>
      <Fact name="Planner">{plan.planner || '–'}</Fact>
      <Fact name="Made">
        <Ago at={plan.createdAt} />
      </Fact>
      <Fact name="Input">
        <a href={`/inputs/${plan.inputId}`}>{plan.inputId}</a>
      </Fact>
      {plan.buildId !== null && (
        <Fact name="Build">
          <a href={`/builds/${plan.buildId}`}>{plan.buildId}</a>
        </Fact>
      )}
      <Fact name="Plan document">
        <a href={plan.documentUrl} target="_blank" rel="noopener" title={plan.digest}>
          <code>{shortDigest(plan.digest) || 'open'}</code>
        </a>
      </Fact>
      {counted
        .filter((status) => count(status) > 0)
        .map((status) => (
          <Fact key={status} name={<Status status={status} />}>
            <span class="num">{count(status)}</span>
          </Fact>
        ))}
    </Facts>
  );
}
