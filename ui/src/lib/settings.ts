import { ApiError, getJson, getTagged, patchJson, type Tagged } from './api';
import type { Schema } from './schema';
import type { Wire } from './wire';

export type Settings = Record<string, unknown>;

/** Where a value comes from: the default, a line of the config file, or saved through the API. */
export type Source = Wire<'SettingSource'>;

/** Used when the host describes no settings itself: the three that every host has. */
const knownSettings: Schema = {
  type: 'object',
  required: ['watch_dir'],
  properties: {
    auto_plan: {
      type: 'boolean',
      title: 'Plan automatically',
      description: 'A new stable file is planned at once. Off: it waits for “Generate plan”.',
    },
    auto_build: {
      type: 'boolean',
      title: 'Build automatically',
      description: 'A finished plan is built at once. Off: it waits for “Enqueue build”.',
    },
    watch_dir: {
      type: 'string',
      title: 'Watched folder',
      description: 'Files dropped here become inputs. A change takes effect at once.',
      minLength: 1,
    },
  },
};

export const getSettings = (signal?: AbortSignal): Promise<Tagged<Settings>> =>
  getTagged<Settings>('/settings', signal);

/** Saves the given keys only. 412 when the settings changed after `etag` was read. */
export const saveSettings = (patch: Settings, etag: string | null): Promise<Tagged<Settings>> =>
  patchJson<Settings>('/settings', patch, etag);

export const getSettingsSchema = (signal?: AbortSignal): Promise<Schema> =>
  orWhenAbsent(getJson<Schema>('/settings/schema', signal), knownSettings);

export async function getSettingsSources(signal?: AbortSignal): Promise<Wire<'SettingSources'>> {
  return orWhenAbsent(getJson<Wire<'SettingSources'>>('/settings/sources', signal), {});
}

async function orWhenAbsent<T>(answer: Promise<T>, instead: T): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && [404, 405, 501].includes(error.status)) return instead;
    throw error;
  }
}
