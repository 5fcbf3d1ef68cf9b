import { getJson } from './api';
import { words } from './format';
import { dateFromApi } from './reason';

/** A fact of the host's append-only record. `cursor` is opaque; only the host can order by it. */
export interface HostEvent {
  cursor: string;
  /** Such as `plan.built`. */
  type: string;
  /** What it is about, such as `plans/12`. */
  subject: string;
  level: string;
  message: string;
  at: Date | null;
  /** The event as it came, for those who want all of it. */
  raw: unknown;
}

/** A CloudEvent 1.0; `data` carries what planwright adds. */
export interface WireEvent {
  id?: string | number;
  type?: string;
  subject?: string;
  time?: string;
  at?: string;
  level?: string;
  message?: string;
  data?: { level?: string; message?: string; [fact: string]: unknown } | null;
}

/** Lists wrap the event with its cursor; the stream sends the cursor as the message's id. */
export type WireEventItem = WireEvent & { event?: WireEvent; cursor?: string | number };

export function eventFromApi(item: WireEventItem, cursor?: string): HostEvent {
  const event = item.event ?? item;
  return {
    cursor: String(cursor || (item.cursor ?? item.id ?? event.id ?? '')),
    type: event.type ?? 'event',
    subject: event.subject ?? '',
    level: event.level ?? event.data?.level ?? 'info',
    message: event.message || event.data?.message || factsOf(event.data ?? {}),
    at: dateFromApi(event.time ?? event.at),
    raw: event,
  };
}

/** `{attempt: 2, name: "scipy"}` reads "attempt 2 · scipy". */
function factsOf(data: Record<string, unknown>): string {
  const facts = Object.entries(data).flatMap(([key, value]) => {
    if (key === 'message' || key === 'level' || value === null || value === '') return [];
    if (key === 'name' || key === 'filename') return [String(value)];
    if (typeof value === 'boolean') return value ? [words(key)] : [];
    return [`${words(key)} ${Array.isArray(value) ? value.join(', ') : value}`];
  });
  return facts.filter((fact) => !fact.includes('[object')).join(' · ');
}

/** The newest events, newest first. */
export async function listEvents(limit: number, signal?: AbortSignal): Promise<HostEvent[]> {
  const page = await getJson<{ items: WireEventItem[] }>(`/events?limit=${limit}`, signal);
  return page.items.map((item) => eventFromApi(item));
}

/** The page about the event's subject (`plan 12`, `plans/12`), if there is one. */
export function subjectHref(subject: string): string | null {
  const match = /^(?:pending[-_])?(input|plan|build|job)s?[\s/:](\d+)$/.exec(subject);
  return match ? `/${match[1]}s/${match[2]}` : null;
}
