import type { Wire } from './wire';

/** How far a planner or builder says it is. `total` is null when it does not know. */
export type Progress = Pick<Wire<'Progress'>, 'done' | 'total' | 'note'>;

/** No event tells of progress: what runs is looked at that often. */
export const progressMs = 4_000;

/** "2 of 4: unpacks", or the half of it that is known. */
export function progressText({ done, total, note }: Progress): string {
  const count = total ? `${done} of ${total}` : done > 0 ? String(done) : '';
  return [count, note].filter(Boolean).join(': ');
}
