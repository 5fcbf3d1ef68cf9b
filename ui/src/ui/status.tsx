import type { JSX } from 'preact';
import type { BuildStatus } from '../lib/builds';
import { words } from '../lib/format';
import type { InputStatus } from '../lib/inputs';
import type { JobStatus } from '../lib/jobs';
import type { PlanStatus } from '../lib/plans';

/** What an item's badge can say: the host's statuses, and two times of `pending`. */
export type ShownStatus =
  | InputStatus
  | PlanStatus
  | BuildStatus
  | JobStatus
  | 'queued'
  | 'retrying';

/** Looks. Several statuses share one; the word beside it tells them apart. */
type Look =
  | 'pending'
  | 'queued'
  | 'blocked'
  | 'running'
  | 'ready_for_build'
  | 'done'
  | 'cached'
  | 'failed'
  | 'timed_out'
  | 'retrying'
  | 'cancelled'
  | 'skipped';

const looks: Record<ShownStatus, Look> = {
  pending: 'pending',
  planning: 'running',
  planned: 'done',
  ready_for_build: 'ready_for_build',
  building: 'running',
  built: 'done',
  failed: 'failed',
  superseded: 'skipped',
  cancelled: 'cancelled',
  blocked: 'blocked',
  ready: 'queued',
  running: 'running',
  succeeded: 'done',
  cached: 'cached',
  timed_out: 'timed_out',
  dep_failed: 'skipped',
  queued: 'queued',
  retrying: 'retrying',
};

/** Every look has a shape of its own, so that colour is never the only sign. */
const shapes: Record<Look, JSX.Element> = {
  pending: <circle cx="8" cy="8" r="5.2" class="o" />,
  queued: (
    <>
      <circle cx="8" cy="8" r="5.2" class="o" />
      <path d="M8 5v3.2l2.2 1.4" class="l" />
    </>
  ),
  blocked: <circle cx="8" cy="8" r="5.2" class="o dash" />,
  running: (
    <>
      <circle cx="8" cy="8" r="5.2" class="o faint" />
      <path d="M8 2.8a5.2 5.2 0 0 1 5.2 5.2" class="l spin" />
    </>
  ),
  ready_for_build: <path d="M8 2.2 13.8 8 8 13.8 2.2 8z" class="o" />,
  done: (
    <>
      <circle cx="8" cy="8" r="6.2" class="f" />
      <path d="m5 8.2 2.1 2.1L11 6.2" class="k" />
    </>
  ),
  cached: (
    <>
      <circle cx="8" cy="8" r="5.6" class="o" />
      <path d="m5 8.2 2.1 2.1L11 6.2" class="l" />
    </>
  ),
  failed: (
    <>
      <path d="M2.5 2.5h11v11h-11z" class="f" />
      <path d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" class="k" />
    </>
  ),
  timed_out: (
    <>
      <path d="M2.5 2.5h11v11h-11z" class="f" />
      <path d="M8 4.8v3.6l2.4 1.6" class="k" />
    </>
  ),
  retrying: (
    <>
      <path d="M12.9 6.3A5.2 5.2 0 1 0 13.2 9" class="l" />
      <path d="M13.6 3.2v3.4h-3.4" class="l" />
    </>
  ),
  cancelled: (
    <>
      <circle cx="8" cy="8" r="5.2" class="o" />
      <path d="m4.6 11.4 6.8-6.8" class="l" />
    </>
  ),
  skipped: <path d="M3 4.5 8 8l-5 3.5zM8.5 4.5l5 3.5-5 3.5z" class="f" />,
};

/** Class name that carries the status's colour as `--c`. */
export const toneOf = (status: ShownStatus): string => `t-${looks[status] ?? 'pending'}`;

export function Mark({ status }: { status: ShownStatus }) {
  const look = looks[status] ?? 'pending';
  return (
    <svg class={`mark t-${look}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      {shapes[look]}
    </svg>
  );
}

export function Status({ status, note }: { status: ShownStatus; note?: string | null }) {
  return (
    <span class={`status ${toneOf(status)}`}>
      <Mark status={status} />
      {words(status)}
      {note && <span class="note">{note}</span>}
    </span>
  );
}

interface Item {
  status: InputStatus | PlanStatus;
  queued: boolean;
  nextAttemptAt: Date | null;
}

/** A waiting item says which kind of waiting it is: for a person, for a worker, for its retry. */
export function shownStatus(item: Item): ShownStatus {
  if (item.status !== 'pending' && item.status !== 'ready_for_build') return item.status;
  if (item.nextAttemptAt) return 'retrying';
  return item.queued ? 'queued' : item.status;
}
