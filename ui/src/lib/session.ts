import { getJson, postJson } from './api';
import { cache, fixed } from './cache';
import type { Wire } from './wire';

/** Who the host takes this browser for. `name` is null when nobody signed in. */
export type Caller = Wire<'Caller'>;

export const callerKey = [fixed, 'me'];

export const getCaller = (signal?: AbortSignal): Promise<Caller> => getJson<Caller>('/me', signal);

/** With a token, or with what follows # in a login link. The host answers with a cookie. */
export async function signIn(key: string): Promise<void> {
  cache.setQueryData(callerKey, await postJson<Caller>('/login', { key }));
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
