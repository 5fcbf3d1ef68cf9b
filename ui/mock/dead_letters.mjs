// What failed and waits for a person.
import { inputView, planView } from './views.mjs';

const letter = (kind, item) => ({
  id: item.id * 2 + (kind === 'plan' ? 1 : 0),
  kind,
  item_id: item.id,
  queue: item.queue,
  name: item.filename,
  filename: item.filename,
  class: kind === 'plan' ? 'failed' : 'rejected',
  reason: item.reason,
  cause: `${kind}/${item.reason?.code}`,
  attempts: 1,
  died_at: item.updated_at,
  status: 'waiting',
});

export const deadLetters = (world) => [
  ...world.plans
    .map(planView)
    .filter(({ status }) => status === 'failed')
    .map((plan) => letter('plan', plan)),
  ...world.inputs
    .map(inputView)
    .filter(({ status }) => status === 'failed')
    .map((input) => letter('input', input)),
];

export function causesOf(letters) {
  const causes = new Map();
  for (const { cause, kind, class: failureClass, reason } of letters) {
    const title = reason?.message ?? 'It failed.';
    const known = causes.get(cause) ?? { cause, title, kind, class: failureClass, count: 0 };
    causes.set(cause, { ...known, count: known.count + 1 });
  }
  return [...causes.values()].sort((a, b) => b.count - a.count);
}
