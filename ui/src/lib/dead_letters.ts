import { getJson, postJson } from './api';
import { fetchPage, listQuery, type Filter, type Page } from './listing';
import { dateFromApi, reasonFromApi, type Reason, type WireReason } from './reason';

export type DeadKind = 'input' | 'plan';
export type Answer = 'requeue' | 'discard';

export interface WireDeadLetter {
  id: number;
  kind: DeadKind;
  item_id: number;
  name: string;
  class: string;
  reason: WireReason;
  attempts: number;
  died_at: string;
}

/** An input or plan that failed and waits for a person. */
export interface DeadLetter {
  id: number;
  kind: DeadKind;
  itemId: number;
  name: string;
  failureClass: string;
  reason: Reason | null;
  attempts: number;
  diedAt: Date | null;
}

/** Dead letters that died of the same. */
export interface Cause {
  cause: string;
  title: string;
  kind: DeadKind;
  class: string;
  count: number;
}

export const deadKinds: DeadKind[] = ['input', 'plan'];

export function deadLetterFromApi(row: WireDeadLetter): DeadLetter {
  return {
    id: row.id,
    kind: row.kind,
    itemId: row.item_id,
    name: row.name,
    failureClass: row.class,
    reason: reasonFromApi(row.reason),
    attempts: row.attempts,
    diedAt: dateFromApi(row.died_at),
  };
}

/** The filter's status is the kind here. */
export function listDeadLetters(
  { status, ...filter }: Filter,
  limit: number,
  cursor?: string | null,
  signal?: AbortSignal,
): Promise<Page<DeadLetter>> {
  const query = listQuery(filter, limit, cursor) + (status ? `&kind=${status}` : '');
  return fetchPage(`/dead-letters?${query}`, deadLetterFromApi, signal);
}

export async function listCauses(queue: string | null, signal?: AbortSignal): Promise<Cause[]> {
  const query = queue ? `?queue=${encodeURIComponent(queue)}` : '';
  const page = await getJson<{ items: Cause[] }>(`/dead-letters/causes${query}`, signal);
  return page.items;
}

export async function answer(id: number, action: Answer): Promise<void> {
  await postJson(`/dead-letters/${id}/${action}`);
}

/** All of one cause; the host refuses when they are not as many as were seen. */
export async function answerAll(
  { cause, count }: Cause,
  queue: string | null,
  action: Answer,
): Promise<void> {
  const filter = { cause, ...(queue && { queue }) };
  await postJson('/bulk-operations', {
    action,
    target: 'dead-letters',
    filter,
    expected: count,
  });
}
