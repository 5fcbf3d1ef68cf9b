import { useState } from 'preact/hooks';
import { keepPreviousData, useQuery } from '@tanstack/preact-query';
import { listEvents, subjectHref, type HostEvent } from '../lib/events';
import { Ago, Empty, Failure, Loading } from '../ui/basics';

export function EventsPage() {
  const [isPaused, setIsPaused] = useState(false);
  const events = useQuery({
    queryKey: ['events', 200],
    queryFn: ({ signal }) => listEvents(200, signal),
    enabled: !isPaused,
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <div class="head">
        <h1>Events</h1>
        <span class="grow" />
        <button type="button" aria-pressed={isPaused} onClick={() => setIsPaused(!isPaused)}>
          {isPaused ? 'Go on' : 'Hold still'}
        </button>
      </div>
      {events.error && !events.data && (
        <Failure error={events.error} onRetry={() => void events.refetch()} />
      )}
      {!events.data && !events.error && <Loading rows={10} />}
      {events.data && (
        <div class="card">
          <EventList events={events.data} withBody />
        </div>
      )}
    </>
  );
}

export function EventList({
  events,
  withBody = false,
}: {
  events: HostEvent[];
  withBody?: boolean;
}) {
  if (events.length === 0) return <Empty title="Nothing has happened yet" />;
  return (
    <ol class="events">
      {events.map((event, k) => (
        <li key={event.cursor || k} class={event.level}>
          <Ago at={event.at} />
          <code>{event.type}</code>
          <span class="said">
            {event.message}
            {withBody && (
              <details>
                <summary>JSON</summary>
                <pre>{JSON.stringify(event.raw, null, 2)}</pre>
              </details>
            )}
          </span>
          <Subject subject={event.subject} />
        </li>
      ))}
    </ol>
  );
}

function Subject({ subject }: { subject: string }) {
  const href = subjectHref(subject);
  if (!href) return <span class="muted">{subject}</span>;
  return <a href={href}>{subject}</a>;
}
