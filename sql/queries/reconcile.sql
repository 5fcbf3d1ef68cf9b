-- name: reconcile_lock
-- $1 milliseconds. True if this session is (already, or from now on) the one that puts things right. The server ends
-- the session, and with it the lock, when it hears nothing for so long: a host that is stopped or cut off makes way.
select exists (select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() and objid = 7211502 and granted)
    or pg_try_advisory_lock(7211502),
       set_config('idle_session_timeout', $1, false)

-- name: release_forgotten_inputs
-- $1 ids, $2 fences: claims of ours that no thread knows any more
with r as (select * from unnest($1::bigint[], $2::bigint[]) as r (id, fence)),
u as (
  update pending_inputs i
     set status = 'pending', queued_at = now(), instance = null, updated_at = now(),
         reason_code = case when i.cancel_requested then 'cancelled' else i.reason_code end
    from r where i.id = r.id and i.fence = r.fence and i.status = 'planning' returning i.id, i.queue)
insert into events (queue, subject, type, level, body)
select queue, 'input/' || id, 'input.reclaimed', 'warning', '{"reason":"forgotten"}'::jsonb from u

-- name: release_forgotten_plans
with r as (select * from unnest($1::bigint[], $2::bigint[]) as r (id, fence)),
u as (
  update plans p
     set status = 'ready_for_build', queued_at = now(), instance = null, updated_at = now(),
         reason_code = case when p.cancel_requested then 'cancelled' else p.reason_code end
    from r where p.id = r.id and p.fence = r.fence and p.status = 'building' returning p.id, p.queue)
insert into events (queue, subject, type, level, body)
select queue, 'plan/' || id, 'plan.reclaimed', 'warning', '{"reason":"forgotten"}'::jsonb from u

-- name: next_to_plan
-- $1 queue. The input that is to be claimed next: what is planned alone, else the oldest; and whether it is alone. None
-- while one is planned alone.
select coalesce(a.id, d.id) as id, a.id is not null as alone
  from (select input_alone($1) as id) a
  left join due_inputs($1, '-infinity', 0, 1, false) d on a.id is null
 where coalesce(a.id, d.id) is not null
   and not exists (select from pending_inputs x where x.alone and x.queue || '' = $1 and x.status = 'planning')
   and exists (select from queues q where q.name = $1 and plans_now(q))

-- name: next_to_build
-- $1 queue
select coalesce(a.id, d.id) as id, a.id is not null as alone
  from (select plan_alone($1) as id) a
  left join due_plans($1, '-infinity', 0, 1, false) d on a.id is null
 where coalesce(a.id, d.id) is not null
   and not exists (select from plans x where x.alone and x.queue || '' = $1 and x.status = 'building')
   and exists (select from queues q where q.name = $1 and builds_now(q))

-- name: planning_now
-- $1 queue, $2 milliseconds: inputs that are being planned for less than that, and how many there is room for
select (select count(*) from pending_inputs
         where queue = $1 and status = 'planning' and updated_at > now() - make_interval(secs => $2::float8 / 1000)) as running,
       q.plan_workers * (select count(*) from instances where is_live_in(instances, 'plan')) as room
  from queues q where q.name = $1

-- name: building_now
-- $1 queue
select (select count(*) from plans where queue = $1 and status = 'building') as running,
       q.build_workers * (select count(*) from instances where is_live_in(instances, 'build')) as room
  from queues q where q.name = $1
