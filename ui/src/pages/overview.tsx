import { keepPreviousData, useQuery } from '@tanstack/preact-query';
import { listEvents } from '../lib/events';
import { failedItem, groupByCause, type Failed, type FailureGroup } from '../lib/failures';
import { plural } from '../lib/format';
import { listInputs } from '../lib/inputs';
import { listPlans } from '../lib/plans';
import { heldBack, type Queue } from '../lib/queues';
import { Ago, Empty, Failure, Loading, Why } from '../ui/basics';
import { Status } from '../ui/status';
import { EventList } from './events';
import { Upload } from './upload';

/** Of plans, and of inputs; enough to see what the common causes are. */
const lookedAt = 100;
const shownGroups = 5;
const shownSamples = 5;
const shownEvents = 10;

export function OverviewPage({ queue }: { queue: Queue | undefined }) {
  return (
    <>
      <div class="head">
        <h1>Overview</h1>
        <span class="grow" />
        <Upload queue={queue?.name ?? null} />
      </div>
      <div class="grid2">
        <NeedsAPerson queue={queue} />
        <LatestEvents />
      </div>
    </>
  );
}

function NeedsAPerson({ queue }: { queue: Queue | undefined }) {
  const failures = useQuery({
    queryKey: ['failures'],
    queryFn: ({ signal }) => listFailures(signal),
    placeholderData: keepPreviousData,
  });
  // Also with an open gate: what it held back while it was closed waits on.
  const heldInputs = queue ? heldBack(queue, 'plan') : 0;
  const heldPlans = queue ? heldBack(queue, 'build') : 0;
  const groups = groupByCause(failures.data?.items ?? []);
  const isQuiet = failures.data?.items.length === 0 && heldInputs + heldPlans === 0;
  return (
    <section class="card">
      <h2>Needs a person</h2>
      {failures.error && !failures.data && (
        <Failure error={failures.error} onRetry={() => void failures.refetch()} />
      )}
      {!failures.data && !failures.error && <Loading />}
      {isQuiet && (
        <Empty title="Nothing waits for you">
          <p>Failures appear here, and whatever a manual stage holds back.</p>
          <pre>planwright submit requirements.txt</pre>
        </Empty>
      )}
      <ul class="todo">
        {heldInputs > 0 && (
          <li class="row">
            <Status status="pending" />
            <a href="/inputs?status=pending">
              {plural(heldInputs, 'input waits', 'inputs wait')} for “Generate plan”
            </a>
          </li>
        )}
        {heldPlans > 0 && (
          <li class="row">
            <Status status="ready_for_build" />
            <a href="/plans?status=ready_for_build">
              {plural(heldPlans, 'plan waits', 'plans wait')} for “Enqueue build”
            </a>
          </li>
        )}
        {groups.slice(0, shownGroups).map((group) => (
          <Group key={group.cause} group={group} />
        ))}
        {groups.length > shownGroups && (
          <li>
            <a href="/plans?status=failed">All failed plans</a>,{' '}
            <a href="/inputs?status=failed">all failed inputs</a>
          </li>
        )}
      </ul>
    </section>
  );
}

/** The newest failures that nobody has seen to; what is tried again is not among them. */
async function listFailures(signal: AbortSignal): Promise<{ items: Failed[] }> {
  const failed = { status: 'failed' };
  const [plans, inputs] = await Promise.all([
    listPlans(failed, lookedAt, null, signal),
    listInputs(failed, lookedAt, null, signal),
  ]);
  return {
    items: [
      ...plans.items.map((plan) => failedItem('plan', plan)),
      ...inputs.items.map((input) => failedItem('input', input)),
    ],
  };
}

/** What failed for one cause: said once, however many there are. */
function Group({ group: { items } }: { group: FailureGroup }) {
  const [newest] = items;
  if (!newest) return null;
  const { kind, reason, filename } = newest;
  return (
    <li>
      <div class="row">
        <Status status="failed" />
        {items.length === 1 ? <ItemLink item={newest} /> : <b>{plural(items.length, kind)}</b>}
        {items.length === 1 && <b>{filename}</b>}
        <span class="grow" />
        <Ago at={newest.at} />
      </div>
      <Why reason={reason} failed />
      {items.length > 1 && (
        <p class="row same">
          {items.slice(0, shownSamples).map((item) => (
            <ItemLink key={item.id} item={item} />
          ))}
          {items.length > shownSamples && <a href={`/${kind}s?status=failed`}>all failed</a>}
        </p>
      )}
    </li>
  );
}

const ItemLink = ({ item: { kind, id, filename } }: { item: Failed }) => (
  <a href={`/${kind}s/${id}`} title={filename}>
    {kind} {id}
  </a>
);

function LatestEvents() {
  const events = useQuery({
    queryKey: ['events', shownEvents],
    queryFn: ({ signal }) => listEvents(shownEvents, signal),
    placeholderData: keepPreviousData,
  });
  return (
    <section class="card">
      <h2>Events</h2>
      {events.error && !events.data && (
        <Failure error={events.error} onRetry={() => void events.refetch()} />
      )}
      {!events.data && !events.error && <Loading />}
      {events.data && <EventList events={events.data.slice(0, shownEvents)} />}
      <p class="after">
        <a href="/events">All events</a>
      </p>
    </section>
  );
}
