import { describe, expect, it } from 'vitest';
import { buildFromApi } from '../../src/lib/builds';
import { eventFromApi, subjectHref } from '../../src/lib/events';
import { arrivingFromApi, canGeneratePlan, inputFromApi } from '../../src/lib/inputs';
import { didFail, hasLog, jobFromApi, secondsTaken } from '../../src/lib/jobs';
import { listQuery, pageFromApi } from '../../src/lib/listing';
import { buildActions, planFromApi } from '../../src/lib/plans';
import { heldBack, queueFromApi } from '../../src/lib/queues';
import { wireInput, wireJob, wirePlan, wireQueue } from './samples';

describe('inputs', () => {
  it('come with times as dates and the host’s reason', () => {
    const input = inputFromApi(wireInput());
    expect(input.createdAt).toEqual(new Date('2026-01-01T10:00:00Z'));
    expect(input.sizeBytes).toBe(812);
    expect(input.reason).toMatchObject({ code: 'manual_mode', hint: 'Press Generate plan.' });
    expect(input.nextAttemptAt).toBeNull();
  });

  it('offer "Generate plan" unless it is under way or done', () => {
    const can = (change: object): boolean => canGeneratePlan(inputFromApi(wireInput(change)));
    expect(can({ status: 'pending', queued: false })).toBe(true);
    expect(can({ status: 'pending', queued: true })).toBe(false);
    expect(can({ status: 'planning' })).toBe(false);
    expect(can({ status: 'planned' })).toBe(false);
    expect(can({ status: 'failed' })).toBe(true);
    expect(can({ status: 'cancelled' })).toBe(true);
  });

  it('may still be arriving, with little known', () => {
    expect(arrivingFromApi({ filename: 'a.txt' })).toMatchObject({
      filename: 'a.txt',
      sizeBytes: null,
    });
  });
});

describe('plans', () => {
  it('take their counts from the summary, and live without one', () => {
    expect(planFromApi(wirePlan())).toMatchObject({ jobCount: 34, jobsDone: 23, jobsFailed: 1 });
    expect(planFromApi(wirePlan({ summary: null }))).toMatchObject({ jobCount: 0, planner: '' });
  });

  it('offer what fits their status', () => {
    const labels = (change: object): string[] =>
      buildActions(planFromApi(wirePlan(change))).map(({ label }) => label);
    expect(labels({ status: 'ready_for_build' })).toEqual(['Enqueue build']);
    expect(labels({ status: 'failed' })).toEqual(['Retry failed jobs', 'Enqueue build']);
    expect(labels({ status: 'failed', summary: { failed: 0 } })).toEqual(['Enqueue build']);
    expect(labels({ status: 'built' })).toEqual(['Build again']);
    expect(labels({ status: 'building' })).toEqual([]);
    expect(labels({ status: 'ready_for_build', queued: true })).toEqual([]);
  });
});

describe('jobs', () => {
  it('have no log before they were tried', () => {
    expect(hasLog(jobFromApi(wireJob()))).toBe(true);
    expect(hasLog(jobFromApi(wireJob({ id: null, attempts: [] })))).toBe(false);
    expect(hasLog(jobFromApi(wireJob({ attempts: [] })))).toBe(false);
  });

  it('tell their own failure from another’s', () => {
    expect(didFail(jobFromApi(wireJob({ status: 'timed_out' })))).toBe(true);
    expect(didFail(jobFromApi(wireJob({ status: 'dep_failed' })))).toBe(false);
  });

  it('count the seconds of the last attempt, up to now while it runs', () => {
    const started = '2026-01-01T10:00:00Z';
    const now = Date.parse('2026-01-01T10:01:30Z');
    const ended = { n: 1, started_at: started, ended_at: '2026-01-01T10:00:48Z' };
    expect(secondsTaken(jobFromApi(wireJob({ attempts: [ended] })), now)).toBe(48);
    const open = [{ n: 1, started_at: started }];
    expect(secondsTaken(jobFromApi(wireJob({ status: 'running', attempts: open })), now)).toBe(90);
    expect(secondsTaken(jobFromApi(wireJob({ attempts: [] })), now)).toBeNull();
  });
});

