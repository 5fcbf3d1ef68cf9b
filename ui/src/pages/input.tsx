import { useQuery } from '@tanstack/preact-query';
import { bytes, shortDigest } from '../lib/format';
import { getInput } from '../lib/inputs';
import { progressMs } from '../lib/progress';
import { Ago, Loading, PageFailure } from '../ui/basics';
import { Fact, Facts } from '../ui/facts';
import { ProgressNote } from '../ui/progress_note';
import { shownStatus, Status } from '../ui/status';
import { PlanButton } from './inputs';
import { Reasons } from './reasons';

/** One recorded version of a file, and what became of it. */
export function InputPage({ id }: { id: number }) {
  const answer = useQuery({
    queryKey: ['input', id],
    queryFn: ({ signal }) => getInput(id, signal),
    refetchInterval: ({ state }) => (state.data?.status === 'planning' ? progressMs : false),
  });
  const input = answer.data;
  if (answer.error && !input) {
    return (
      <PageFailure
        title={`Input ${id}`}
        error={answer.error}
        onRetry={() => void answer.refetch()}
      />
    );
  }
  if (!input) return <Loading rows={6} />;
  return (
    <>
      <div class="head">
        <div>
          <p class="crumb">
            <a href="/inputs">Inputs</a> / {id}
          </p>
          <h1>{input.filename}</h1>
        </div>
        <span class="grow" />
        <Status status={shownStatus(input)} />
        <PlanButton input={input} isMain />
      </div>
      <Reasons
        path={`/pending-inputs/${id}`}
        reason={input.reason}
        failed={input.status === 'failed'}
      />
      {input.progress && <ProgressNote of={input.progress} />}
      <Facts>
        <Fact name="Version">
          <span class="num">{input.generation}</span>
        </Fact>
        <Fact name="Seen">
          <Ago at={input.createdAt} />
        </Fact>
        <Fact name="Size">{bytes(input.sizeBytes)}</Fact>
        <Fact name="Content">
          <a
            href={`/api/pending-inputs/${id}/content`}
            target="_blank"
            rel="noopener"
            title={input.digest}
          >
            <code>{shortDigest(input.digest)}</code>
          </a>
        </Fact>
        <Fact name="Queue">{input.queue}</Fact>
        {input.planIds.map((planId) => (
          <Fact key={planId} name="Plan">
            <a href={`/plans/${planId}`}>{planId}</a>
          </Fact>
        ))}
        {input.supersededBy !== null && (
          <Fact name="Superseded by">
            <a href={`/inputs/${input.supersededBy}`}>{input.supersededBy}</a>
          </Fact>
        )}
      </Facts>
    </>
  );
}
