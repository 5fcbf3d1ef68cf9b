import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cache, calmRefresh, fixed } from '../../src/lib/cache';

let asked: string[];

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  vi.spyOn(cache, 'invalidateQueries').mockImplementation(async (filters) => {
    const wants = (key: string): boolean => filters!.predicate!({ queryKey: [key] } as never);
    asked.push(['plans', fixed].filter(wants).join());
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
    calmRefresh()();
    vi.advanceTimersByTime(2000);
    expect(asked).toEqual(['plans']);
  });

  it('answers a single event at once', () => {
    calmRefresh()();
    vi.advanceTimersByTime(60);
    expect(asked).toHaveLength(1);
  });
});
