import { buildAction, enqueueBuild, listPlans, planStatuses, type Plan } from '../lib/plans';
import { ActionButton } from '../ui/action_button';
import { Ago, Empty } from '../ui/basics';
import { shownStatus, Status } from '../ui/status';
import type { Column } from '../ui/table';
import { List } from './list';

export function JobProgress({ plan }: { plan: Plan }) {
  const { jobsDone, jobCount, jobsFailed } = plan;
  return (
    <span class="prog">
      <progress
        max={Math.max(1, jobCount)}
        value={jobCount ? jobsDone : 0}
        aria-label={`${jobsDone} of ${jobCount} jobs done`}
      />
      <span class="num">
        {jobsDone}/{jobCount}
      </span>
      {jobsFailed > 0 && <span class="bad num">{jobsFailed} failed</span>}
    </span>
  );
}

/** The plan's one button. In a list, what is built needs none. */
export function BuildButton({ plan, isMain = false }: { plan: Plan; isMain?: boolean }) {
  const action = buildAction(plan);
  if (!action || (!isMain && action.force)) return null;
  const act = async (): Promise<string> => {
    await enqueueBuild(plan.id, action);
    return `Plan ${plan.id} is in the build queue.`;
  };
  const kind = isMain && !action.force ? 'primary' : 'small';
  return (
    <ActionButton kind={kind} onAct={act} about={`for plan ${plan.id}`}>
      {action.label}
    </ActionButton>
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
  { name: 'Jobs', cell: (plan) => <JobProgress plan={plan} /> },
  {
    name: 'Why',
    className: 'why-cell',
    cell: (plan) => {
      const why = plan.reason?.message ?? plan.error;
      return why && <span title={plan.reason?.hint ?? why}>{why}</span>;
    },
  },
  { name: 'Changed', className: 'when', cell: (plan) => <Ago at={plan.updatedAt} /> },
  { name: '', className: 'act', cell: (plan) => <BuildButton plan={plan} /> },
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
