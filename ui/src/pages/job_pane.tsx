import { useState } from 'preact/hooks';
import { duration } from '../lib/format';
import { didFail, hasLog, secondsTaken, type Attempt, type Job, type JobStatus } from '../lib/jobs';
import { Empty, useNow } from '../ui/basics';
import { ProgressNote } from '../ui/progress_note';
import { Status } from '../ui/status';
import { Table, type Column } from '../ui/table';
import { LogView } from './log_view';
import { Reasons } from './reasons';

/** What needs a look comes first. */
const rank: Record<JobStatus, number> = {
  failed: 0,
  timed_out: 0,
  running: 1,
  ready: 2,
  blocked: 3,
  dep_failed: 4,
  cancelled: 5,
  succeeded: 6,
  cached: 6,
};

interface TableProps {
  jobs: Job[];
  selected: string | null;
  onSelect: (name: string) => void;
}

/** Ticks alone, so that a plan of thousands of jobs is not drawn anew each second. */
function Took({ job }: { job: Job }) {
  return job.status === 'running' ? (
    <TakesSoFar job={job} />
  ) : (
    <>{duration(secondsTaken(job, 0))}</>
  );
}

function TakesSoFar({ job }: { job: Job }) {
  const now = useNow(1000);
  return <>{duration(secondsTaken(job, now))}</>;
}

export function JobTable({ jobs, selected, onSelect }: TableProps) {
  const columns: Column<Job>[] = [
    {
      name: 'Job',
      cell: (job) => (
        <button
          type="button"
          class="link"
          aria-pressed={job.name === selected}
          onClick={() => onSelect(job.name)}
        >
          {job.name}
        </button>
      ),
    },
    {
      name: 'Status',
      cell: (job) => (
        <>
          <Status status={job.status} /> {job.progress && <ProgressNote of={job.progress} />}
        </>
      ),
    },
    { name: 'Took', className: 'num', cell: (job) => <Took job={job} /> },
  ];
  const sorted = [...jobs].sort((a, b) => (rank[a.status] ?? 9) - (rank[b.status] ?? 9));
  return (
    <div class="jobs">
      <Table
        label="Jobs"
        columns={columns}
        rows={sorted}
        keyOf={(job) => job.name}
        current={selected}
      />
    </div>
  );
}

/** The chosen job: why it is as it is, and the log of one of its attempts. */
export function JobPane({ job }: { job: Job | undefined }) {
  const [picked, setPicked] = useState<number | null>(null);
  if (!job) {
    return (
      <div class="jobpane">
        <Empty title="Choose a job to see its log" />
      </div>
    );
  }
  const latest = job.attempts.at(-1);
  const attempt = job.attempts.find(({ number }) => number === picked) ?? latest;
  return (
    <div class="jobpane">
      <div class="row">
        <h2>{job.name}</h2>
        <Status status={job.status} />
        {attempt && <AttemptFacts attempt={attempt} />}
        {job.cacheNote && <span class="muted">cache {job.cacheNote}</span>}
        {job.attempts.length > 1 && (
          <label>
            Try{' '}
            <select
              value={attempt?.number}
              onChange={({ currentTarget }) => setPicked(Number(currentTarget.value))}
            >
              {job.attempts.map(({ number }) => (
                <option key={number}>{number}</option>
              ))}
            </select>
          </label>
        )}
      </div>
      <Reasons
        path={`/jobs/${job.id}`}
        reason={job.reason}
        failed={didFail(job) || job.status === 'dep_failed'}
      />
      {hasLog(job) && attempt ? (
        <LogView
          key={`${job.id}/${attempt.number}`}
          log={{ jobId: job.id!, attempt: attempt === latest ? null : attempt.number }}
          name={job.name}
          failed={didFail(job)}
        />
      ) : (
        <Empty title="This job has no log yet">
          {job.status === 'cached' && <p>Its result was taken from the cache.</p>}
          {job.status === 'dep_failed' && <p>It was skipped because a job it needs failed.</p>}
        </Empty>
      )}
    </div>
  );
}

function AttemptFacts({ attempt }: { attempt: Attempt }) {
  const { startedAt, endedAt, exitCode, worker, failureClass } = attempt;
  const seconds = startedAt && endedAt ? (endedAt.getTime() - startedAt.getTime()) / 1000 : null;
  const facts = [
    worker,
    seconds === null ? '' : duration(seconds),
    exitCode ? `exit code ${exitCode}` : '',
    failureClass && failureClass !== 'failed' ? failureClass : '',
  ];
  return <span class="muted">{facts.filter(Boolean).join(' · ')}</span>;
}
