import { useQuery } from '@tanstack/preact-query';
import { getJson, postJson } from './api';
import { cache, fixed } from './cache';
import type { Wire } from './wire';

/** Who the host takes this browser for. `name` is null when nobody signed in. */
export type Caller = Wire<'Caller'>;

export const callerKey = [fixed, 'me'];

export const useCaller = () =>
  useQuery({
    queryKey: callerKey,
    queryFn: ({ signal }) => getJson<Caller>('/me', signal),
    staleTime: Infinity,
  });

/** Whether somebody may make tokens, which are for the whole host. */
export const isAdmin = ({ access, role, queues }: Caller): boolean =>
  access === 'token' && role === 'admin' && queues === null;

/** With a token, or with what follows # in a login link. The host answers with a cookie. */
export async function signIn(key: string): Promise<void> {
  const caller = await postJson<Caller>('/login', { key });
  // An answer that is on its way is about the browser before this.
  await cache.cancelQueries({ queryKey: callerKey });
  cache.setQueryData(callerKey, caller);
}

export async function signOut(): Promise<void> {
  await postJson<unknown>('/logout');
  cache.clear();
  location.assign('/');
}

/** The key that a login link brought, once: it does not stay in the address or the history. */
export function takeLoginKey(): string | null {
  if (location.pathname !== '/login') return null;
  const key = location.hash.slice(1);
  history.replaceState(null, '', '/');
  return key || null;
}
