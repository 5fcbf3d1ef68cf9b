import { getJson } from './api';
import type { Wire } from './wire';

/** Whether the host takes changes, and why not. */
export type Maintenance = Wire<'Maintenance'>;

export const getMaintenance = (signal?: AbortSignal): Promise<Maintenance> =>
  getJson<Maintenance>('/maintenance', signal);
