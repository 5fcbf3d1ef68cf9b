-- What people and programs show to be let in. Only the SHA-256 of each is kept: they are random, 256 bits long, so nobody
-- finds one from its digest.
--   token    for programs, until it is revoked or expires
--   session  of a browser that signed in; the cookie carries it
--   link     signs a browser in, once
create table access_keys (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('token', 'session', 'link')),
  digest text collate "C" not null unique,
  name text not null,                             -- of the caller, as events show it
  role text not null check (role in ('viewer', 'operator', 'approver', 'admin')),
  queues text[],                                  -- null: every queue
  parent bigint references access_keys (id) on delete cascade,  -- the token that it was made from, and ends with
  parent_file text not null default '',           -- or the digest of one in a file
  created_at timestamptz not null default now(),
  created_by text not null,
  expires_at timestamptz,
  last_used_at timestamptz,                       -- to the minute
  ended_at timestamptz,                           -- revoked, used up or signed out
  ended_by text,
  check (kind = 'token' or expires_at is not null)
);
create unique index access_keys_names on access_keys (name) where kind = 'token' and ended_at is null;
create index access_keys_expired on access_keys (expires_at) where kind <> 'token';  -- access_forget
