-- name: record_inputs
-- Arrays, one entry per stable file: $1 filename, $2 digest, $3 size, $4 small content in hex or null, $5 stat signature,
-- $6 attributes (JSON) or null. $7 queue, $8 source, $9 maximum attempts, $10 supersede older unplanned ones
-- (on_overwrite: latest), $11 trace id or null. Names are distinct within one call. $12 the session that holds the
-- source: in another one nothing is written; null: an upload needs none. $13 instance,
-- $14 how many it may claim for planning at once.
-- Gives (filename, input or 0 when the newest content was the same, generation, queued, claimed).
with q as materialized (
  select name, auto_plan,
         auto_plan and plans_now(queues)
           and exists (select from instances where id = $13 and is_live(instances)) as may_claim
    from queues where name = $7 and ($12::int is null or $12 = pg_backend_pid()) for share),
r as (
  select r.*, q.auto_plan, q.may_claim and r.n <= $14 as claim
    from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[]) with ordinality
      as r (filename, digest, size, content, stat, attributes, n) cross join q),
b as (
  insert into blobs (digest, size, content) select distinct on (digest) digest, size, decode(content, 'hex') from r
  on conflict (digest) do update set doomed_at = null, content = coalesce(excluded.content, blobs.content)
    where blobs.doomed_at is not null or blobs.lost_at is not null),
old as (select s.filename, s.digest from source_files s join r using (filename) where s.queue = $7),
s as (
  insert into source_files as s (queue, filename, digest, generation, stat)
  select $7, filename, digest, 1, stat from r order by filename
  on conflict (queue, filename) do update
    set digest = excluded.digest, stat = excluded.stat, updated_at = now(),
        generation = s.generation + case when s.digest = excluded.digest then 0 else 1 end
  returning s.filename, s.generation),
n as (
  insert into pending_inputs (queue, source, filename, generation, digest, size, attributes, max_attempts, trace_id,
                              queued_at, status, fence, attempt, instance)
  select $7, $8, r.filename, s.generation, r.digest, r.size, r.attributes::jsonb, $9, $11,
         case when r.auto_plan and not r.claim then now() end,
         case when r.claim then 'planning' else 'pending' end, r.claim::int, r.claim::int, case when r.claim then $13 end
    from r join s using (filename) order by r.filename
  on conflict (queue, filename, generation) do nothing
  returning id, filename, generation, queued_at is not null or status = 'planning' as queued,
            status = 'planning' as claimed),
sup as (
  update pending_inputs i set status = 'superseded', queued_at = null, superseded_by = n.id, reason_code = 'superseded',
         updated_at = now()
    from n where $10::boolean and i.queue = $7 and i.filename = n.filename and i.generation < n.generation
     and i.status = 'pending'
  returning i.id, n.id as by_id),
e as (
  insert into events (queue, subject, type, actor, body)
  select $7, 'input/' || id, 'input.recorded', $8,
         jsonb_build_object('filename', filename, 'generation', generation, 'queued', queued) from n
  union all
  select $7, 'input/' || id, 'input.planning', 'host', jsonb_build_object('attempt', 1, 'instance', $13::bigint)
    from n where claimed
  union all
  select $7, 'input/' || id, 'input.superseded', $8, jsonb_build_object('by', by_id) from sup)
select s.filename, coalesce(n.id, 0) as id, s.generation, coalesce(n.queued, false) as queued,
       coalesce(n.claimed, false) as claimed
  from s left join n using (filename)

-- name: known_files
-- $1 queue
select filename, stat from source_files where queue = $1 and stat <> ''

-- name: source_lock
-- $1 queue, $2 source, $3 instance. This session's number if it is the one that polls the source, or null. The lock is
-- the session's: a recorder that lost its connection has lost the source as well and cannot write for it. The session
-- carries the name of the instance, so that whoever declares that dead ends it (end_sessions_of).
select case when exists (select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() and granted
                 and classid = 7211503 and objid = hashtext($1 || chr(1) || $2)::oid)
    or pg_try_advisory_lock(7211503, hashtext($1 || chr(1) || $2)) then pg_backend_pid() end as session,
       set_config('application_name', 'planwright/' || $3::bigint, false)

-- name: source_unlock
-- $1 queue, $2 source, $3 the session that holds it
select pg_advisory_unlock(7211503, hashtext($1 || chr(1) || $2)) where pg_backend_pid() = $3

-- name: source_cursor
select cursor from source_cursors where queue = $1 and source = $2

-- name: source_cursor_set
-- $4 the session that holds the source
insert into source_cursors (queue, source, cursor) select $1, $2, $3 where pg_backend_pid() = $4
on conflict (queue, source) do update set cursor = excluded.cursor

-- name: has_open_inputs
-- $1 queue
select exists (select from pending_inputs where queue = $1 and status in ('pending', 'planning'))

-- name: newest_input
-- $1 queue, $2 filename
select id, digest from pending_inputs where queue = $1 and filename = $2 order by generation desc limit 1

-- name: source_event
-- $1 queue, $2 subject, $3 type, $4 level, $5 body
insert into events (queue, subject, type, level, actor, body) values ($1, $2, $3, $4, 'intake', $5::jsonb)
