// Settings: their schema, what is refused, and what a patch of a queue changes.
import { statSync } from 'node:fs';
import { Problem } from './http.mjs';

export const settingsSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Settings',
  type: 'object',
  required: ['auto_plan', 'auto_build', 'watch_dir'],
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

function isFolder(path) {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

export function checkSettings(world, patch, ifMatch) {
  const etag = `"${world.revision}"`;
  if (ifMatch && ifMatch !== etag) {
    throw new Problem(412, 'Settings have changed', 'Someone saved other settings in between.', {
      current_etag: etag,
      changed_by: 'ana',
    });
  }
  const wrong = [];
  for (const [key, value] of Object.entries(patch)) {
    if (!(key in settingsSchema.properties)) wrong.push([key, 'is not a setting']);
    else if (key === 'watch_dir' && !isFolder(value))
      wrong.push([key, 'is not a folder that can be read']);
    else if (key !== 'watch_dir' && typeof value !== 'boolean')
      wrong.push([key, 'must be a boolean']);
  }
  if (wrong.length === 0) return;
  throw new Problem(422, 'Settings are not valid', 'One value was refused; nothing was saved.', {
    errors: wrong.map(([key, detail]) => ({ pointer: `/${key}`, detail })),
  });
}

export function patchQueue(world, patch) {
  const pools = { plan_workers: ['plan', 'workers'], build_workers: ['build', 'workers'] };
  const { apply_to_waiting: applies, ...changes } = patch;
  for (const [key, value] of Object.entries(changes)) {
    if (key === 'auto_plan' || key === 'auto_build') {
      world.changeSettings({ [key]: value });
      if (value && applies) world.applyToWaiting(key === 'auto_plan' ? 'plan' : 'build');
    } else if (key === 'job_slots' || pools[key]) {
      const [stage, field] = pools[key] ?? ['build', 'jobSlots'];
      world.stages[stage][field] = value;
      world.emit('queue.changed', 'queue/default', `${key} is now ${value}`);
    } else {
      throw new Problem(422, 'Not valid', 'Nothing was changed.', {
        errors: [{ pointer: `/${key}`, detail: 'is not known' }],
      });
    }
  }
}
