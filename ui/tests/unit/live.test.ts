// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Live, type LiveState } from '../../src/lib/live';
import { wireEvent } from './samples';

class FakeSource {
  static all: FakeSource[] = [];
  static get last(): FakeSource {
    return FakeSource.all.at(-1)!;
  }
  onopen?: () => void;
  onmessage?: (message: { data: string; lastEventId: string }) => void;
  onerror?: () => void;
  closed = false;
  readyState = 2;

  constructor(readonly url: string) {
    FakeSource.all.push(this);
  }

  close(): void {
    this.closed = true;
  }

  say(id: string): void {
    this.onmessage?.({ data: JSON.stringify(wireEvent()), lastEventId: id });
  }
}

let hidden = false;
let states: LiveState[] = [];
let seen: string[] = [];
let refreshes = 0;
let isReachable = true;
let live: Live;

function start(): void {
  live = new Live(
    {
      event: (event) => seen.push(event.cursor),
      refresh: () => refreshes++,
      state: (state) => states.push(state),
    },
    {
      openSource: (url) => new FakeSource(url) as unknown as EventSource,
      ping: () => (isReachable ? Promise.resolve() : Promise.reject(new Error('no answer'))),
    },
  );
}

function setHidden(value: boolean): void {
  hidden = value;
  document.dispatchEvent(new Event('visibilitychange'));
}

async function breakStreams(times: number): Promise<void> {
  for (let k = 0; k < times; k++) {
    FakeSource.last.onerror!();
    await vi.advanceTimersByTimeAsync(10_000);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  FakeSource.all = [];
  [hidden, states, seen, refreshes, isReachable] = [false, [], [], 0, true];
  start();
});

afterEach(() => {
  live.stop();
  vi.useRealTimers();
});

describe('live news', () => {
  it('asks for everything once when a stream opens, as something may have been missed', () => {
    FakeSource.last.onopen!();
    expect(states).toEqual(['live']);
    expect(refreshes).toBe(1);
  });

  it('closes the stream of a hidden tab and resumes after the last event', () => {
    FakeSource.last.onopen!();
    FakeSource.last.say('1-20-7');
    setHidden(true);
    expect(FakeSource.last.closed).toBe(true);
    setHidden(false);
    expect(FakeSource.last.url).toBe('/api/events/stream?after=1-20-7');
    expect(states).toEqual(['live', 'paused']);
  });

  it('takes the end of an answer, which the browser mends, for no break', () => {
    const source = FakeSource.last;
    source.readyState = 0;
    source.onopen!();
    source.onerror!();
    vi.advanceTimersByTime(200);
    source.onopen!();
    vi.advanceTimersByTime(9_000);
    expect(states).toEqual(['live', 'live']);
    expect(FakeSource.all).toHaveLength(1);
  });

  it('says so when mending takes too long', () => {
    FakeSource.last.readyState = 0;
    FakeSource.last.onerror!();
    vi.advanceTimersByTime(3_000);
    expect(states).toEqual(['offline']);
  });

  it('drops an event that is sent twice', () => {
    for (const id of ['1-1-1', '1-1-2', '1-1-2', '1-1-3']) FakeSource.last.say(id);
    expect(seen).toEqual(['1-1-1', '1-1-2', '1-1-3']);
  });

  it('asks for everything when an event cannot be read', () => {
    FakeSource.last.onmessage!({ data: 'not json', lastEventId: '1-1-1' });
    expect(refreshes).toBe(1);
  });

  it('polls after three broken streams, and tries for a stream again later', async () => {
    await breakStreams(3);
    expect(FakeSource.all).toHaveLength(3);
    expect(states.at(-1)).toBe('polling');
    expect(refreshes).toBeGreaterThan(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSource.all).toHaveLength(4);
    FakeSource.last.onopen!();
    expect(states.at(-1)).toBe('live');
  });

  it('is offline, not polling, while the host does not answer', async () => {
    isReachable = false;
    await breakStreams(3);
    expect(states.at(-1)).toBe('offline');
    isReachable = true;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(states.at(-1)).toBe('polling');
  });

  it('does not poll in a hidden tab', async () => {
    await breakStreams(3);
    setHidden(true);
    const before = refreshes;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(refreshes).toBe(before);
    expect(states.at(-1)).toBe('paused');
  });

  it('stays stopped', async () => {
    live.stop();
    await vi.advanceTimersByTimeAsync(30_000);
    setHidden(false);
    expect(FakeSource.all).toHaveLength(1);
  });
});
