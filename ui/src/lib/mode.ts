import { getReadiness } from './api';

/** What the host works without at the moment. */
export type Mode = 'normal' | 'redis_away' | 'postgres_away';

export async function getMode(signal?: AbortSignal): Promise<Mode> {
  const { mode } = await getReadiness(signal);
  return mode === 'redis_away' || mode === 'postgres_away' ? mode : 'normal';
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
