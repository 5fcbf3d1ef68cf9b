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
  update pending_inputs i set status = 'pending', queued_at = now(), instance = null, updated_at = now()
    from r where i.id = r.id and i.fence = r.fence and i.status = 'planning' returning i.id, i.queue)
insert into events (queue, subject, type, level, body)
select queue, 'input/' || id, 'input.reclaimed', 'warning', '{"reason":"forgotten"}'::jsonb from u

-- name: release_forgotten_plans
with r as (select * from unnest($1::bigint[], $2::bigint[]) as r (id, fence)),
u as (
  update plans p set status = 'ready_for_build', queued_at = now(), instance = null, updated_at = now()
    from r where p.id = r.id and p.fence = r.fence and p.status = 'building' returning p.id, p.queue)
insert into events (queue, subject, type, level, body)
select queue, 'plan/' || id, 'plan.reclaimed', 'warning', '{"reason":"forgotten"}'::jsonb from u
