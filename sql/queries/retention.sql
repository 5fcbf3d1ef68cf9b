-- Prune and collect. Every writing statement here is one slice of at most a second: an open writer holds back readers of
-- events.

-- name: retention_lock
-- True if this session is from now on the one that deletes; one host at a time does.
select pg_try_advisory_lock(7211504)

-- name: retention_unlock
select pg_advisory_unlock(7211504)

-- name: retention_without_time_limit
-- Looking for what nobody reaches reads whole tables; it holds nobody up.
select set_config('statement_timeout', '0', false), set_config('idle_in_transaction_session_timeout', '0', false)

-- name: prunable_plan_ids
-- $1 queue, $2 age in seconds or null, $3 how many of the newest to keep, $4 only ids above, $5 limit
select id from prunable_plans($1, $2::float8, $3) where id > $4 order by id limit $5

-- name: lock_pruned_plans
-- $1 ids. Those that are still over stay so until the end of the transaction.
select id from plans
 where id = any ($1::bigint[]) and status in ('built', 'failed', 'superseded', 'cancelled') and queued_at is null
 order by id for update skip locked

-- name: prune_jobs
-- $1 plans, $2 limit. Gives (jobs, ids of their attempts).
with j as (
  select j.id from builds b join jobs j on j.build_id = b.id where b.plan_id = any ($1::bigint[]) limit $2),
a as (delete from job_attempts where job_id in (select id from j) returning id),
d as (delete from jobs where id in (select id from j) returning id)
select (select count(*) from d) as jobs, coalesce((select string_agg(id::text, ',') from a), '') as attempts

-- name: prune_plans
-- $1 plans without jobs. Gives (plans, builds).
with b as (delete from builds where plan_id = any ($1::bigint[]) returning id),
p as (delete from plans where id = any ($1::bigint[]) returning id)
select (select count(*) from p) as plans, (select count(*) from b) as builds

-- name: prune_inputs
-- $1 queue, $2 age in seconds or null, $3 how many of the newest to keep, $4 limit. Gives their names.
with i as (
  select id from prunable_inputs($1, $2::float8, $3) i
   where not exists (select from plans p where p.pending_input_id = i.id) order by id limit $4),
l as (
  select id from pending_inputs
   where id in (select id from i) and status in ('planned', 'failed', 'superseded', 'cancelled') and queued_at is null
   order by id for update skip locked)
delete from pending_inputs where id in (select id from l) returning filename

-- name: forgettable_files
-- $1 queue, $2 names: which of them no input is left of. Gives (name, stat signature). Locked, so that forget_files,
-- which looks again, sees what intake records of them in this moment.
select filename, stat from source_files s
 where queue = $1 and filename = any ($2::text[])
   and not exists (select from pending_inputs i where i.queue = s.queue and i.filename = s.filename)
 order by filename for update

-- name: forget_files
-- $1 queue, $2 names
delete from source_files s
 where queue = $1 and filename = any ($2::text[])
   and not exists (select from pending_inputs i where i.queue = s.queue and i.filename = s.filename)

-- name: prunable_counts
-- $1 queue, $2 age of inputs or null, $3 age of plans or null, $4 keep. Gives (inputs, plans, builds, jobs, attempts).
with p as materialized (select id from prunable_plans($1, $3::float8, $4)),
b as materialized (select id from builds where plan_id in (select id from p)),
j as materialized (select id from jobs where build_id in (select id from b))
select (select count(*) from prunable_inputs($1, $2::float8, $4) i
         where not exists (select from plans x where x.pending_input_id = i.id and x.id not in (select id from p))) as inputs,
       (select count(*) from p) as plans, (select count(*) from b) as builds, (select count(*) from j) as jobs,
       (select count(*) from job_attempts where job_id in (select id from j)) as attempts

-- name: pruned_event
-- $1 queue, $2 body
insert into events (queue, subject, type, body) values ($1, 'queue/' || $1, 'queue.pruned', $2::jsonb)

-- name: make_event_partitions
-- $1 width in seconds, $2 how many ahead
select make_event_partitions($1, $2)

-- name: drop_event_partitions
-- $1 age in seconds. Gives (partitions, rows of events_rest).
select * from drop_event_partitions($1)

-- name: prune_idempotency_keys
delete from idempotency_keys
 where key in (select key from idempotency_keys where created_at < now() - interval '1 day' limit 1000)

-- name: prune_dead_letters
-- $1 age of their answers in seconds. Gives how many.
with d as (
  delete from dead_letters
   where id in (select id from dead_letters where answer is not null and answered_at < now() - make_interval(secs => $1)
                 order by answered_at limit 1000)
  returning id)
select count(*) from d

-- name: prune_bulk_operations
-- $1 age of their ends in seconds
delete from bulk_operations where finished_at < now() - make_interval(secs => $1)

-- name: prune_job_durations
delete from job_durations where updated_at < now() - interval '180 days'

-- name: prune_instances
delete from instances where ended_at < now() - interval '30 days'

-- name: spare_blobs
-- Doomed ones that somebody reaches after all.
update blobs b set doomed_at = null
 where doomed_at is not null and exists (select from blob_users u where u.digest = b.digest)

-- name: unreached_blobs
-- $1 grace in seconds, $2 limit. Gives (digest, is its grace over, is it not doomed yet).
select digest, coalesce(doomed_at < now() - make_interval(secs => $1), false) as is_due, doomed_at is null as is_fresh
  from blobs b
 where not exists (select from blob_users u where u.digest = b.digest) limit $2

-- name: doom_blobs
-- $1 digests. It waits for transactions that need one of these now, so whoever looks after it sees their need.
update blobs set doomed_at = now() where digest = any ($1::text[]) and doomed_at is null returning digest

-- name: collect_blobs
-- $1 digests that a look after their doom found unreached, $2 grace in seconds. Gives (digest, size, in the large store).
delete from blobs
 where digest = any ($1::text[]) and doomed_at < now() - make_interval(secs => $2)
returning digest, size, content is null as is_large

-- name: unreached_counts
-- Gives (blobs, bytes, of these past the grace, bytes). $1 grace in seconds.
select count(*) as blobs, coalesce(sum(size), 0) as bytes, count(*) filter (where past) as due,
       coalesce(sum(size) filter (where past), 0) as due_bytes
  from (select size, coalesce(doomed_at < now() - make_interval(secs => $1), false) as past from blobs b
         where not exists (select from blob_users u where u.digest = b.digest)) n

-- name: blobs_among
-- $1 digests: those that have a row
select digest from blobs where digest = any ($1::text[])

-- name: attempts_among
-- $1 ids: those that have a row
select id from job_attempts where id = any ($1::bigint[])

-- name: explain_blob
-- $1 digest. Gives (size, in the large store, doomed since).
select size, content is null as is_large, coalesce(rfc3339(doomed_at), '') as doomed_since from blobs where digest = $1

-- name: blob_users_of
-- $1 digest, $2 limit. Gives (kind, id).
select distinct kind, id from blob_users where digest = $1 order by kind, id limit $2
