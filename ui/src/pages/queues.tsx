import { useQuery } from '@tanstack/preact-query';
import { count, duration, plural } from '../lib/format';
import {
  isAuto,
  listInstances,
  patchQueue,
  setPaused,
  type Instance,
  type Queue,
  type QueuePatch,
  type StageName,
} from '../lib/queues';
import { ActionButton, useAction } from '../ui/action_button';
import { Ago, Loading } from '../ui/basics';
import { Fact, Facts } from '../ui/facts';
import { Stepper } from '../ui/stepper';
import { Table, type Column } from '../ui/table';
import { SandboxFacts } from './sandbox';

/** Every queue with its two stages and the size of their pools. */
export function QueuesPage({ queues }: { queues: Queue[] | undefined }) {
  return (
    <>
      <div class="head">
        <h1>Queues and workers</h1>
      </div>
      {!queues && <Loading />}
      {queues?.map((queue) => (
        <section key={queue.name} class="queue" aria-label={`Queue ${queue.name}`}>
          <h2>{queue.name}</h2>
          <div class="grid2">
            <StageCard queue={queue} stage="plan" />
            <StageCard queue={queue} stage="build" />
          </div>
        </section>
      ))}
      <Hosts />
      <SandboxFacts />
    </>
  );
}

const hostColumns: Column<Instance>[] = [
  {
    name: 'Host',
    className: 'name',
    cell: (host) => (
      <>
        <b>{host.hostname}</b> <span class="muted num">process {host.pid}</span>
      </>
    ),
  },
  { name: 'Roles', cell: (host) => host.roles.join(', ') },
  {
    name: 'Works on',
    className: 'num',
    cell: (host) =>
      `${plural(host.planning, 'input', 'inputs')}, ${plural(host.building, 'plan', 'plans')}`,
  },
  {
    name: 'Heartbeat',
    className: 'num',
    cell: (host) => `${duration(host.heartbeatAgeSeconds)} ago`,
  },
  { name: 'Version', cell: (host) => host.version },
  { name: 'Started', className: 'when', cell: (host) => <Ago at={host.startedAt} /> },
];

/** Who does the work: every running host on this database. */
function Hosts() {
  const hosts = useQuery({
    queryKey: ['hosts'],
    queryFn: ({ signal }) => listInstances(signal),
    retry: false,
  });
  if (!hosts.data || hosts.data.length === 0) return null;
  return (
    <section class="queue">
      <h2>Hosts</h2>
      <Table label="Hosts" columns={hostColumns} rows={hosts.data} keyOf={(host) => host.id} />
    </section>
  );
}

const titles = { plan: 'Plan stage', build: 'Build stage' };

function StageCard({ queue, stage }: { queue: Queue; stage: StageName }) {
  const state = queue[stage];
  const { busy, run } = useAction();
  const change = (patch: QueuePatch): void => run(() => patchQueue(queue.name, patch));
  const pause = async (): Promise<string> => {
    await setPaused(queue.name, stage, !state.paused);
    return `${state.list} ${state.paused ? 'goes on' : 'is paused: what runs now finishes'}.`;
  };
  return (
    <section class={`card stage ${stage}`}>
      <div class="row">
        <h3>{titles[stage]}</h3>
        <span class="muted">
          {isAuto(queue, stage) ? 'automatic' : 'manual'}
          {state.paused && ' · paused'}
        </span>
        <span class="grow" />
        <ActionButton onAct={pause} about={state.list}>
          {state.paused ? 'Resume' : 'Pause'}
        </ActionButton>
      </div>
      {state.note && <p class="why">{state.note}</p>}
      <Facts>
        <Fact name="In the queue">
          <span class="num">{count(state.depth)}</span>
        </Fact>
        <Fact name="Running">
          <span class="num">{count(state.running)}</span>
        </Fact>
        <Fact name="Waiting for a retry">
          <span class="num">{count(state.delayed)}</span>
        </Fact>
        <Fact name="Oldest">
          <span class="num">{duration(state.depth > 0 ? state.oldestSeconds : null)}</span>
        </Fact>
        {state.ratePerMinute !== null && (
          <Fact name="Finished">
            <span class="num">{state.ratePerMinute.toFixed(1)} per minute</span>
          </Fact>
        )}
        <Fact name="Redis list">
          <code>{state.list}</code>
        </Fact>
        {state.plugins.length > 0 && <Fact name="Plugins">{state.plugins.join(', ')}</Fact>}
      </Facts>
      <div class="pools">
        <span>
          Workers{' '}
          <Stepper
            name={`${stage} workers of ${queue.name}`}
            value={state.workersPerHost}
            busy={busy}
            onChange={(size) =>
              change(stage === 'plan' ? { plan_workers: size } : { build_workers: size })
            }
          />{' '}
          <span class="muted num">
            {state.workers !== state.workersPerHost && `in each host, ${state.workers} in all · `}
            {state.busy} busy
          </span>
        </span>
        {state.jobSlotsPerHost !== null && (
          <span>
            Parallel jobs{' '}
            <Stepper
              name={`job slots of ${queue.name}`}
              value={state.jobSlotsPerHost}
              busy={busy}
              onChange={(size) => change({ job_slots: size })}
            />{' '}
            <span class="muted num">{state.jobsRunning} running</span>
          </span>
        )}
      </div>
    </section>
  );
}
