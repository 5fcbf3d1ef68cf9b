import { deleteAt, getJson, postJson } from './api';
import { dateFromApi } from './reason';
import type { Wire } from './wire';

export type Role = Wire<'Token'>['role'];

/** What lets a person or a program in. Its text is known only to whoever made it. */
export interface Token {
  id: number;
  name: string;
  role: Role;
  /** Null for every queue. */
  queues: string[] | null;
  createdAt: Date | null;
  createdBy: string;
  expiresAt: Date | null;
  /** To the minute. */
  usedAt: Date | null;
  revokedAt: Date | null;
  revokedBy: string | null;
}

/** Each may do what those before it may. */
export const roles: { role: Role; may: string }[] = [
  { role: 'viewer', may: 'reads' },
  { role: 'operator', may: 'uploads, plans, builds, cancels' },
  { role: 'approver', may: 'approves plans' },
  { role: 'admin', may: 'changes settings and tokens' },
];

/** The host's words for how long a token holds; null until it is revoked. */
export const lifetimes: { text: string; value: string | null }[] = [
  { text: '1 day', value: '1d' },
  { text: '7 days', value: '7d' },
  { text: '30 days', value: '30d' },
  { text: '90 days', value: '90d' },
  { text: '1 year', value: '365d' },
  { text: 'Until it is revoked', value: null },
];

export function tokenFromApi(row: Wire<'Token'>): Token {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    queues: row.queues,
    createdAt: dateFromApi(row.created_at),
    createdBy: row.created_by,
    expiresAt: dateFromApi(row.expires_at),
    usedAt: dateFromApi(row.last_used_at),
    revokedAt: dateFromApi(row.revoked_at),
    revokedBy: row.revoked_by,
  };
}

export type TokenState = 'valid' | 'expired' | 'revoked';

export function stateOf({ revokedAt, expiresAt }: Token, now: number): TokenState {
  if (revokedAt) return 'revoked';
  return expiresAt && expiresAt.getTime() <= now ? 'expired' : 'valid';
}

export interface TokenWish {
  name: string;
  role: Role;
  queues: string[] | null;
  lifetime: string | null;
}

export async function listTokens(signal?: AbortSignal): Promise<Token[]> {
  return (await getJson<Wire<'TokenPage'>>('/tokens', signal)).items.map(tokenFromApi);
}

/** Resolves to the token's text, which no later answer has. */
export async function createToken({ lifetime, ...wish }: TokenWish): Promise<string> {
  const body: Wire<'TokenWish'> = { ...wish, ...(lifetime && { expires_in: lifetime }) };
  return (await postJson<Wire<'NewToken'>>('/tokens', body)).token;
}

export const revokeToken = (id: number): Promise<void> => deleteAt(`/tokens/${id}`);
