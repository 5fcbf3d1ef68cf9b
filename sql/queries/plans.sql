-- name: claim_plans
-- $1 ids, $2 instance, $3 queue. A plan whose build is open (after a crash or an infra failure) goes on with it; others
-- get a build row of their own. A row that is not returned is a stale ticket.
with u as (
  update plans
     set status = 'building', queued_at = null, fence = fence + 1, attempt = attempt + 1, instance = $2,
         build_id = case when build_open then build_id else nextval(pg_get_serial_sequence('builds', 'id')) end,
         build_open = true, error = null, reason_code = null, updated_at = now()
   where id = any ($1::bigint[]) and may_be_built(plans) and queue || '' = $3
     and exists (select from instances where id = $2 and is_live(instances))
     and exists (select from queues where name = $3 and builds_now(queues))
  returning id, fence, attempt, max_attempts, plan_digest, job_count, build_id, build_mode, trace_id),
n as (
  insert into builds (id, plan_id, queue, fence, mode, instance, jobs_total)
  select build_id, id, $3, fence, build_mode, $2, job_count from u order by id
  on conflict (id) do update set fence = excluded.fence, instance = excluded.instance),
e as (
  insert into events (queue, subject, type, body)
  select $3, 'plan/' || id, 'plan.building',
         jsonb_build_object('build', build_id, 'attempt', attempt, 'instance', $2::bigint) from u)
select u.id, u.fence, u.attempt, u.max_attempts, u.plan_digest, u.job_count, u.build_id, u.build_mode,
       coalesce(u.trace_id, ''), b.content
  from u left join blobs b on b.digest = u.plan_digest and u.job_count > 0  -- without jobs it is not needed
 order by u.id

-- name: sweep_plans
-- $1 queue, $2 limit
select id from plans
 where queue = $1 and queued_at is not null and not_before <= now() and status = 'ready_for_build'
 order by queued_at, id limit $2

-- name: eligible_plans
-- $1 queue, $2 queued_at and $3 id of the last of the page before, $4 limit. A page of ids that should have a ticket.
select id, queued_at from plans
 where queue = $1 and queued_at is not null and (queued_at, id) > ($2::timestamptz, $3::bigint)
   and not_before <= now() and status = 'ready_for_build'
 order by queued_at, id limit $4

-- name: eligible_plans_count
select count(*) from plans
 where queue = $1 and queued_at is not null and not_before <= now() and status = 'ready_for_build'

-- name: finish_builds
-- Arrays, one entry per finished build: $1 plan, $2 fence, $3 build, $4 plan status (built | failed | cancelled |
-- ready_for_build to go on later), $5 delay in seconds for that, $6 error, $7 reason code, $8 manifest digest,
-- $9 its size, $10 its text or null, $11 jobs done, $12 jobs failed, $13 attempts not to count. $14 queue.
-- A plan that is not returned was lost to another claim.
with r as (
  select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::float8[], $6::text[], $7::text[],
                       $8::text[], $9::bigint[], $10::text[], $11::int[], $12::int[], $13::int[])
    as r (id, fence, build, status, delay, error, reason_code, manifest, size, content, done, failed, uncount)),
u as (
  update plans p
     set status = r.status, build_open = (r.status = 'ready_for_build'), instance = null, cancel_requested = false,
         error = nullif(r.error, ''),
         reason_code = coalesce(nullif(r.reason_code, ''), case when r.status in ('failed', 'cancelled') then 'internal' end),
         attempt = p.attempt - r.uncount,
         queued_at = case when r.status = 'ready_for_build' then now() end,
         not_before = case when r.status = 'ready_for_build' then now() + make_interval(secs => r.delay)
                           else '-infinity'::timestamptz end,
         updated_at = now()
    from r where p.id = r.id and p.fence = r.fence and p.status = 'building'
  returning p.id, r.build, r.status, r.error, r.manifest, r.size, r.content, r.done, r.failed, r.reason_code),
m as (
  insert into blobs (digest, size, content)
  select u.manifest, u.size, convert_to(u.content, 'UTF8') from u where u.manifest <> ''
  on conflict (digest) do update set doomed_at = null where blobs.doomed_at is not null),
b as (
  update builds b
     set status = case when u.status = 'ready_for_build' then 'building' else u.status end,
         manifest_digest = nullif(u.manifest, ''), error = nullif(u.error, ''),
         reason_code = coalesce(nullif(u.reason_code, ''), case when u.status in ('failed', 'cancelled') then 'internal' end),
         jobs_done = u.done, jobs_failed = u.failed,
         finished_at = case when u.status <> 'ready_for_build' then now() end
    from u where b.id = u.build),
