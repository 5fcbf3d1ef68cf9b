import type { PendingInput } from './inputs';
import type { Plan } from './plans';
import type { Reason } from './reason';
import { shown } from './shown';

/** One thing that failed, as far as the overview cares. */
export interface Failed {
  kind: 'plan' | 'input';
  id: number;
  filename: string;
  reason: Reason;
  at: Date | null;
}

/** Failures with one cause; the newest first, in the group and among groups. */
export interface FailureGroup {
  cause: string;
  items: Failed[];
}

const unexplained = (error: string | null): Reason => ({
  code: 'internal',
  message: error ?? 'No reason is known.',
  hint: null,
  since: null,
});

export function failedItem(kind: Failed['kind'], item: Plan | PendingInput): Failed {
  return {
    kind,
    id: item.id,
    filename: shown(item.filename),
    reason: item.reason ?? unexplained(item.error),
    at: item.updatedAt,
  };
}

/** Two reasons are one cause when they differ in numbers and digests only. */
export const causeOf = ({ kind, reason }: Failed): string =>
  `${kind}/${reason.code}/${reason.message.replace(/\b[0-9a-f]{8,}\b|\d+/g, '#')}`;

export function groupByCause(failures: Failed[]): FailureGroup[] {
  const time = (failure: Failed): number => failure.at?.getTime() ?? 0;
  const groups = new Map<string, Failed[]>();
  for (const failure of [...failures].sort((a, b) => time(b) - time(a))) {
    const cause = causeOf(failure);
    groups.set(cause, [...(groups.get(cause) ?? []), failure]);
  }
  return [...groups].map(([cause, items]) => ({ cause, items }));
}
