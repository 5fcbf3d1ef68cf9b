-- Backup and restore.

-- name: backup_snapshot
-- First in its transaction: all that follows sees one moment, which pg_dump joins.
set transaction isolation level repeatable read, read only

-- name: backup_begin
-- Gives (snapshot, server version as a number, schema of ours).
select pg_export_snapshot() as snapshot, current_setting('server_version_num')::int as server,
       (select max(name) from schema_migrations) as schema

-- name: backup_blobs
-- $1 only digests after this one, $2 limit. Gives (digest, size) of what the large store holds.
select digest, size from blobs where content is null and digest > $1 order by digest limit $2

-- name: restored
-- After the rows came back, in a database whose transactions are numbered from anew: events are put before all that will
-- come and cursors of before are told apart by the epoch, which rises with every restore. No host of before lives. The
-- blobs become a store of their own.
with e as (update events set xid = '1' returning 1),
i as (update instances set ended_at = now() where ended_at is null),
m as (
  update meta set value = case key when 'events_pruned' then '1-0' when 'store_id' then gen_random_uuid()::text
                          else greatest(value::bigint + 1, extract(epoch from now())::bigint)::text end
   where key in ('event_epoch', 'store_id', 'events_pruned'))
select count(*) from e

-- name: restore_target
-- Nothing in this database yet? And the server's version as a number.
select not exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                    where n.nspname = 'public' and c.relkind in ('r', 'p', 'v', 'S')) as is_empty,
       current_setting('server_version_num')::int as server

-- name: restore_starts_over
-- In a database of our own that an interrupted restore was filling.
do $$ begin
  drop schema public cascade;
  create schema public;
end $$
