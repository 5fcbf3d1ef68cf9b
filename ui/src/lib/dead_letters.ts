import { getJson, postJson } from './api';
import { fetchPage, listQuery, type Filter, type Page } from './listing';
import { dateFromApi, reasonFromApi, type Reason } from './reason';
import type { Wire } from './wire';
import { shown } from './shown';

export type DeadKind = Wire<'DeadLetter'>['kind'];
export type Answer = 'requeue' | 'discard';

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
export type Cause = Pick<Wire<'DeadLetterCause'>, 'cause' | 'title' | 'kind' | 'class' | 'count'>;

export const deadKinds: DeadKind[] = ['input', 'plan'];

export function deadLetterFromApi(row: Wire<'DeadLetter'>): DeadLetter {
  return {
    id: row.id,
    kind: row.kind,
    itemId: row.item_id,
    name: shown(row.name),
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
  return (await getJson<Wire<'DeadLetterCausePage'>>(`/dead-letters/causes${query}`, signal)).items;
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
  const wish: Wire<'BulkWish'> = {
    action,
    target: 'dead-letters',
    filter: { cause, ...(queue && { queue }) },
    dry_run: false,
    expected: count,
  };
  await postJson('/bulk-operations', wish);
}