describe('builds', () => {
  it('end when they say so, or with their last change once they are finished', () => {
    const row = { id: 7, plan_id: 3, queue: 'default', created_at: '2026-01-01T10:00:00Z' };
    const updated = { updated_at: '2026-01-01T10:05:00Z' };
    expect(buildFromApi({ ...row, ...updated, status: 'building' }).endedAt).toBeNull();
    expect(buildFromApi({ ...row, ...updated, status: 'built' }).endedAt).not.toBeNull();
    expect(buildFromApi({ ...row, status: 'built' }).startedAt).not.toBeNull();
  });
});

describe('queues', () => {
  it('know how many items only a person can move on', () => {
    const queue = queueFromApi(wireQueue());
    expect(heldBack(queue, 'plan')).toBe(14 - 6 - 1);
    expect(heldBack(queue, 'build')).toBe(7);
  });

  it('take the size that can be changed, not the sum of all hosts', () => {
    const row = wireQueue();
    expect(queueFromApi(row).plan.workersPerHost).toBe(2);
    row.plan = { ...row.plan, workers: 4, workers_per_host: 2 };
    expect(queueFromApi(row).plan).toMatchObject({ workers: 4, workersPerHost: 2 });
  });

  it('live without counts', () => {
    const queue = queueFromApi({ ...wireQueue(), inputs: {}, plans: {} });
    expect(heldBack(queue, 'plan')).toBe(0);
  });

  it('take a reason as text or as an object', () => {
    const row = wireQueue();
    row.plan.reason = { message: 'pip is missing' };
    expect(queueFromApi(row).plan.note).toBe('pip is missing');
    row.plan.reason = 'pip is missing';
    expect(queueFromApi(row).plan.note).toBe('pip is missing');
  });
});

describe('events', () => {
  const event = { type: 'plan.built', subject: 'plans/7', time: '2026-01-01T10:00:00Z' };

  it('read the same from a list and from the stream', () => {
    const data = { level: 'error', message: 'x' };
    const listed = eventFromApi({ cursor: 'c1', event: { ...event, id: 'e1', data } });
    const streamed = eventFromApi({ ...event, data }, 'c1');
    expect({ ...listed, raw: null }).toEqual({ ...streamed, raw: null });
    expect(listed).toMatchObject({ cursor: 'c1', level: 'error', message: 'x' });
  });

  it('say their facts when they have no message', () => {
    const said = (data: object): string => eventFromApi({ ...event, data: { ...data } }).message;
    expect(said({ message: '', attempt: 2, name: 'scipy' })).toBe('attempt 2 · scipy');
    expect(said({ keys: ['auto_plan', 'watch_dir'], queued: true, log: null })).toBe(
      'keys auto_plan, watch_dir · queued',
    );
    expect(said({ message: 'It broke.', attempt: 2 })).toBe('It broke.');
  });

  it('link to the page about their subject', () => {
    expect(subjectHref('plan/7')).toBe('/plans/7');
    expect(subjectHref('build 12')).toBe('/builds/12');
    expect(subjectHref('settings')).toBeNull();
    expect(subjectHref('jobs/4')).toBe('/jobs/4');
    expect(subjectHref('pending-inputs/4')).toBe('/inputs/4');
    expect(subjectHref('queues/default')).toBeNull();
  });
});

describe('lists', () => {
  it('send only filters that are set', () => {
    expect(listQuery({ status: 'failed', q: '', reason: null }, 40)).toBe('status=failed&limit=40');
    expect(listQuery({ q: 'a b' }, 40, 'x=')).toBe('q=a+b&limit=40&cursor=x%3D');
  });

  it('count what they hold when the host does not', () => {
    expect(pageFromApi({ items: [1, 2] }, String)).toEqual({
      items: ['1', '2'],
      nextCursor: null,
      total: 2,
      totalIsLowerBound: false,
    });
  });
});
