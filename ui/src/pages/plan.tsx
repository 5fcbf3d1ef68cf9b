import { useQuery } from '@tanstack/preact-query';
import { cancelBuild } from '../lib/builds';
import { shortDigest } from '../lib/format';
import { didFail, listJobs, isRunning, type Job, type JobStatus } from '../lib/jobs';
import { getPlan, type Plan } from '../lib/plans';
import { progressMs } from '../lib/progress';
import type { Reason } from '../lib/reason';
import { ActionButton } from '../ui/action_button';
import { Ago, Empty, Failure, Loading, PageFailure, Why } from '../ui/basics';
import { Fact, Facts } from '../ui/facts';
import { shownStatus, Status } from '../ui/status';
import { Artifacts } from './artifacts';
import { JobsView } from './jobs_view';
import { BuildButtons } from './plans';
import { Reasons } from './reasons';

export function PlanPage({ id }: { id: number }) {
  const plan = useQuery({
    queryKey: ['plan', id],
    queryFn: ({ signal }) => getPlan(id, signal),
  });
  const jobs = useQuery({
    queryKey: ['plan', id, 'jobs'],
    queryFn: ({ signal }) => listJobs(id, signal),
    refetchInterval: ({ state }) => (state.data?.some(isRunning) ? progressMs : false),
  });
  if (plan.error && !plan.data) {
    return (
      <PageFailure title={`Plan ${id}`} error={plan.error} onRetry={() => void plan.refetch()} />
    );
  }
  if (!plan.data) return <Loading rows={8} />;

  const list = jobs.data ?? [];
  return (
    <>
      <Head plan={plan.data} />
      <PlanWhy plan={plan.data} jobs={list} />
      <PlanFacts plan={plan.data} jobs={list} />
      {jobs.error && !jobs.data && (
        <Failure error={jobs.error} onRetry={() => void jobs.refetch()} />
      )}
      {jobs.data && list.length === 0 && <Empty title="This plan has no jobs" />}
      <JobsView jobs={list} />
      {plan.data.status === 'built' && plan.data.buildId !== null && (
        <Artifacts buildId={plan.data.buildId} indexUrl={plan.data.indexUrl} />
      )}
    </>
  );
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
      {plan.unchanged && (
        <Fact name="Jobs">
          <a href={`/plans/${plan.unchanged.sincePlan}`}>{plan.unchanged.message}</a>
        </Fact>
      )}
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
