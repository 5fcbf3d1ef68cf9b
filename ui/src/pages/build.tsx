import { useQuery } from '@tanstack/preact-query';
import { cancelBuild, getBuild } from '../lib/builds';
import { listBuildJobs, isRunning } from '../lib/jobs';
import { progressMs } from '../lib/progress';
import { ActionButton } from '../ui/action_button';
import { Ago, Loading, PageFailure } from '../ui/basics';
import { Fact, Facts } from '../ui/facts';
import { Status } from '../ui/status';
import { Artifacts } from './artifacts';
import { Took } from './builds';
import { JobsView } from './jobs_view';
import { Reasons } from './reasons';

/** One execution of a plan, also one that was followed by others: its jobs and logs are kept. */
export function BuildPage({ id }: { id: number }) {
  const answer = useQuery({
    queryKey: ['build', id],
    queryFn: ({ signal }) => getBuild(id, signal),
  });
  const jobs = useQuery({
    queryKey: ['build', id, 'jobs'],
    queryFn: ({ signal }) => listBuildJobs(id, signal),
    refetchInterval: ({ state }) => (state.data?.some(isRunning) ? progressMs : false),
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
      <Reasons
        path={`/builds/${build.id}`}
        reason={build.reason}
        failed={build.status === 'failed'}
      />
      <Facts>
        <Fact name="Plan">
          <a href={`/plans/${build.planId}`}>{build.planId}</a>
        </Fact>
        <Fact name="Started">
          <Ago at={build.startedAt} />
        </Fact>
        <Fact name="Took">
          <span class="num">
            <Took build={build} />
          </span>
        </Fact>
        {build.manifestUrl && (
          <Fact name="Manifest">
            <a href={build.manifestUrl} target="_blank" rel="noopener">
              JSON
            </a>
          </Fact>
        )}
      </Facts>
      <JobsView jobs={jobs.data ?? []} />
      {build.manifestUrl && <Artifacts buildId={id} />}
    </>
  );
}
