-- Settings of a connection, and the frame of migrations. Statements named session_* are run as text, never prepared.

-- name: session_start
-- What every session relies on, whatever the server, the database or the user's role say. The braces stand for the schema
-- of the functions; it comes last, as tables are made in the first. `jit` costs more than it brings: all answers are small.
-- Whether a session may write is not set here: a server that is read-only is so for a reason (store/sql_trouble.h).
-- What is committed must be durable, triggers must fire, and a transaction may take its time (Postgres 17 has a limit). The
-- last three are only set where they have to be: not everybody may set the one of triggers, and how many servers make a
-- commit durable is the administrator's choice.
-- The settings of a workload follow in the same message, and its answer is that of session_room.
set search_path = public, {}; set client_encoding = 'UTF8'; set standard_conforming_strings = on;
set bytea_output = 'hex'; set TimeZone = 'UTC'; set DateStyle = 'ISO, YMD'; set IntervalStyle = 'postgres';
set extra_float_digits = 1; set client_min_messages = warning; set jit = off; set array_nulls = on;
set transform_null_equals = off; set default_transaction_isolation = 'read committed';
set default_transaction_deferrable = off; set plan_cache_mode = auto; set lock_timeout = 0; set idle_session_timeout = 0;
set idle_in_transaction_session_timeout = '10min';
select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off';
select set_config('session_replication_role', 'origin', false) where current_setting('session_replication_role') <> 'origin';
select set_config('transaction_timeout', '0', false) where current_setting('transaction_timeout', true) <> '0'

-- name: session_keyed
-- For statements that reach rows by primary key only. Their plans are fixed once: planning such a statement costs more
-- than running it for one item, and statistics of a table that was empty a second ago would choose a full scan.
set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set enable_hashjoin = off;
set enable_mergejoin = off; set enable_bitmapscan = off; set statement_timeout = '60s';
set idle_in_transaction_session_timeout = '5s'

-- name: session_queries
set statement_timeout = '30s'

-- name: session_snapshot
-- For reading a whole database at one moment: every transaction sees one snapshot and writes nothing.
set default_transaction_isolation = 'repeatable read'; set default_transaction_read_only = on;
set work_mem = '64MB'; set statement_timeout = '600s'; set idle_in_transaction_session_timeout = 0

-- name: session_room
show max_connections

-- name: session_may_write
show transaction_read_only

-- name: session_process
select pg_backend_pid()

-- name: session_begin
begin

-- name: session_migrate_begin
-- One host migrates, the others wait for it.
select pg_advisory_lock(7211501);
create table if not exists schema_migrations (name text primary key, at timestamptz not null default now());
select name from schema_migrations order by name

-- name: session_migrate_end
select pg_advisory_unlock(7211501)

-- name: session_note_migration
-- the braces stand for the name of one of our migrations
insert into schema_migrations (name) values ('{}')

-- name: session_functions_begin
-- The braces stand for the schema of the functions. What is there of it is not whole.
drop schema if exists {0} cascade; create schema {0}; set local search_path = {0}, public

-- name: function_count
-- $1 schema
select count(*) from pg_proc where pronamespace = to_regnamespace($1)
