// How work moves by itself in the stand-in host: claims, jobs, results.
import { createHash } from 'node:crypto';
import { recipeJobs, wheelJobs } from './work.mjs';

export const finished = ['succeeded', 'cached', 'failed', 'timed_out', 'dep_failed', 'cancelled'];
const good = ['succeeded', 'cached'];

/** Half of `World`, which holds the state that this moves. */
export class Simulation {
  planSome() {
    for (const input of this.inputs.filter(({ status }) => status === 'planning')) {
      if (--input.left <= 0) this.plan(input);
    }
    let free = this.stages.plan.workers - this.running('plan');
    for (const input of this.inputs) {
      if (free <= 0 || this.stages.plan.paused) break;
      if (input.status !== 'pending' || !input.queued) continue;
      Object.assign(input, { status: 'planning', queued: false, left: 2 });
      input.attempt++;
      input.updated_at = this.now();
      this.emit('input.planning', `input/${input.id}`, 'Planning has started');
      free--;
    }
  }

  plan(input) {
    const text = this.contents.get(input.id)?.toString() ?? '';
    const isRecipe = input.filename.endsWith('.plan.yaml');
    try {
      const jobs = isRecipe ? recipeJobs(text) : wheelJobs();
      this.addPlan(input, jobs, isRecipe ? 'planwright.recipe 0.1.0' : 'planwright.wheels 0.1.0');
    } catch (error) {
      Object.assign(input, { status: 'failed', error: error.message, updated_at: this.now() });
      this.emit('input.failed', `input/${input.id}`, error.message, 'error');
    }
  }

  addPlan(input, jobs, planner) {
    const at = this.now();
    const digest = 'sha256:' + createHash('sha256').update(JSON.stringify(jobs)).digest('hex');
    const same = this.plans.find(({ plan_digest: of }) => of === digest);
    const plan = {
      id: this.plans.length + 1,
      queue: 'default',
      pending_input_id: input.id,
      filename: input.filename,
      status: 'ready_for_build',
      queued: this.settings.auto_build,
      attempt: 0,
      max_attempts: 3,
      next_attempt_at: null,
      summary: { jobs: jobs.length, done: 0, failed: 0, planner },
      plan_digest: digest,
      unchanged: same ? { since_plan: same.id, message: `unchanged since plan ${same.id}` } : null,
      plan_blob_url: `/api/plans/${this.plans.length + 1}/artifact`,
      reason: null,
      build_id: null,
      index_url: null,
      trace_id: input.trace_id,
      created_at: at,
      updated_at: at,
      error: null,
      document: jobs,
      mode: 'all',
    };
    this.plans.push(plan);
    Object.assign(input, { status: 'planned', queued: false, updated_at: at });
    input.plan_ids.push(plan.id);
    this.emit('plan.stored', `plan/${plan.id}`, `Plan stored: ${jobs.length} jobs`);
    return plan;
  }

  buildSome() {
    this.builds
      .filter(({ status }) => status === 'building')
      .forEach((build) => this.advance(build));
    let free = this.stages.build.workers - this.running('build');
    for (const plan of this.plans) {
      if (free <= 0 || this.stages.build.paused) break;
      if (plan.status !== 'ready_for_build' || !plan.queued) continue;
      this.startBuild(plan);
      free--;
    }
  }

  startBuild(plan) {
    const at = this.now();
    const build = {
      id: 100 + this.builds.length + 1,
      plan_id: plan.id,
      queue: plan.queue,
      filename: plan.filename,
      status: 'building',
      attempt: plan.attempt + 1,
      summary: plan.summary,
      reason: null,
      created_at: at,
      started_at: at,
      finished_at: null,
      manifest_url: null,
      error: null,
    };
    const before =
      plan.build_id === null ? [] : this.jobs.filter((j) => j.build_id === plan.build_id);
    this.builds.push(build);
    for (const spec of plan.document) {
      const last = before.find((job) => job.name === spec.name);
      const isKept = plan.mode === 'failed' && last && good.includes(last.status);
      this.jobs.push({
        ...spec,
        id: this.jobs.length + 1,
        plan_id: plan.id,
        build_id: build.id,
        status: isKept ? 'cached' : 'blocked',
        attempts: [],
        cache: isKept
          ? { result: 'hit', why: `build ${plan.build_id}` }
          : { result: 'miss', why: 'new' },
        reason: null,
      });
    }
    Object.assign(plan, { status: 'building', queued: false, build_id: build.id, updated_at: at });
    plan.attempt++;
    this.emit('build.started', `build/${build.id}`, `Building plan ${plan.id}`);
    return build;
  }

