import { getJson } from './api';
import { words } from './format';
import { dateFromApi } from './reason';
import { shown } from './shown';
import type { Wire } from './wire';

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

/** A CloudEvent 1.0. A list has the cursor beside it, the stream sends it as the message's id. */
export function eventFromApi(event: Wire<'CloudEvent'>, cursor?: string): HostEvent {
  return {
    cursor: cursor || event.id,
    type: event.type,
    subject: event.subject,
    level: event.level,
    message: event.data.message || factsOf(event.data),
    at: dateFromApi(event.time),
    raw: event,
  };
}

/** `{attempt: 2, name: "scipy"}` reads "attempt 2 · scipy". */
function factsOf(data: Record<string, unknown>): string {
  const facts = Object.entries(data).flatMap(([key, value]) => {
    if (key === 'message') return [];
    if (typeof value === 'boolean') return value ? [words(key)] : [];
    const said = textOf(value);
    if (said === '') return [];
    return [key === 'name' || key === 'filename' ? said : `${words(key)} ${said}`];
  });
  return facts.join(' · ');
}

/** A text, a number, or a list of such; nothing for what would take more than a line. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return shown(value);
  if (typeof value === 'number') return String(value);
  return Array.isArray(value) ? value.map(textOf).filter(Boolean).join(', ') : '';
}

/** The newest events, newest first. */
export async function listEvents(limit: number, signal?: AbortSignal): Promise<HostEvent[]> {
  const page = await getJson<Wire<'EventPage'>>(`/events?limit=${limit}`, signal);
  return page.items.map(({ event, cursor }) => eventFromApi(event, cursor));
}

/** The page about the event's subject (`plan 12`, `plans/12`), if there is one. */
export function subjectHref(subject: string): string | null {
  const match = /^(?:pending[-_])?(input|plan|build|job)s?[\s/:](\d+)$/.exec(subject);
  return match ? `/${match[1]}s/${match[2]}` : null;
}
