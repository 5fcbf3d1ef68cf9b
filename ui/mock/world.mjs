// The state of the stand-in host, and what people and files do to it.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { finished, Simulation } from './simulation.mjs';
import { logOf } from './work.mjs';

const manual = (stage, hint, since) => ({
  code: 'manual_mode',
  message: `${stage} is manual for queue default.`,
  hint,
  since,
});

export class World extends Simulation {
  constructor({ logLines = 400 } = {}) {
    super();
    this.logLines = logLines;
    this.inputs = [];
    this.plans = [];
    this.builds = [];
    this.jobs = [];
    this.events = [];
    this.listeners = new Set();
    this.settings = { auto_plan: true, auto_build: false, watch_dir: '/nonexistent' };
    this.revision = 1;
    this.caller = { access: 'token', name: 'admin', role: 'admin', queues: null };
    this.startedAt = this.now();
    this.stages = {
      plan: { workers: 2, paused: false },
      build: { workers: 2, paused: false, jobSlots: 4 },
    };
    this.seen = new Map();
    this.contents = new Map();
    this.logs = new Map();
  }

  now() {
    return new Date().toISOString();
  }

  emit(type, subject, message, level = 'info') {
    const event = {
      specversion: '1.0',
      id: `1-${this.events.length + 1}-${this.events.length + 1}`,
      source: '/planwright',
      type,
      subject,
      time: this.now(),
      datacontenttype: 'application/json',
      queue: 'default',
      level,
      actor: '',
      data: { message },
    };
    this.events.push(event);
    for (const listener of this.listeners) listener(event);
  }

  // --- what people and files do ---

  /** Records bytes under a name. The same bytes as the newest version give that version. */
  record(filename, bytes) {
    const digest = 'sha256:' + createHash('sha256').update(bytes).digest('hex');
    const newest = this.inputs.filter((input) => input.filename === filename).at(-1);
    if (newest?.digest === digest) return { input: newest, isNew: false };
    const at = this.now();
    const input = {
      id: this.inputs.length + 1,
      queue: 'default',
      source: 'folder',
      filename,
      generation: (newest?.generation ?? 0) + 1,
      digest,
      size: bytes.length,
      status: 'pending',
      queued: this.settings.auto_plan,
      attempt: 0,
      max_attempts: 3,
      next_attempt_at: null,
      reason: null,
      superseded_by: null,
      plan_ids: [],
      trace_id: '0'.repeat(32),
      created_at: at,
      updated_at: at,
      error: null,
    };
    this.contents.set(input.id, bytes);
    this.inputs.push(input);
    this.emit('input.recorded', `input/${input.id}`, `${filename} is recorded`);
    this.explain();
    return { input, isNew: true };
  }

  enqueuePlan(input) {
    Object.assign(input, { status: 'pending', queued: true, error: null, updated_at: this.now() });
    this.emit('input.queued', `input/${input.id}`, 'Enqueued to plan_queue');
    this.explain();
  }

  enqueueBuild(plan, mode) {
    Object.assign(plan, { status: 'ready_for_build', queued: true, error: null, mode });
    plan.updated_at = this.now();
    this.emit('plan.queued', `plan/${plan.id}`, 'Enqueued to build_queue');
    this.explain();
  }

  cancelBuild(build) {
    for (const job of this.jobsOf(build))
      if (!finished.includes(job.status)) job.status = 'cancelled';
    this.finishBuild(build);
  }

  changeSettings(patch) {
    Object.assign(this.settings, patch);
    this.revision++;
    this.emit('settings.changed', 'settings', `${Object.keys(patch).join(', ')} changed`);
    this.explain();
  }

  applyToWaiting(stage) {
    if (stage === 'plan') {
      const waiting = this.inputs.filter((input) => input.status === 'pending' && !input.queued);
      waiting.forEach((input) => this.enqueuePlan(input));
    } else {
      const waiting = this.plans.filter(
        (plan) => plan.status === 'ready_for_build' && !plan.queued,
      );
      waiting.forEach((plan) => this.enqueueBuild(plan, 'all'));
    }
  }

  // --- how things move ---

  step() {
    this.watch();
    this.planSome();
    this.buildSome();
    this.explain();
  }

  /** A file whose size and time did not change between two looks is recorded. */
  watch() {
    let names = [];
    try {
      names = readdirSync(this.settings.watch_dir).filter((name) => !name.startsWith('.'));
    } catch {
      this.seen.clear();
    }
    for (const name of names) {
      const path = join(this.settings.watch_dir, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      if (!stat?.isFile()) continue;
      const signature = `${stat.size}/${stat.mtimeMs}`;
      const before = this.seen.get(path);
      if (before?.signature !== signature) {
        const since = before?.since ?? this.now();
        this.seen.set(path, { name, signature, size: stat.size, since, stable: false });
      } else if (!before.stable) {
        before.stable = true;
        this.record(name, readFileSync(path));
      }
    }
  }

  arriving() {
    return [...this.seen.values()].filter((file) => !file.stable);
  }

  // --- what can be read off ---

  running(stage) {
    const [list, status] = stage === 'plan' ? [this.inputs, 'planning'] : [this.plans, 'building'];
    return list.filter((item) => item.status === status).length;
  }

  logOf(job) {
    if (job.status === 'running') {
      const fresh = Math.floor((Date.now() - Date.parse(job.attempts.at(-1).started_at)) / 20);
      return logOf({ ...job, exitCode: 0 }, Math.min(this.logLines, fresh));
    }
    if (!this.logs.has(job.id)) this.logs.set(job.id, logOf(job, job.logLines ?? this.logLines));
    return this.logs.get(job.id);
  }

  /** Gives every item that waits or failed its reason. */
  explain() {
    for (const input of this.inputs) input.reason = this.reasonOf(input, 'plan');
    for (const plan of this.plans) plan.reason = this.reasonOf(plan, 'build');
  }

  reasonOf(item, stage) {
    const since = item.updated_at;
    if (item.status === 'failed') {
      const code = stage === 'plan' ? 'planner_rejected_input' : 'job_failed';
      return { code, message: item.error, hint: 'Correct it and try again.', since };
    }
    if (item.status !== 'pending' && item.status !== 'ready_for_build') return null;
    if (!item.queued) {
      return stage === 'plan'
        ? manual('Planning', 'Press Generate plan.', since)
        : manual('Building', 'Press Enqueue build.', since);
    }
    if (this.stages[stage].paused) {
      return { code: 'queue_paused', message: `${stage}_queue is paused.`, hint: null, since };
    }
    return {
      code: 'waiting_for_worker',
      message: `All ${stage} workers are busy.`,
      hint: null,
      since,
    };
  }
}
