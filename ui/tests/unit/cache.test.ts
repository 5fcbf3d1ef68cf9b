import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../../src/lib/api';
import { cache, calmRefresh, fixed } from '../../src/lib/cache';

let asked: string[];
const states: Record<string, object> = {};
const refusal = (status: number, title: string): ApiError =>
  new ApiError({ status, title } as never);

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  vi.spyOn(cache, 'invalidateQueries').mockImplementation((filters) => {
    const wants = (key: string): boolean =>
      filters!.predicate!({ queryKey: [key], state: states[key] ?? {} } as never);
    asked.push(['plans', 'gone', fixed].filter(wants).join());
    return Promise.resolve();
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('a flood of events', () => {
  it('asks for what is shown at most once a second, and once more after the last', () => {
    const onEvent = calmRefresh(1000);
    for (let ms = 0; ms < 3000; ms += 10) {
      onEvent();
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(5000);
    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(asked.length).toBeLessThanOrEqual(5);
  });

  it('leaves alone what no event changes', () => {
    states.gone = { error: refusal(404, 'Not Found') };
    calmRefresh()();
    vi.advanceTimersByTime(2000);
    expect(asked).toEqual(['plans']);
  });

  it('asks again for what was there once, or failed on the way', () => {
    states.gone = { error: refusal(404, 'Not Found'), data: 'plan' };
    calmRefresh()();
    vi.advanceTimersByTime(2000);
    states.gone = { error: refusal(503, 'Service Unavailable') };
    calmRefresh()();
    vi.advanceTimersByTime(2000);
    expect(asked).toEqual(['plans,gone', 'plans,gone']);
  });

  it('answers a single event at once', () => {
    calmRefresh()();
    vi.advanceTimersByTime(60);
    expect(asked).toHaveLength(1);
  });
});
