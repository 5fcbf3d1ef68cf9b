// What the stand-in host holds at the start: something of every kind.
import { wheelJobs } from './work.mjs';

const minutesAgo = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();

function record(world, name, minutes) {
  const { input } = world.record(name, Buffer.from(`# ${name}\nflask\nrequests\n`));
  Object.assign(input, {
    queued: false,
    created_at: minutesAgo(minutes),
    updated_at: minutesAgo(minutes),
  });
  return input;
}

function planned(world, name, minutes, count) {
  const plan = world.addPlan(
    record(world, name, minutes),
    wheelJobs(count),
    'planwright.wheels 0.1.0',
  );
  Object.assign(plan, {
    queued: false,
    created_at: minutesAgo(minutes),
    updated_at: minutesAgo(minutes),
  });
  return plan;
}

function finishAll(world, plan, minutes, failing) {
  const build = world.startBuild(plan);
  for (const job of world.jobsOf(build))
    if (job.name === failing) Object.assign(job, { exitCode: 1 });
  while (build.status === 'building') {
    world.advance(build);
    for (const job of world.jobsOf(build)) if (job.status === 'running') job.left = 0;
  }
  build.started_at = minutesAgo(minutes);
  world.jobsOf(build).forEach((job, k) =>
    job.attempts.forEach((attempt) => {
      attempt.started_at = minutesAgo(minutes);
      attempt.ended_at = minutesAgo(minutes - 0.1 * (1 + (k % 9)));
    }),
  );
}

/** `manyJobs` adds a plan of that size. */
export function fill(world, { manyJobs = 0 } = {}) {
  finishAll(world, planned(world, 'reports/requirements.txt', 55), 50);
  finishAll(world, planned(world, 'fraud-model/requirements.txt', 34), 30, 'scipy');
  planned(world, 'edge-proxy/requirements.txt', 12);
  planned(world, 'notebooks/requirements-2.txt', 9, 12);
  const bad = record(world, 'ml-train/requirements.txt', 6);
  bad.status = 'failed';
  bad.error = 'No version of "torhc" was found (did you mean "torch"?).';
  record(world, 'billing/requirements.txt', 2);
  record(world, 'search/requirements.txt', 1);
  if (manyJobs) finishAll(world, planned(world, 'monorepo/requirements.txt', 90, manyJobs), 80);
  const slow = planned(world, 'gateway/requirements.txt', 3);
  slow.document.forEach((job) => (job.ticks = 400));
  world.startBuild(slow);
  world.explain();
}
