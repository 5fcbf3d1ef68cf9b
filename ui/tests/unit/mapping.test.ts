import { describe, expect, it } from 'vitest';
import { buildFromApi } from '../../src/lib/builds';
import { eventFromApi, subjectHref } from '../../src/lib/events';
import { arrivingFromApi, canGeneratePlan, inputFromApi } from '../../src/lib/inputs';
import { didFail, hasLog, jobFromApi, secondsTaken } from '../../src/lib/jobs';
import { listQuery, pageFromApi } from '../../src/lib/listing';
import { buildActions, planFromApi } from '../../src/lib/plans';
import { progressText } from '../../src/lib/progress';
import { heldBack, queueFromApi } from '../../src/lib/queues';
import {
  wireAttempt,
  wireBuild,
  wireEvent,
  wireInput,
  wireJob,
  wirePlan,
  wireQueue,
} from './samples';

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

  it('may still be arriving, and say why', () => {
    const since = '2026-01-01T10:00:00Z';
    const reason = {
      code: 'file_not_stable' as const,
      message: 'It changed while it was copied.',
      hint: null,
      since,
    };
    const row = { queue: 'default', filename: 'a.txt', size: 12, since, reason };
    expect(arrivingFromApi(row)).toMatchObject({ sizeBytes: 12, note: reason.message });
  });
});

describe('plans', () => {
  it('take their counts from the summary', () => {
    expect(planFromApi(wirePlan())).toMatchObject({ jobCount: 34, jobsDone: 23, jobsFailed: 1 });
    const unchanged = { since_plan: 3, message: 'unchanged since plan 3' };
    expect(planFromApi(wirePlan({ unchanged })).unchanged).toEqual({
      sincePlan: 3,
      message: unchanged.message,
    });
    expect(planFromApi(wirePlan()).unchanged).toBeNull();
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
    const now = Date.parse('2026-01-01T10:01:30Z');
    const ended = wireAttempt({ ended_at: '2026-01-01T10:00:48Z' });
    expect(secondsTaken(jobFromApi(wireJob({ attempts: [ended] })), now)).toBe(48);
    const open = [wireAttempt()];
    expect(secondsTaken(jobFromApi(wireJob({ status: 'running', attempts: open })), now)).toBe(90);
    expect(secondsTaken(jobFromApi(wireJob({ attempts: [] })), now)).toBeNull();
  });
});

describe('builds', () => {
  it('have an end once they are finished', () => {
    expect(buildFromApi(wireBuild()).endedAt).toBeNull();
    const finished_at = '2026-01-01T10:05:00Z';
    expect(buildFromApi(wireBuild({ status: 'built', finished_at })).endedAt).not.toBeNull();
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

  it('say why a stage stands still', () => {
    const row = wireQueue();
    row.plan.reason = 'pip is missing';
    expect(queueFromApi(row).plan.note).toBe('pip is missing');
  });
});

describe('progress', () => {
  it('is said as far as it is known', () => {
    const said = (done: number, total: number | null, note: string | null): string =>
      progressText({ done, total, note });
    expect(said(2, 4, 'unpacks')).toBe('2 of 4: unpacks');
    expect(said(2, null, null)).toBe('2');
    expect(said(0, null, 'unpacks')).toBe('unpacks');
  });
});

describe('events', () => {
  it('have the cursor that comes with them', () => {
    const event = wireEvent({ message: 'x' });
    expect(eventFromApi(event)).toMatchObject({ cursor: 'c1', level: 'error', message: 'x' });
    expect(eventFromApi(event, 'c2').cursor).toBe('c2');
  });

  it('say their facts when they have no message', () => {
    const said = (data: object): string => eventFromApi(wireEvent(data)).message;
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

  it('say whether they are counted to the end', () => {
    const page = { items: [1, 2], next_cursor: null, total: 2 };
    expect(pageFromApi(page, String)).toEqual({
      items: ['1', '2'],
      nextCursor: null,
      total: 2,
      totalIsLowerBound: false,
    });
    expect(pageFromApi({ ...page, total_is_lower_bound: true }, String).totalIsLowerBound).toBe(
      true,
    );
  });
});
