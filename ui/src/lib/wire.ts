import type { components } from './api_types';

type Schemas = components['schemas'];

/** What the host sends or takes, by its name in openapi.json. */
export type Wire<Name extends keyof Schemas> = Schemas[Name];

/** One page of a list of any kind. */
export type WirePage<Item> = Omit<Wire<'PlanPage'>, 'items'> & { items: Item[] };
