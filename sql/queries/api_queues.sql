-- Queues, settings, instances, and what /metrics reads.

-- name: api_item_counts
-- What it takes whole tables to know, so it is not asked for by each request (control/stage_counts.h). One row for each
-- stage ("plan" counts inputs, "build" plans), queue, status and host.
select 'plan' as stage, queue, status, instance, count(*) as n,
       extract(epoch from now() - min(queued_at) filter (where not_before <= now())) as oldest_seconds,
       count(*) filter (where queued_at is not null and not_before <= now()) as due,
       count(*) filter (where queued_at is not null and not_before > now()) as delayed,
       count(*) filter (where status in ('planned', 'failed') and updated_at > now() - interval '1 minute') as lately
  from pending_inputs group by queue, status, instance
union all
select 'build', queue, status, instance, count(*),
       extract(epoch from now() - min(queued_at) filter (where not_before <= now())),
       count(*) filter (where queued_at is not null and not_before <= now()),
       count(*) filter (where queued_at is not null and not_before > now()),
       count(*) filter (where status in ('built', 'failed') and updated_at > now() - interval '1 minute')
  from plans group by queue, status, instance

-- name: api_running_jobs
-- By queue: how many are in the slots of hosts that live. A host hands out quick jobs in advance, which have no slot yet.
select r.queue, sum(least(r.n, q.job_slots))::bigint as n
  from (select p.queue, p.instance, count(*) as n
          from plans p join instances i on i.id = p.instance and i.ended_at is null
               join jobs j on j.build_id = p.build_id and j.status = 'running'
         where p.status = 'building' group by p.queue, p.instance) r
       join queues q on q.name = r.queue
 group by r.queue

-- name: api_dead_counts
select queue, count(*) filter (where kind = 'input') as inputs, count(*) filter (where kind = 'plan') as plans
  from dead_letters where answer is null group by queue

-- name: api_queues
-- With the number of hosts that plan and that build, and what is taken alone.
select q.*, h.planners, h.builders, input_alone(q.name) as input_alone, plan_alone(q.name) as plan_alone
  from queues q cross join (
    select count(*) filter (where is_live_in(instances, 'plan')) as planners,
           count(*) filter (where is_live_in(instances, 'build')) as builders
      from instances where is_live(instances)) h
 order by q.name

-- name: api_settings
-- $1 queue
select * from queues where name = $1

-- name: api_workers
select id, hostname, pid, roles, version, started_at, heartbeat_at,
       round(extract(epoch from now() - heartbeat_at)::numeric, 3) as heartbeat_age_seconds
  from instances where ended_at is null order by id

-- name: api_failures
-- $1 since (RFC 3339) or null for a day, $2 window, $3 queues or null. The newest of what failed or was stopped, grouped by
-- its text without numbers.
with f as (
  select 'input' as kind, i.id, coalesce(i.error, '') as error, coalesce(i.reason_code, 'internal') as code,
         i.updated_at as at, i.filename as name
    from (select * from pending_inputs where reason_code is not null order by id desc limit $2) i
   where i.status = 'failed' and ($3::text[] is null or i.queue = any ($3::text[]))
  union all
  select 'job', j.id, j.error, job_code(j::jobs), j.finished_at, j.name
    from (select * from jobs where error is not null order by id desc limit $2) j
   where j.status in ('failed', 'timed_out')
     and ($3::text[] is null or exists (select from builds b where b.id = j.build_id and b.queue = any ($3::text[])))
  union all
  select 'plan', p.id, coalesce(p.error, ''), coalesce(p.reason_code, 'job_failed'), p.updated_at, p.filename
    from (select * from plans where reason_code is not null order by id desc limit $2) p
   where p.status = 'failed' and coalesce(p.reason_code, 'job_failed') <> 'job_failed'
     and ($3::text[] is null or p.queue = any ($3::text[]))),
g as (
  select failure_cause(kind, code, error) as fingerprint, f.*
    from f where at >= coalesce($1::timestamptz, now() - interval '1 day'))
select fingerprint, min(error) as title, min(kind) as kind, count(*) as count, min(at) as first_at, max(at) as last_at,
       min(code) as code,
       to_json((array_agg(jsonb_build_object('kind', kind, 'id', id, 'name', name, 'at', rfc3339(at)) order by at desc))[1:5])
         as samples
  from g group by fingerprint order by count(*) desc, max(at) desc limit 200

-- name: event_lag
-- seconds since the oldest open writing transaction of this database began; it holds the event stream back
select coalesce(extract(epoch from now() - min(xact_start)), 0)::float8
  from pg_stat_activity where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid()