  jobsOf(build) {
    return this.jobs.filter((job) => job.build_id === build.id);
  }

  advance(build) {
    const jobs = this.jobsOf(build);
    const byName = new Map(jobs.map((job) => [job.name, job]));
    for (const job of jobs) if (job.status === 'running' && --job.left <= 0) this.finishJob(job);
    let free = this.stages.build.jobSlots - jobs.filter((job) => job.status === 'running').length;
    for (const job of jobs) {
      if (finished.includes(job.status) || job.status === 'running') continue;
      const needs = job.needs.map((name) => byName.get(name)).filter(Boolean);
      const broken = needs.find(
        (need) => finished.includes(need.status) && !good.includes(need.status),
      );
      if (broken) {
        job.status = 'dep_failed';
        job.reason = { code: 'needs_failed', message: `Skipped because ${broken.name} failed.` };
      } else if (needs.every((need) => good.includes(need.status))) {
        job.status = 'ready';
        if (free-- > 0) this.startJob(job);
      } else {
        const open = needs.filter((need) => !good.includes(need.status)).map((need) => need.name);
        job.reason = { code: 'waiting_for_needs', message: `Waits for ${open.join(', ')}.` };
      }
    }
    this.sumUp(build, jobs);
    if (jobs.every((job) => finished.includes(job.status))) this.finishBuild(build);
  }

  startJob(job) {
    Object.assign(job, { status: 'running', left: job.ticks ?? 3, reason: null });
    job.attempts.push({ n: 1, worker: 'build-1', started_at: this.now(), ended_at: null });
    this.emit('job.started', `job/${job.id}`, `${job.name} has started`);
  }

  finishJob(job) {
    const exitCode = job.exitCode ?? 0;
    job.status = exitCode ? 'failed' : 'succeeded';
    const failureClass = exitCode ? 'failed' : null;
    Object.assign(job.attempts.at(-1), {
      ended_at: this.now(),
      exit_code: exitCode,
      class: failureClass,
    });
    if (exitCode) {
      job.reason = {
        code: 'job_failed',
        message: `exit status ${exitCode}.`,
        hint: 'See its log.',
      };
    }
    const message = exitCode ? `${job.name} failed` : `${job.name} is built`;
    this.emit(`job.${job.status}`, `job/${job.id}`, message, exitCode ? 'error' : 'info');
  }

  sumUp(build, jobs) {
    const { summary } = this.plans[build.plan_id - 1];
    summary.done = jobs.filter((job) => good.includes(job.status)).length;
    summary.failed = jobs.filter((job) => job.status === 'failed').length;
  }

  finishBuild(build) {
    const jobs = this.jobsOf(build);
    const plan = this.plans[build.plan_id - 1];
    const failed = jobs.find((job) => job.status === 'failed');
    const isCancelled = !failed && jobs.some((job) => job.status === 'cancelled');
    build.status = failed ? 'failed' : isCancelled ? 'cancelled' : 'built';
    build.finished_at = this.now();
    build.manifest_url = `/api/builds/${build.id}/manifest`;
    plan.status = build.status;
    plan.updated_at = build.finished_at;
    // Of a stand-in all jobs leave a wheel.
    if (plan.status === 'built') plan.index_url = `/simple/default@${plan.id}/`;
    if (failed) {
      plan.error = `${failed.name} failed: ${failed.reason.message}`;
      build.reason = { code: 'job_failed', message: plan.error, since: build.finished_at };
    }
    this.emit(`build.${build.status}`, `build/${build.id}`, `Plan ${plan.id} is ${build.status}`);
  }
}
