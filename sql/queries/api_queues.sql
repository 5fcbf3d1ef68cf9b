-- Queues, settings, instances, and what /metrics reads.

-- name: api_queues
-- $1 plugins by queue: {"default": {"plan": […], "build": […]}}. One object for each queue, by name.
with i as (
  select queue, jsonb_object_agg(status, n) as by_status, sum(due) as due, sum(delayed) as delayed, sum(running) as running,
         sum(lately) as lately, min(oldest) as oldest
    from (select queue, status, count(*) as n,
                 count(*) filter (where queued_at is not null and not_before <= now()) as due,
                 count(*) filter (where queued_at is not null and not_before > now()) as delayed,
                 count(*) filter (where status = 'planning') as running,
                 count(*) filter (where status in ('planned', 'failed')
                                    and updated_at > now() - interval '1 minute') as lately,
                 min(queued_at) filter (where not_before <= now()) as oldest
            from pending_inputs group by queue, status) s group by queue),
p as (
  select queue, jsonb_object_agg(status, n) as by_status, sum(due) as due, sum(delayed) as delayed, sum(running) as running,
         sum(lately) as lately, min(oldest) as oldest
    from (select queue, status, count(*) as n,
                 count(*) filter (where queued_at is not null and not_before <= now()) as due,
                 count(*) filter (where queued_at is not null and not_before > now()) as delayed,
                 count(*) filter (where status = 'building') as running,
                 count(*) filter (where status in ('built', 'failed')
                                    and updated_at > now() - interval '1 minute') as lately,
                 min(queued_at) filter (where not_before <= now()) as oldest
            from plans group by queue, status) s group by queue),
j as (
  select p.queue, count(*) as running from plans p join jobs j on j.build_id = p.build_id and j.status = 'running'
   where p.status = 'building' group by p.queue),
d as (
  select queue, count(*) filter (where kind = 'input') as inputs, count(*) filter (where kind = 'plan') as plans
    from dead_letters where answer is null group by queue),
hosts as (
  select count(*) filter (where 'plan' = any (string_to_array(roles, ','))) as plan,
         count(*) filter (where 'build' = any (string_to_array(roles, ','))) as build
    from instances where ended_at is null)
select q.name, jsonb_build_object(
  'name', q.name, 'auto_plan', q.auto_plan, 'auto_build', q.auto_build, 'watch_dir', q.watch_dir,
  'plan_workers', q.plan_workers, 'build_workers', q.build_workers, 'job_slots', q.job_slots, 'revision', q.revision,
  'plan', jsonb_build_object(
    'list', case q.name when 'default' then 'plan_queue' else 'plan_queue:' || q.name end,
    'paused', q.plan_paused, 'reason', nullif(q.plan_held, ''), 'depth', coalesce(i.due, 0),
    'running', coalesce(i.running, 0), 'delayed', coalesce(i.delayed, 0), 'dead', coalesce(d.inputs, 0),
    'oldest_seconds', floor(extract(epoch from now() - i.oldest))::bigint, 'workers', q.plan_workers * hosts.plan,
    'workers_per_host', q.plan_workers, 'busy', coalesce(i.running, 0),
    'plugins', coalesce($1::jsonb #> array[q.name, 'plan'], '[]'), 'rate_per_minute', coalesce(i.lately, 0)),
  'build', jsonb_build_object(
    'list', case q.name when 'default' then 'build_queue' else 'build_queue:' || q.name end,
    'paused', q.build_paused, 'reason', nullif(q.build_held, ''), 'depth', coalesce(p.due, 0),
    'running', coalesce(p.running, 0), 'delayed', coalesce(p.delayed, 0), 'dead', coalesce(d.plans, 0),
    'oldest_seconds', floor(extract(epoch from now() - p.oldest))::bigint, 'workers', q.build_workers * hosts.build,
    'workers_per_host', q.build_workers, 'busy', coalesce(p.running, 0),
    'plugins', coalesce($1::jsonb #> array[q.name, 'build'], '[]'), 'rate_per_minute', coalesce(p.lately, 0),
    'job_slots', q.job_slots * hosts.build, 'job_slots_per_host', q.job_slots, 'jobs_running', coalesce(j.running, 0)),
  'inputs', '{"pending": 0, "planning": 0, "planned": 0, "failed": 0}'::jsonb || coalesce(i.by_status, '{}'),
  'plans', '{"ready_for_build": 0, "building": 0, "built": 0, "failed": 0}'::jsonb || coalesce(p.by_status, '{}'))::text
  from queues q cross join hosts left join i on i.queue = q.name left join p on p.queue = q.name
  left join j on j.queue = q.name left join d on d.queue = q.name
 order by q.name

-- name: api_settings
-- $1 queue, $2 locked keys
select settings_json(q, $2::text[])::text, revision, changed_by, rfc3339(changed_at), overrides::text
  from queues q where name = $1

-- name: api_workers
select jsonb_build_object(
  'id', x.id, 'hostname', x.hostname, 'pid', x.pid, 'roles', to_jsonb(string_to_array(x.roles, ',')),
  'version', x.version, 'started_at', rfc3339(x.started_at), 'heartbeat_at', rfc3339(x.heartbeat_at),
  'heartbeat_age_seconds', round(extract(epoch from now() - x.heartbeat_at)::numeric, 3),
  'planning', (select count(*) from pending_inputs i where i.status = 'planning' and i.instance = x.id),
  'building', (select count(*) from plans p where p.status = 'building' and p.instance = x.id))::text
  from instances x where x.ended_at is null order by x.id

-- name: api_failures
-- $1 since (RFC 3339) or null for a day, $2 window. Failures among the newest rows, grouped by their text without numbers.
with f as (
  select 'input' as kind, i.id, coalesce(i.error, 'Planning failed.') as error, coalesce(i.reason_code, 'internal') as code,
         i.updated_at as at, i.filename as name
    from (select * from pending_inputs order by id desc limit $2) i where i.status = 'failed'
  union all
  select 'job', j.id, coalesce(j.error, 'The job failed.'), job_code(j::jobs), j.finished_at, j.name
    from (select * from jobs order by id desc limit $2) j where j.status in ('failed', 'timed_out')
  union all
  select 'plan', p.id, coalesce(p.error, 'The build failed.'), coalesce(p.reason_code, 'job_failed'), p.updated_at, p.filename
    from (select * from plans order by id desc limit $2) p
   where p.status = 'failed' and coalesce(p.reason_code, 'job_failed') <> 'job_failed'),
g as (
  select failure_cause(kind, code, error) as fingerprint, f.*
    from f where at >= coalesce($1::timestamptz, now() - interval '1 day'))
select jsonb_build_object(
  'fingerprint', fingerprint, 'title', min(error), 'kind', min(kind), 'count', count(*),
  'first_at', rfc3339(min(at)), 'last_at', rfc3339(max(at)),
  'reason', reason_json(min(code), min(error), failure_hint(min(code), 'the button'), min(at)),
  'samples', (array_agg(jsonb_build_object('kind', kind, 'id', id, 'name', name, 'at', rfc3339(at)) order by at desc))[1:5])::text
  from g group by fingerprint order by count(*) desc, max(at) desc limit 200

-- name: event_lag
-- seconds since the oldest open writing transaction of this database began; it holds the event stream back
select coalesce(extract(epoch from now() - min(xact_start)), 0)::float8
  from pg_stat_activity where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid()
