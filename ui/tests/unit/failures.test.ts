import { describe, expect, it } from 'vitest';
import { failedItem, groupByCause, type Failed } from '../../src/lib/failures';
import { inputFromApi } from '../../src/lib/inputs';
import { planFromApi } from '../../src/lib/plans';
import { wireInput, wirePlan } from './samples';

function failedPlan(id: number, message: string, minute: number): Failed {
  const reason = { code: 'job_failed' as const, message, hint: null, since: null };
  const updated_at = `2026-01-01T10:${String(minute).padStart(2, '0')}:00Z`;
  return failedItem('plan', planFromApi(wirePlan({ id, status: 'failed', reason, updated_at })));
}

describe('failures', () => {
  it('with one cause are said once, the newest first', () => {
    const groups = groupByCause([
      failedPlan(1, 'scipy failed after 48 s', 1),
      failedPlan(2, 'disk is full', 2),
      failedPlan(3, 'scipy failed after 51 s', 3),
    ]);
    expect(groups.map(({ items }) => items.map(({ id }) => id))).toEqual([[3, 1], [2]]);
  });

  it('of digests and numbers are alike, of words are not', () => {
    const of = (text: string): Failed => failedPlan(1, text, 1);
    expect(
      groupByCause([of('blob 0123456789ab is gone'), of('blob ba9876543210 is gone')]),
    ).toHaveLength(1);
    expect(groupByCause([of('scipy failed'), of('numpy failed')])).toHaveLength(2);
  });

  it('of a plan and of an input are never one', () => {
    const plan = failedPlan(1, 'x', 1);
    expect(groupByCause([plan, { ...plan, kind: 'input' }])).toHaveLength(2);
  });

  it('without a reason say their error', () => {
    const input = inputFromApi(wireInput({ status: 'failed', reason: null, error: 'It broke.' }));
    expect(failedItem('input', input).reason.message).toBe('It broke.');
  });
});
