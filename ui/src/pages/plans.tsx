import {
  buildActions,
  enqueueBuild,
  listPlans,
  planStatuses,
  type BuildAction,
  type Plan,
} from '../lib/plans';
import { ActionButton } from '../ui/action_button';
import { Ago, Empty } from '../ui/basics';
import { JobProgress } from '../ui/job_progress';
import { shownStatus, Status } from '../ui/status';
import type { Column } from '../ui/table';
import { List } from './list';

interface ButtonProps {
  plan: Plan;
  action: BuildAction;
  kind: 'primary' | 'small';
}

function BuildButton({ plan, action, kind }: ButtonProps) {
  const act = async (): Promise<string> => {
    await enqueueBuild(plan.id, action);
    return `Plan ${plan.id} is in the build queue.`;
  };
  return (
    <ActionButton kind={kind} onAct={act} about={`for plan ${plan.id}`}>
      {action.label}
    </ActionButton>
  );
}

/** A row has room for one button, and what is built needs none. */
function RowButton({ plan }: { plan: Plan }) {
  const action = buildActions(plan).find(({ mode, force }) => mode === 'all' && !force);
  return action ? <BuildButton plan={plan} action={action} kind="small" /> : null;
}

/** All that can be done with the plan; the first stands out. */
export function BuildButtons({ plan }: { plan: Plan }) {
  return (
    <>
      {buildActions(plan).map((action, k) => (
        <BuildButton
          key={action.label}
          plan={plan}
          action={action}
          kind={k === 0 && !action.force ? 'primary' : 'small'}
        />
      ))}
    </>
  );
}

const columns: Column<Plan>[] = [
  {
    name: 'Plan',
    className: 'num id',
    cell: (plan) => <a href={`/plans/${plan.id}`}>{plan.id}</a>,
  },
  {
    name: 'Input',
    className: 'name',
    cell: (plan) => (
      <a class="plain" href={`/plans/${plan.id}`} tabIndex={-1}>
        <b>{plan.filename}</b>
        {plan.unchanged && <span class="muted"> {plan.unchanged.message}</span>}
      </a>
    ),
  },
  {
    name: 'Status',
    cell: (plan) => (
      <Status
        status={shownStatus(plan)}
        note={plan.attempt > 1 ? `try ${plan.attempt} of ${plan.maxAttempts}` : null}
      />
    ),
  },
  { name: 'Jobs', cell: (plan) => <JobProgress of={plan} /> },
  {
    name: 'Why',
    className: 'why-cell',
    cell: (plan) => {
      const why = plan.reason?.message ?? plan.error;
      return why && <span title={plan.reason?.hint ?? why}>{why}</span>;
    },
  },
  { name: 'Changed', className: 'when', cell: (plan) => <Ago at={plan.updatedAt} /> },
  { name: '', className: 'act', cell: (plan) => <RowButton plan={plan} /> },
];

export function PlansPage({ queue }: { queue: string | null }) {
  return (
    <>
      <div class="head">
        <h1>Plans</h1>
      </div>
      <List
        kind="plans"
        statuses={planStatuses}
        queue={queue}
        columns={columns}
        load={listPlans}
        hrefOf={(plan) => `/plans/${plan.id}`}
        empty={
          <Empty title="No plans yet">
            <p>A plan appears here when a planner has read an input.</p>
          </Empty>
        }
      />
    </>
  );
}
