import { keepPreviousData, useQuery } from '@tanstack/preact-query';
import { listEvents } from '../lib/events';
import { plural } from '../lib/format';
import { listInputs, type PendingInput } from '../lib/inputs';
import { listPlans, type Plan } from '../lib/plans';
import { heldBack, type Queue } from '../lib/queues';
import { Ago, Empty, Failure, Loading, Why } from '../ui/basics';
import { Status } from '../ui/status';
import { EventList } from './events';
import { Upload } from './upload';

const shownFailures = 4;
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
  const failedPlans = useQuery({
    queryKey: ['plans', 'failed', shownFailures],
    queryFn: ({ signal }) => listPlans({ status: 'failed' }, shownFailures, null, signal),
  });
  const failedInputs = useQuery({
    queryKey: ['inputs', 'failed', shownFailures],
    queryFn: ({ signal }) => listInputs({ status: 'failed' }, shownFailures, null, signal),
  });
  const error = failedPlans.error ?? failedInputs.error;
  const retry = (): void => {
    void failedPlans.refetch();
    void failedInputs.refetch();
  };
  const [plans, inputs] = [failedPlans.data, failedInputs.data];
  const heldInputs = queue && !queue.autoPlan ? heldBack(queue, 'plan') : 0;
  const heldPlans = queue && !queue.autoBuild ? heldBack(queue, 'build') : 0;
  const isQuiet = !heldInputs && !heldPlans && plans?.total === 0 && inputs?.total === 0;
  return (
    <section class="card">
      <h2>Needs a person</h2>
      {error && (!plans || !inputs) && <Failure error={error} onRetry={retry} />}
      {!error && (!plans || !inputs) && <Loading />}
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
        {plans?.items.map((plan) => (
          <FailedPlan key={plan.id} plan={plan} />
        ))}
        {inputs?.items.map((input) => (
          <FailedInput key={input.id} input={input} />
        ))}
        <MoreFailures what="plans" shown={plans?.items.length ?? 0} total={plans?.total ?? 0} />
        <MoreFailures what="inputs" shown={inputs?.items.length ?? 0} total={inputs?.total ?? 0} />
      </ul>
    </section>
  );
}

const asReason = (text: string | null) =>
  text ? { code: 'internal', message: text, hint: null, since: null } : null;

function FailedPlan({ plan }: { plan: Plan }) {
  return (
    <li>
      <div class="row">
        <Status status="failed" />
        <a href={`/plans/${plan.id}`}>plan {plan.id}</a>
        <b>{plan.filename}</b>
        <span class="grow" />
        <Ago at={plan.updatedAt} />
      </div>
      <Why reason={plan.reason ?? asReason(plan.error)} failed />
    </li>
  );
}

function FailedInput({ input }: { input: PendingInput }) {
  return (
    <li>
      <div class="row">
        <Status status="failed" />
        <a href={`/inputs/${input.id}`}>input {input.id}</a>
        <b>{input.filename}</b>
        <span class="grow" />
        <Ago at={input.updatedAt} />
      </div>
      <Why reason={input.reason ?? asReason(input.error)} failed />
    </li>
  );
}

function MoreFailures({ what, shown, total }: { what: string; shown: number; total: number }) {
  if (total <= shown) return null;
  return (
    <li>
      <a href={`/${what}?status=failed`}>
        All {total} failed {what}
      </a>
    </li>
  );
}

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
