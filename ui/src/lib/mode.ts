import { getReadiness } from './api';
import type { Wire } from './wire';

/** What the host works without at the moment. */
export type Mode = NonNullable<Wire<'Readiness'>['mode']>;

export async function getMode(signal?: AbortSignal): Promise<Mode> {
  return (await getReadiness(signal)).mode ?? 'normal';
}

/** What people should know about it; nothing if all is well. */
export const modeWords: Record<Mode, { title: string; detail: string } | null> = {
  normal: null,
  redis_away: {
    title: 'Redis is away.',
    detail: 'Work goes on through Postgres, only slower. Nothing is lost.',
  },
  postgres_away: {
    title: 'Postgres is away.',
    detail:
      'Running jobs go on and their results are held; nothing new starts. All goes on by itself when it is back.',
  },
};
