import { useState } from 'preact/hooks';
import { count, duration } from '../lib/format';
import { listInputs } from '../lib/inputs';
import { listPlans } from '../lib/plans';
import {
  heldBack,
  isAuto,
  patchQueue,
  type Queue,
  type QueuePatch,
  type StageName,
} from '../lib/queues';
import { useAction } from '../ui/action_button';
import { Stepper } from '../ui/stepper';
import { Switch } from '../ui/switch';
import { WaitingOffer } from '../ui/waiting_offer';

const longestSlotRow = 12;

interface Props {
  queue: Queue | undefined;
  queues: Queue[];
  onChoose: (name: string) => void;
}

/** The line: one queue's two lists of work and their gates, on every page. */
export function Line({ queue, queues, onChoose }: Props) {
  const inputs = queue?.inputCounts;
  const plans = queue?.planCounts;
  return (
    <section class="line" aria-label="The line">
      {queues.length > 1 && (
        <label class="lineof">
          Queue{' '}
          <select value={queue?.name} onChange={(event) => onChoose(event.currentTarget.value)}>
            {queues.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      <div class="flow">
        <Stop href="/inputs?status=pending" label="Inputs" value={inputs?.['pending']}>
          pending
          <Failed href="/inputs?status=failed" value={inputs?.['failed']} />
        </Stop>
        <Gate queue={queue} stage="plan" />
        <Tank queue={queue} stage="plan" />
        <span class="pipe" aria-hidden="true" />
        <Stop href="/plans?status=ready_for_build" label="Plans" value={plans?.['ready_for_build']}>
          ready for build
        </Stop>
        <Gate queue={queue} stage="build" />
        <Tank queue={queue} stage="build" />
        <span class="pipe" aria-hidden="true" />
        <Stop href="/plans?status=building" label="Builds" value={plans?.['building']}>
          building
          <Failed href="/plans?status=failed" value={plans?.['failed']} />
        </Stop>
      </div>
    </section>
  );
}

interface StopProps {
  href: string;
  label: string;
  value: number | undefined;
  children: preact.ComponentChildren;
}

/** A place where items rest, with how many rest there. */
function Stop({ href, label, value, children }: StopProps) {
  return (
    <div class="stop">
      <a class="lbl" href={href}>
        {label}
      </a>
      <b class="num">{value === undefined ? '–' : count(value)}</b>
      <span class="sub">{children}</span>
    </div>
  );
}

function Failed({ href, value }: { href: string; value: number | undefined }) {
  if (!value) return null;
  return (
    <>
      {' · '}
      <a class="bad" href={href}>
        {count(value)} failed
      </a>
    </>
  );
}

const doing = { plan: 'Planning', build: 'Building' };

/** The number that only a person can move on; asked afresh, because an answer hangs on it. */
async function waitingAt(queue: Queue, stage: StageName): Promise<number> {
  const filter = { queue: queue.name, reason: 'manual_mode' };
  try {
    const page =
      stage === 'plan'
        ? await listInputs({ ...filter, status: 'pending' }, 1)
        : await listPlans({ ...filter, status: 'ready_for_build' }, 1);
    return page.total;
  } catch {
    return heldBack(queue, stage);
  }
}

/** The switch between a place of rest and a queue. A closed gate is a manual stage. */
function Gate({ queue, stage }: { queue: Queue | undefined; stage: StageName }) {
  const { busy, run } = useAction();
  const [waiting, setWaiting] = useState(0);
  const on = !!queue && isAuto(queue, stage);
  const set = (auto: boolean, applyToWaiting: boolean): void => {
    setWaiting(0);
    if (!queue) return;
    run(async () => {
      const patch: QueuePatch = stage === 'plan' ? { auto_plan: auto } : { auto_build: auto };
      if (applyToWaiting) patch.apply_to_waiting = true;
      await patchQueue(queue.name, patch);
      return `${doing[stage]} is now ${auto ? 'automatic' : 'manual'}.`;
    });
  };
  const onChange = async (auto: boolean): Promise<void> => {
    const held = auto && queue ? await waitingAt(queue, stage) : 0;
    if (held > 0) setWaiting(held);
    else set(auto, false);
  };
  return (
    <div class={on ? 'gate auto' : 'gate manual'} data-gate={stage}>
      <span class="pipe" aria-hidden="true" />
      {queue && (
        <Switch
          on={on}
          name={doing[stage]}
          word={on ? 'auto' : 'manual'}
          busy={busy}
          onChange={(auto) => void onChange(auto)}
        />
      )}
      {waiting > 0 && (
        <WaitingOffer
          stage={stage}
          waiting={waiting}
          onAll={() => set(true, true)}
          onOnlyNew={() => set(true, false)}
          onCancel={() => setWaiting(0)}
        />
      )}
    </div>
  );
}

/** A queue and its pool. */
function Tank({ queue, stage }: { queue: Queue | undefined; stage: StageName }) {
  const { busy, run } = useAction();
  const state = queue?.[stage];
  const workers = state?.workers ?? 0;
  const resize = (size: number): void => {
    if (!queue) return;
    run(async () => {
      const key = stage === 'plan' ? 'plan_workers' : 'build_workers';
      await patchQueue(queue.name, { [key]: size });
    });
  };
  return (
    <div class={`tank ${stage}${state?.paused ? ' paused' : ''}`} data-tank={stage}>
      <a class="lbl" href="/queues" title={state?.note ?? undefined}>
        {stage} queue{state?.paused ? ' · paused' : state?.note && ' · held'}
      </a>
      <span class="slots" aria-hidden="true">
        {Array.from({ length: Math.min(longestSlotRow, workers) }, (_, slot) => (
          <i key={slot} class={slot < (state?.busy ?? 0) ? 'on' : undefined} />
        ))}
      </span>
      <b class="num">{state ? count(state.depth) : '–'}</b>
      <span class="sub">
        {state && state.depth > 0 && state.oldestSeconds !== null && (
          <>oldest {duration(state.oldestSeconds)} · </>
        )}
        <span class="num">
          {state?.busy ?? 0}/{workers}
        </span>{' '}
        busy
      </span>
      {state && (
        <Stepper
          name={`${stage} workers`}
          value={state.workersPerHost}
          busy={busy}
          onChange={resize}
        />
      )}
    </div>
  );
}
