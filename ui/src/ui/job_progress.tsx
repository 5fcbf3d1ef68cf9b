interface Counts {
  jobCount: number;
  jobsDone: number;
  jobsFailed: number;
}

/** How far a plan or a build has come. */
export function JobProgress({ of }: { of: Counts }) {
  const { jobsDone, jobCount, jobsFailed } = of;
  return (
    <span class="prog">
      <progress
        max={Math.max(1, jobCount)}
        value={jobCount ? jobsDone : 0}
        aria-label={`${jobsDone} of ${jobCount} jobs done`}
      />
      <span class="num">
        {jobsDone}/{jobCount}
      </span>
      {jobsFailed > 0 && <span class="bad num">{jobsFailed} failed</span>}
    </span>
  );
}
