import { didFail, type Job } from '../lib/jobs';
import { setQuery, useAddress } from '../lib/router';
import { Graph } from '../ui/graph';
import { JobPane, JobTable } from './job_pane';

/** The jobs of a plan or of one build: graph, table and log, with one choice that is in the address. */
export function JobsView({ jobs }: { jobs: Job[] }) {
  const { query } = useAddress();
  if (jobs.length === 0) return null;
  const chosen = query.get('job') ?? firstToLookAt(jobs);
  const job = jobs.find((one) => one.name === chosen);
  const selected = job?.name ?? null;
  const choose = (name: string): void => setQuery({ job: name }, '');
  return (
    <>
      <Graph jobs={jobs} selected={selected} onSelect={choose} />
      <div class="split">
        <JobTable jobs={jobs} selected={selected} onSelect={choose} />
        <JobPane key={job ? `${job.name}/${job.id}` : ''} job={job} />
      </div>
    </>
  );
}

/** The job that a person most likely came for. */
function firstToLookAt(jobs: Job[]): string | null {
  const found = jobs.find(didFail) ?? jobs.find((job) => job.status === 'running') ?? jobs[0];
  return found?.name ?? null;
}