e as (
  insert into events (queue, subject, type, level, body)
  select $14, 'plan/' || id, case when status = 'ready_for_build' then 'plan.retry' else 'plan.' || status end,
         case status when 'failed' then 'error' when 'ready_for_build' then 'warning' else 'info' end,
         jsonb_build_object('build', build, 'error', nullif(error, '')) from u)
select id from u

-- name: name_plan_blobs
-- $1 plan, $2 digests that its document names; in the transaction that makes the plan
update plans set blobs = $2::text[] where id = $1

-- name: built_before
-- $1 plans, $2 fences: which of these did an earlier, in-doubt commit of ours already finish?
select p.id from unnest($1::bigint[], $2::bigint[]) as r (id, fence)
  join plans p on p.id = r.id and p.fence = r.fence and p.status <> 'building'

-- name: enqueue_plans
-- $1 ids, $2 force, $3 actor, $4 build mode. Gives (id, queue, outcome, build).
with t as (
  select id, queue, status, queued_at, build_id from plans where id = any ($1::bigint[]) order by id for update),
u as (
  update plans p
     set status = 'ready_for_build', queued_at = now(), not_before = '-infinity', error = null, reason_code = null,
         attempt = case when t.status = 'ready_for_build' then p.attempt else 0 end,
         build_mode = $4, cancel_requested = false, updated_at = now()
    from t
   where p.id = t.id and ((t.status = 'ready_for_build' and t.queued_at is null)
      or t.status in ('failed', 'cancelled', 'superseded') or (t.status = 'built' and $2::boolean))
  returning p.id),
e as (
  insert into events (queue, subject, type, actor, body)
  select t.queue, 'plan/' || u.id, 'plan.queued', $3, jsonb_build_object('mode', $4::text) from u join t using (id))
select t.id, t.queue,
       case when u.id is not null then 'queued' when t.queued_at is not null then 'already_queued' else t.status end,
       coalesce(t.build_id, 0)
  from t left join u using (id) order by t.id

-- name: waiting_plans
-- $1 queue, $2 limit
select id from plans where queue = $1 and status = 'ready_for_build' and queued_at is null order by id limit $2

-- name: release_plans
-- Claims whose instance has ended go back to the queue; their builds stay open. Gives (queue, id).
with u as (
  update plans p
     set status = case when p.attempt >= p.max_attempts then 'failed' else 'ready_for_build' end, instance = null,
         build_open = p.attempt < p.max_attempts,
         queued_at = case when p.attempt >= p.max_attempts then null else now() end,
         error = case when p.attempt >= p.max_attempts
                      then 'The instance that built it died ' || p.attempt || ' times in a row.' end,
         reason_code = case when p.attempt >= p.max_attempts then 'worker_lost' end, updated_at = now()
   where p.status = 'building'
     and not exists (select from instances x where x.id = p.instance and x.ended_at is null)
  returning p.id, p.queue, p.status, p.build_id),
b as (
  update builds b set status = 'failed', error = 'The instances that ran it died.', reason_code = 'worker_lost',
         finished_at = now()
    from u where b.id = u.build_id and u.status = 'failed'),
e as (
  insert into events (queue, subject, type, level, body)
  select queue, 'plan/' || id, case when status = 'failed' then 'plan.failed' else 'plan.reclaimed' end, 'warning',
         '{"reason":"worker_lost"}'::jsonb from u)
select queue, id from u where status = 'ready_for_build'

-- name: my_claimed_plans
select id, fence, queue from plans where status = 'building' and instance = $1

-- name: request_cancel
-- $1 build. Asks the instance that runs it to stop; a plan that only waits is cancelled at once by cancel_waiting_plan.
update plans set cancel_requested = true, updated_at = now()
 where build_id = $1 and status = 'building' returning id

-- name: cancel_waiting_plan
-- $1 plan, $2 actor
with u as (
  update plans set status = 'cancelled', queued_at = null, build_open = false, reason_code = 'cancelled',
         updated_at = now()
   where id = $1 and status = 'ready_for_build' returning id, queue, build_id),
b as (
  update builds b set status = 'cancelled', reason_code = 'cancelled', finished_at = now() from u
   where b.id = u.build_id and b.status = 'building'),
e as (
  insert into events (queue, subject, type, actor) select queue, 'plan/' || id, 'plan.cancelled', $2 from u)
select id from u

-- name: cancel_requests
-- $1 instance: plans of ours that somebody wants stopped
select id from plans where instance = $1 and status = 'building' and cancel_requested
