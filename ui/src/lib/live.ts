import { eventFromApi, type HostEvent } from './events';
import type { Wire } from './wire';

export type LiveState = 'live' | 'polling' | 'offline' | 'paused';

export interface LiveHooks {
  event: (event: HostEvent) => void;
  /** Called when events may have been missed: after each new connection, and on each poll. */
  refresh: () => void;
  state: (state: LiveState) => void;
}

/** What tests replace. `ping` resolves when the host answers at all. */
export interface LiveParts {
  openSource: (url: string) => EventSource;
  ping: () => Promise<void>;
}

const realParts: LiveParts = { openSource: (url) => new EventSource(url), ping: pingHost };

const pollMs = 3000;
const graceMs = 3000;
const longestWaitMs = 10_000;
/** After so many broken streams in a row, something between cuts them: poll instead. */
const breaksBeforePolling = 3;
/** While polling, try for a stream again this often. */
const pollsBeforeRetry = 20;

/**
 * News from the host, as one event stream for the visible tab. A hidden tab closes its stream,
 * because browsers allow only six connections to a host, and resumes after the last event it saw.
 * Where streams do not get through, it polls.
 */
export class Live {
  private source: EventSource | null = null;
  private lastId = '';
  private breaks = 0;
  private polls = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private grace: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;

  constructor(
    private readonly hooks: LiveHooks,
    private readonly parts: LiveParts = realParts,
  ) {
    document.addEventListener('visibilitychange', this.onVisibility);
    this.onVisibility();
  }

  stop(): void {
    this.stopped = true;
    document.removeEventListener('visibilitychange', this.onVisibility);
    this.close();
  }

  private readonly onVisibility = (): void => {
    this.close();
    if (document.hidden) {
      this.hooks.state('paused');
    } else {
      this.open();
    }
  };

  private open(): void {
    if (this.stopped || document.hidden) return;
    const after = this.lastId ? `?after=${encodeURIComponent(this.lastId)}` : '';
    const source = this.parts.openSource(`/api/events/stream${after}`);
    this.source = source;
    source.onopen = () => {
      this.endGrace();
      this.breaks = 0;
      this.hooks.state('live');
      this.hooks.refresh();
    };
    source.onmessage = (message) => this.take(message);
    source.onerror = () => {
      // State 2 is final. Otherwise the browser is reconnecting, as it does after every orderly
      // end of an answer; only a reconnect that takes long counts as a break.
      if (source.readyState === 2) this.onBreak();
      else this.grace ??= setTimeout(() => this.onBreak(), graceMs);
    };
  }

  private take(message: MessageEvent): void {
    if (message.lastEventId && message.lastEventId === this.lastId) return;
    if (message.lastEventId) this.lastId = message.lastEventId;
    try {
      const event = JSON.parse(String(message.data)) as Wire<'CloudEvent'>;
      this.hooks.event(eventFromApi(event, message.lastEventId));
    } catch {
      // An event that cannot be read is still news: ask for the lists again.
      this.hooks.refresh();
    }
  }

  private onBreak(): void {
    this.close();
    this.breaks++;
    this.hooks.state('offline');
    if (this.breaks >= breaksBeforePolling) {
      this.polls = 0;
      void this.poll();
    } else {
      const wait = Math.min(longestWaitMs, 500 * 2 ** this.breaks);
      this.timer = setTimeout(() => this.open(), wait);
    }
  }

  private async poll(): Promise<void> {
    try {
      await this.parts.ping();
      if (this.stopped || document.hidden) return;
      this.hooks.state('polling');
      this.hooks.refresh();
    } catch {
      if (this.stopped || document.hidden) return;
      this.hooks.state('offline');
    }
    this.polls++;
    const next = this.polls % pollsBeforeRetry === 0 ? () => this.open() : () => void this.poll();
    this.timer = setTimeout(next, pollMs);
  }

  private endGrace(): void {
    clearTimeout(this.grace);
    this.grace = undefined;
  }

  private close(): void {
    this.source?.close();
    this.source = null;
    clearTimeout(this.timer);
    this.endGrace();
  }
}

async function pingHost(): Promise<void> {
  const response = await fetch('/healthz');
  if (!response.ok) throw new Error(`healthz answered ${response.status}`);
}
