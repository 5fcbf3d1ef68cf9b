-- Run as text, never prepared: settings of a connection, and the migration frame.

-- name: session_keyed
-- For statements that reach rows by primary key only. Their plans are fixed once: planning such a statement costs more
-- than running it for one item, and statistics of a table that was empty a second ago would choose a full scan.
set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set enable_hashjoin = off;
set enable_mergejoin = off; set enable_bitmapscan = off; set jit = off; set statement_timeout = '60s';
set idle_in_transaction_session_timeout = '5s';
set client_min_messages = warning

-- name: session_queries
set jit = off; set statement_timeout = '30s'; set client_min_messages = warning

-- name: session_snapshot
-- For reading a whole database at one moment: every transaction sees one snapshot and writes nothing.
set default_transaction_isolation = 'repeatable read'; set default_transaction_read_only = on; set jit = off;
set work_mem = '64MB'; set statement_timeout = '600s'; set client_min_messages = warning

-- name: session_migrate_begin
-- One host migrates, the others wait for it.
set client_min_messages = warning; select pg_advisory_lock(7211501);
create table if not exists schema_migrations (name text primary key, at timestamptz not null default now());
select name from schema_migrations order by name

-- name: session_migrate_end
select pg_advisory_unlock(7211501)

-- name: session_note_migration
-- the braces stand for the name of one of our migrations
insert into schema_migrations (name) values ('{}')
