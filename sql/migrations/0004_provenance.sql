-- Provenance: what was known when a statement is asked for, and the statements that were given.

-- Which stages each host ran with: {"version":…, "queues":{"<queue>":{"id","version","digest","settings_digest"}}}, of
-- the builders. Written once when a host joins. It outlives its instance: builds name it by its id.
create table instance_tools (
  instance bigint primary key,
  tools jsonb not null,
  recorded_at timestamptz not null default now()
);

-- A statement is made when somebody asks for it first, from rows that do not change any more, and kept: who asks later
-- gets the same bytes, whatever key or version signs by then. It goes with its build.
create table statements (
  build_id bigint not null references builds on delete cascade,
  artifact text collate "C" not null default '',  -- its path in the manifest; '' = the whole build
  digest text collate "C" not null,               -- of the signed envelope
  key_id text not null,
  made_at timestamptz not null default now(),
  primary key (build_id, artifact)
);

-- Public halves of the keys that hosts of this installation sign with.
create table signing_keys (
  id text primary key,
  public_key text not null,                       -- PEM
  first_used_at timestamptz not null default now(),
  last_used_at timestamptz not null default now()
);

-- Statements reach their blobs, too: one more branch of the view.
do $$ begin
  execute 'create or replace view blob_users as ' || rtrim(pg_get_viewdef('blob_users'::regclass), ';')
    || ' union all select digest, ''statement'', build_id from statements';
end $$;
