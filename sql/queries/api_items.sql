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

-- name: api_explain_input
-- $1 id. Everything that keeps it from being planned, in the order in which it would be noticed.
select coalesce(jsonb_agg(r order by n) filter (where r is not null), '[]')::text
  from pending_inputs i left join queues q on q.name = i.queue
 cross join lateral (values
   (1, input_reason(i, q)),
   (2, case when i.status = 'pending' and i.queued_at is null and q.plan_paused
            then reason_json('queue_paused', 'The queue is paused for planning.', 'Resume the queue.', null) end),
   (3, case when i.status = 'pending' and (i.queued_at is null or i.not_before > now()) and q.plan_workers = 0
            then reason_json('limit', 'The queue has no plan workers.', 'Raise plan_workers.', null) end)) as b (n, r)
 where i.id = $1 group by i.id

-- name: api_explain_plan
-- $1 id. Everything that keeps it from being built.
select coalesce(jsonb_agg(r order by n) filter (where r is not null), '[]')::text
  from plans p left join queues q on q.name = p.queue
 cross join lateral (values
   (1, plan_reason(p, q)),
   (2, case when p.status = 'ready_for_build' and p.queued_at is null and q.build_paused
            then reason_json('queue_paused', 'The queue is paused for building.', 'Resume the queue.', null) end),
   (3, case when p.status = 'ready_for_build' and (p.queued_at is null or p.not_before > now()) and q.build_workers = 0
            then reason_json('limit', 'The queue has no build workers.', 'Raise build_workers.', null) end)) as b (n, r)
 where p.id = $1 group by p.id

-- name: api_explain_build
-- $1 id
select coalesce(jsonb_agg(r) filter (where r is not null and r <> 'null'), '[]')::text
  from builds b join plans p on p.id = b.plan_id cross join lateral (select build_json(b, p) -> 'reason' as r) x
 where b.id = $1 group by b.id

-- name: api_explain_job
-- $1 id: its own reason, then those of the jobs it waits for or that failed it
select coalesce(jsonb_agg(r order by n, pos) filter (where r is not null), '[]')::text
  from (select 1 as n, 0 as pos, job_reason(j) as r from jobs j where j.id = $1
        union all
        select 2, d.position, job_reason(d) || jsonb_build_object('job_id', d.id, 'job', d.name)
          from jobs j join jobs d on d.build_id = j.build_id and d.name = any (j.needs) where j.id = $1) b
having exists (select from jobs where id = $1)
