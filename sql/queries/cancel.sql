-- Cancelling. A person sets the flag `cancel_requested`, and claims refuse flagged rows. The status is written by whoever
-- knows that nothing of the work lives any more: the owner when its programs are gone, and end_cancelled_* for rows that
-- nobody holds, be it that they waited or that their owner died.

-- name: request_cancel_input
-- $1 id, $2 actor. No row: it is finished, or was asked to stop before. The reason code of what waits says so at once:
-- lists by a reason look at rows that have one.
with u as (
  update pending_inputs
     set cancel_requested = true, updated_at = now(),
         reason_code = case status when 'pending' then 'cancelled' else reason_code end
   where id = $1 and status in ('pending', 'planning') and not cancel_requested returning id, queue),
e as (
  insert into events (queue, subject, type, actor) select queue, 'input/' || id, 'input.cancel_requested', $2 from u)
select id from u

-- name: end_cancelled_inputs
-- $1 only this one, or null
with u as (
  update pending_inputs
     set status = 'cancelled', queued_at = null, not_before = '-infinity', cancel_requested = false,
         reason_code = 'cancelled', error = null, details = null, updated_at = now()
   where cancel_requested and status = 'pending' and ($1::bigint is null or id = $1) returning id, queue),
e as (insert into events (queue, subject, type) select queue, 'input/' || id, 'input.cancelled' from u)
select id from u

-- name: cancelled_inputs
-- $1 instance, $2 queue: inputs of ours that somebody wants stopped
select id from pending_inputs where cancel_requested and status = 'planning' and instance = $1 and queue = $2

-- name: end_cancelled_claims
-- $1 ids, $2 fences: inputs that were planned although somebody had cancelled them; finish_planned left them alone
with u as (
  update pending_inputs i
     set status = 'cancelled', instance = null, cancel_requested = false, reason_code = 'cancelled', updated_at = now()
    from unnest($1::bigint[], $2::bigint[]) as r (id, fence)
   where i.id = r.id and i.fence = r.fence and i.status = 'planning' and i.cancel_requested
  returning i.id, i.queue),
e as (insert into events (queue, subject, type) select queue, 'input/' || id, 'input.cancelled' from u)
select id from u

-- name: request_cancel_plan
-- $1 plan, $2 its build, or 0 for whatever it does, $3 actor. No row: there is nothing to stop, or it was asked before.
with u as (
  update plans
     set cancel_requested = true, updated_at = now(),
         reason_code = case status when 'ready_for_build' then 'cancelled' else reason_code end
   where id = $1 and status in ('ready_for_build', 'building') and not cancel_requested
     and ($2::bigint = 0 or (build_id = $2 and build_open))
  returning id, queue, build_id),
e as (
  insert into events (queue, subject, type, actor, body)
  select queue, 'plan/' || id, 'plan.cancel_requested', $3, jsonb_build_object('build', build_id) from u)
select id from u

-- name: end_cancelled_plans
-- $1 only this one, or null. What its build left open ends with it.
with u as (
  update plans
     set status = 'cancelled', queued_at = null, not_before = '-infinity', build_open = false, cancel_requested = false,
         reason_code = 'cancelled', error = null, updated_at = now()
   where cancel_requested and status = 'ready_for_build' and ($1::bigint is null or id = $1)
  returning id, queue, build_id),
b as (
  update builds b set status = 'cancelled', reason_code = 'cancelled', finished_at = now(), instance = null,
         jobs_failed = b.jobs_total - b.jobs_done
    from u where b.id = u.build_id and b.status = 'building' returning b.id, b.queue),
j as (
  update jobs j set status = 'cancelled', class = 'cancelled', error = 'Its build was cancelled.', finished_at = now(),
         cancel_requested = false
    from b where j.build_id = b.id and j.status in ('blocked', 'ready', 'running')
  returning j.id, j.build_id, j.name, b.queue),
a as (
  update job_attempts a set ended_at = now(), status = 'cancelled', class = 'cancelled'
    from j where a.job_id = j.id and a.ended_at is null),
e as (
  insert into events (queue, subject, type, body)
  select queue, 'plan/' || id, 'plan.cancelled', jsonb_build_object('build', build_id) from u
  union all
  select queue, 'job/' || id, 'job.cancelled', jsonb_build_object('build', build_id, 'name', name) from j)
select id from u

-- name: cancelled_plans
-- $1 instance, $2 queue: plans of ours that somebody wants stopped
select id from plans where cancel_requested and status = 'building' and instance = $1 and queue = $2

-- name: request_cancel_job
-- $1 job, $2 actor. No row: it has ended, or was asked to stop before.
with u as (
  update jobs set cancel_requested = true
   where id = $1 and status in ('blocked', 'ready', 'running') and not cancel_requested
  returning id, build_id, name),
e as (
  insert into events (queue, subject, type, actor, body)
  select b.queue, 'job/' || u.id, 'job.cancel_requested', $2, jsonb_build_object('build', u.build_id, 'name', u.name)
    from u join builds b on b.id = u.build_id)
select id from u

-- name: end_cancelled_job
-- $1 job of a build that nobody runs now; what needs it is worked out by the next owner. The lock on the plan's row keeps
-- a claim from reading the jobs meanwhile.
with p as (
  select p.id, p.queue from plans p join jobs j on j.plan_id = p.id and j.build_id = p.build_id
   where j.id = $1 and p.status = 'ready_for_build' for update of p),
u as (
  update jobs j set status = 'cancelled', class = 'cancelled', error = 'Somebody cancelled it.', cancel_requested = false,
         finished_at = now()
    from p where j.id = $1 and j.cancel_requested and j.status in ('blocked', 'ready')
  returning j.id, j.build_id, j.name, p.queue)
insert into events (queue, subject, type, body)
select queue, 'job/' || id, 'job.cancelled', jsonb_build_object('build', build_id, 'name', name) from u

-- name: cancelled_jobs
-- $1 instance, $2 queue: jobs of our builds that somebody wants stopped. Gives (build, position).
select j.build_id, j.position
  from jobs j join builds b on b.id = j.build_id and b.status = 'building' and b.instance = $1 and b.queue = $2
 where j.cancel_requested and j.status in ('blocked', 'ready', 'running')
