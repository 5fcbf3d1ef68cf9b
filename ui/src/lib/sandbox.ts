import { getJson } from './api';
import type { Wire } from './wire';

/** What the host that answers can do with programs it does not trust. */
export type Sandbox = Wire<'Sandbox'>;
/** Something of the machine that keeps programs in their place. */
export type Facility = Sandbox['facilities'][number];

const meanings: Record<Sandbox['level'], string> = {
  none: 'jobs run as plain processes of a user of their own',
  landlock: 'jobs are refused files that are not theirs, and the network',
  namespaces: 'jobs see their own folder, their own processes and no network',
};

export const levelMeaning = (level: Sandbox['level']): string => meanings[level];

export const facilityName = (facility: Facility): string => facility.name.replaceAll('_', ' ');

/** Null: the host does not tell. */
export async function getSandbox(signal?: AbortSignal): Promise<Sandbox | null> {
  const version = await getJson<Wire<'Version'>>('/version', signal);
  return version.sandbox ?? null;
}
