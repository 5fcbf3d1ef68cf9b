import { useEffect } from 'preact/hooks';
import { useQuery } from '@tanstack/preact-query';
import { getJob } from '../lib/jobs';
import { navigate } from '../lib/router';
import { Loading, PageFailure } from '../ui/basics';

/** A job is shown within its plan; this address exists because people are given job ids. */
export function JobPage({ id }: { id: number }) {
  const job = useQuery({
    queryKey: ['job', id],
    queryFn: ({ signal }) => getJob(id, signal),
  });
  useEffect(() => {
    if (!job.data) return;
    const { planId, name } = job.data;
    const to = `/plans/${planId}?job=${encodeURIComponent(name)}${location.hash}`;
    navigate(to, { replace: true });
  }, [job.data]);
  if (job.error)
    return <PageFailure title={`Job ${id}`} error={job.error} onRetry={() => void job.refetch()} />;
  return <Loading />;
}
