import { getJson } from './api';

/** Something of the machine that keeps programs in their place. */
export interface Facility {
  name: string;
  works: boolean;
  /** What there is, or why it does not work. */
  detail: string;
}

/** What the host that answers can do with programs it does not trust. */
export interface Sandbox {
  level: 'none' | 'landlock' | 'namespaces';
  facilities: Facility[];
  /** What would make the level higher; empty at the highest. */
  remedy: string;
}

const meanings: Record<Sandbox['level'], string> = {
  none: 'jobs run as plain processes of a user of their own',
  landlock: 'jobs are refused files that are not theirs, and the network',
  namespaces: 'jobs see their own folder, their own processes and no network',
};

export const levelMeaning = (level: Sandbox['level']): string => meanings[level];

export const facilityName = (facility: Facility): string => facility.name.replaceAll('_', ' ');

/** Null: the host does not tell. */
export async function getSandbox(signal?: AbortSignal): Promise<Sandbox | null> {
  const version = await getJson<{ sandbox?: Sandbox }>('/version', signal);
  return version.sandbox ?? null;
}
