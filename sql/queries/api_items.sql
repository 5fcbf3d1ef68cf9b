-- Single things, as JSON.

-- name: api_input
-- $1 id
select input_json(i, q)::text, i.digest, i.filename, i.status
  from pending_inputs i left join queues q on q.name = i.queue where i.id = $1

-- name: api_plan
-- $1 id
select plan_json(p, q)::text, p.plan_digest, p.status, coalesce(p.build_id, 0)
  from plans p left join queues q on q.name = p.queue where p.id = $1

-- name: api_build
-- $1 id
select build_json(b, p)::text, coalesce(b.manifest_digest, ''), b.status, b.plan_id
  from builds b join plans p on p.id = b.plan_id where b.id = $1

-- name: api_archive
-- $1 build, $2 digests of its artifacts. Gives (when it ended in seconds of the epoch, one of them that is gone or '').
select extract(epoch from coalesce(b.finished_at, b.started_at))::bigint,
       coalesce((select d from unnest($2::text[]) d where not exists (select from blobs x where x.digest = d) limit 1), '')
  from builds b where b.id = $1

-- name: api_job
-- $1 id
select job_json(j)::text, j.status from jobs j where j.id = $1

-- name: api_build_jobs
-- $1 build, $2 only positions after this, $3 limit. Gives (position, JSON).
select j.position, job_json(j)::text from jobs j where j.build_id = $1 and j.position > $2 order by j.position limit $3

-- name: api_build_jobs_total
-- $1 build
select count(*) from jobs where build_id = $1

-- name: api_planned_jobs
-- $1 plan, $2 its document, $3 only positions after this, $4 limit. Gives (position, JSON, number of all jobs).
select (n - 1)::int, planned_job_json($1::bigint, job, (n - 1)::int)::text, jsonb_array_length($2::jsonb -> 'jobs')
  from jsonb_array_elements($2::jsonb -> 'jobs') with ordinality as j (job, n)
 where n - 1 > $3::int order by n limit $4

-- name: api_attempt
-- $1 job, $2 attempt number or null for the latest. Gives (attempt id, ended).
select id, ended_at is not null from job_attempts
 where job_id = $1 and ($2::int is null or n = $2) order by n desc limit 1

-- name: api_was_pruned
-- $1 table, $2 id that it has no row of
select exists (select from pruned where table_name = $1 and up_to >= $2)

-- The explain statements give one object: `items` is all that keeps the item from being taken, in the order in which it
-- would be noticed; `eligible`: a worker takes it now; `position` in its queue, counted up to 10000, while it is in one.

-- name: api_explain_input
-- $1 id
select jsonb_build_object(
    'items', input_blockers(i, q), 'eligible', i.status = 'pending' and input_blockers(i, q) = '[]',
    'position', case when i.queued_at is not null then inputs_position(i.queue, i.queued_at, i.id) end)::text
  from pending_inputs i left join queues q on q.name = i.queue where i.id = $1

-- name: api_explain_plan
-- $1 id
select jsonb_build_object(
    'items', plan_blockers(p, q), 'eligible', p.status = 'ready_for_build' and plan_blockers(p, q) = '[]',
    'position', case when p.queued_at is not null then plans_position(p.queue, p.queued_at, p.id) end)::text
  from plans p left join queues q on q.name = p.queue where p.id = $1

-- name: api_explain_build
-- $1 id. An open build is taken with its plan.
select jsonb_build_object(
    'items', case when b.status = 'building' then case when p.status = 'ready_for_build' then plan_blockers(p, q) else '[]' end
                  when b.status = 'built' then '[]' else jsonb_build_array(build_reason(b, p)) end,
    'eligible', b.status = 'building' and p.status = 'ready_for_build' and plan_blockers(p, q) = '[]', 'position', null)::text
  from builds b join plans p on p.id = b.plan_id left join queues q on q.name = b.queue where b.id = $1

-- name: api_explain_job
-- $1 id. Its own reason; then those of the jobs it needs that have not succeeded, and of its plan while no host builds it.
-- A job that is ready while its plan is built waits for a slot, else the host would have started it.
with j as materialized (select * from jobs where id = $1),
b as materialized (
  select p.status, plan_blockers(p, q) as waits, q.job_slots, q.name
    from j join plans p on p.id = j.plan_id left join queues q on q.name = p.queue),
w as (
  select 1 as n, 0 as pos, job_reason(j::jobs) as r from j
  union all
  select 2, d.position, job_reason(d) || jsonb_build_object('job_id', d.id, 'job', d.name)
    from j join jobs d on d.build_id = j.build_id and d.name = any (j.needs)
   where j.status in ('blocked', 'dep_failed') and d.status not in ('succeeded', 'cached')
  union all
  select 3, o::int, r from j, b, jsonb_array_elements(b.waits) with ordinality as e (r, o)
   where j.status in ('blocked', 'ready') and b.status <> 'building'
  union all
  select 4, 0, reason_json('limit', format('Queue %s has no job slots.', b.name), 'Raise job_slots.', null) from j, b
   where j.status in ('blocked', 'ready') and b.job_slots = 0)
select jsonb_build_object(
    'items', coalesce((select jsonb_agg(r order by n, pos) filter (where r is not null) from w), '[]'),
    'eligible', j.status = 'ready' and is_due(j.not_before) and b.status = 'building' and b.job_slots > 0,
    'position', null)::text
  from j, b
