// What failed and waits for a person.
import { inputView, planView } from './views.mjs';

const letter = (kind, item) => ({
  id: item.id * 2 + (kind === 'plan' ? 1 : 0),
  kind,
  item_id: item.id,
  queue: item.queue,
  name: item.filename,
  class: kind === 'plan' ? 'failed' : 'rejected',
  reason: { hint: null, since: null, ...item.reason },
  cause: `${kind}/${item.reason?.code}`,
  attempts: 1,
  died_at: item.updated_at,
  status: 'waiting',
  answered_at: null,
  item_url: `/api/${kind === 'plan' ? 'plans' : 'pending-inputs'}/${item.id}`,
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
  for (const { id, cause, kind, class: failureClass, reason, died_at: at } of letters) {
    const first = { cause, title: reason.message, kind, class: failureClass, count: 0, reason };
    const known = causes.get(cause) ?? { ...first, first_at: at, last_at: at, samples: [] };
    const samples = [...known.samples, id];
    causes.set(cause, { ...known, count: known.count + 1, samples });
  }
  return [...causes.values()].sort((a, b) => b.count - a.count);
}
