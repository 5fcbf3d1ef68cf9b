-- Queues, settings, instances, and what /metrics reads.

-- name: api_counts
-- What it takes whole tables to know, so it is not asked for by each request (control/stage_counts.h):
-- {"queues": {NAME: {"plan": {"depth", "running", …}, "build": …, "inputs": {STATUS: n}, "plans": {STATUS: n}}},
--  "hosts": {ID: {"planning", "building"}}}
with i as materialized (
  select queue, status, instance, count(*) as n, min(queued_at) filter (where not_before <= now()) as oldest,
         count(*) filter (where queued_at is not null and not_before <= now()) as due,
         count(*) filter (where queued_at is not null and not_before > now()) as delayed,
         count(*) filter (where status in ('planned', 'failed') and updated_at > now() - interval '1 minute') as lately
    from pending_inputs group by queue, status, instance),
p as materialized (
  select queue, status, instance, count(*) as n, min(queued_at) filter (where not_before <= now()) as oldest,
         count(*) filter (where queued_at is not null and not_before <= now()) as due,
         count(*) filter (where queued_at is not null and not_before > now()) as delayed,
         count(*) filter (where status in ('built', 'failed') and updated_at > now() - interval '1 minute') as lately
    from plans group by queue, status, instance),
stages as (
  select 'plan' as stage, 'inputs' as items, * from i union all select 'build', 'plans', * from p),
statuses as (
  select queue, items, jsonb_object_agg(status, n) as of_it
    from (select queue, items, status, sum(n) as n from stages group by queue, items, status) s group by queue, items),
sums as (
  select queue, stage, jsonb_build_object(
           'depth', sum(due), 'delayed', sum(delayed), 'oldest', min(oldest), 'rate_per_minute', sum(lately),
           'running', coalesce(sum(n) filter (where status in ('planning', 'building')), 0)) as of_it
    from stages group by queue, stage),
slots as (
  select p.queue, jsonb_build_object('running', count(*)) as of_it
    from plans p join jobs j on j.build_id = p.build_id and j.status = 'running'
   where p.status = 'building' group by p.queue),
dead as (
  select queue, jsonb_build_object('plan', count(*) filter (where kind = 'input'),
                                   'build', count(*) filter (where kind = 'plan')) as of_it
    from dead_letters where answer is null group by queue),
parts as (
  select queue, items as part, of_it from statuses union all select queue, stage, of_it from sums
  union all select queue, 'slots', of_it from slots union all select queue, 'dead', of_it from dead),
hosts as (
  select instance, jsonb_build_object(
           'planning', coalesce(sum(n) filter (where stage = 'plan' and status = 'planning'), 0),
           'building', coalesce(sum(n) filter (where stage = 'build' and status = 'building'), 0)) as of_it
    from stages where instance is not null group by instance)
select jsonb_build_object(
  'queues', coalesce((select jsonb_object_agg(queue, parts)
                        from (select queue, jsonb_object_agg(part, of_it) as parts from parts group by queue) q), '{}'),
  'hosts', coalesce((select jsonb_object_agg(instance, of_it) from hosts), '{}'))::text

-- name: api_queues
-- $1 by queue: {"default": {"plan": {"plugins": […], "isolation": […]}, "build": …}}, $2 what api_counts gave. One object for each queue, by
-- name.
with hosts as (
  select count(*) filter (where 'plan' = any (string_to_array(roles, ','))) as plan,
         count(*) filter (where 'build' = any (string_to_array(roles, ','))) as build
    from instances where ended_at is null)
select q.name, jsonb_build_object(
  'name', q.name, 'auto_plan', q.auto_plan, 'auto_build', q.auto_build, 'watch_dir', q.watch_dir,
  'plan_workers', q.plan_workers, 'build_workers', q.build_workers, 'job_slots', q.job_slots, 'revision', q.revision,
  'plan', jsonb_build_object(
    'list', case q.name when 'default' then 'plan_queue' else 'plan_queue:' || q.name end,
    'paused', q.plan_paused, 'reason', nullif(q.plan_held, ''), 'depth', coalesce(c #> '{plan,depth}', '0'),
    'running', coalesce(c #> '{plan,running}', '0'), 'delayed', coalesce(c #> '{plan,delayed}', '0'),
    'dead', coalesce(c #> '{dead,plan}', '0'),
    'oldest_seconds', floor(extract(epoch from now() - (c #>> '{plan,oldest}')::timestamptz))::bigint,
    'workers', q.plan_workers * hosts.plan, 'workers_per_host', q.plan_workers,
    'busy', coalesce(c #> '{plan,running}', '0'),
    'plugins', coalesce($1::jsonb #> array[q.name, 'plan', 'plugins'], '[]'),
    'isolation', coalesce($1::jsonb #> array[q.name, 'plan', 'isolation'], '[]'),
    'rate_per_minute', coalesce(c #> '{plan,rate_per_minute}', '0')),
  'build', jsonb_build_object(
    'list', case q.name when 'default' then 'build_queue' else 'build_queue:' || q.name end,
    'paused', q.build_paused, 'reason', nullif(q.build_held, ''), 'depth', coalesce(c #> '{build,depth}', '0'),
    'running', coalesce(c #> '{build,running}', '0'), 'delayed', coalesce(c #> '{build,delayed}', '0'),
    'dead', coalesce(c #> '{dead,build}', '0'),
    'oldest_seconds', floor(extract(epoch from now() - (c #>> '{build,oldest}')::timestamptz))::bigint,
    'workers', q.build_workers * hosts.build, 'workers_per_host', q.build_workers,
    'busy', coalesce(c #> '{build,running}', '0'),
    'plugins', coalesce($1::jsonb #> array[q.name, 'build', 'plugins'], '[]'),
    'isolation', coalesce($1::jsonb #> array[q.name, 'build', 'isolation'], '[]'),
    'rate_per_minute', coalesce(c #> '{build,rate_per_minute}', '0'), 'job_slots', q.job_slots * hosts.build,
    'job_slots_per_host', q.job_slots, 'jobs_running', coalesce(c #> '{slots,running}', '0')),
  'inputs', '{"pending": 0, "planning": 0, "planned": 0, "failed": 0}'::jsonb || coalesce(c -> 'inputs', '{}'),
  'plans', '{"ready_for_build": 0, "building": 0, "built": 0, "failed": 0}'::jsonb || coalesce(c -> 'plans', '{}'))::text
  from queues q cross join hosts cross join lateral (select $2::jsonb #> array['queues', q.name]) counts (c)
 order by q.name

-- name: api_settings
-- $1 queue, $2 locked keys
select settings_json(q, $2::text[])::text, revision, changed_by, rfc3339(changed_at), overrides::text
  from queues q where name = $1

-- name: api_workers
-- $1 what api_counts gave
select jsonb_build_object(
  'id', x.id, 'hostname', x.hostname, 'pid', x.pid, 'roles', to_jsonb(string_to_array(x.roles, ',')),
  'version', x.version, 'started_at', rfc3339(x.started_at), 'heartbeat_at', rfc3339(x.heartbeat_at),
  'heartbeat_age_seconds', round(extract(epoch from now() - x.heartbeat_at)::numeric, 3),
  'planning', coalesce($1::jsonb #> array['hosts', x.id::text, 'planning'], '0'),
  'building', coalesce($1::jsonb #> array['hosts', x.id::text, 'building'], '0'))::text
  from instances x where x.ended_at is null order by x.id

-- name: api_failures
-- $1 since (RFC 3339) or null for a day, $2 window. The newest of what failed or was stopped, grouped by its text without
-- numbers.
with f as (
  select 'input' as kind, i.id, coalesce(i.error, 'Planning failed.') as error, coalesce(i.reason_code, 'internal') as code,
         i.updated_at as at, i.filename as name
    from (select * from pending_inputs where reason_code is not null order by id desc limit $2) i where i.status = 'failed'
  union all
  select 'job', j.id, coalesce(j.error, 'The job failed.'), job_code(j::jobs), j.finished_at, j.name
    from (select * from jobs where error is not null order by id desc limit $2) j where j.status in ('failed', 'timed_out')
  union all
  select 'plan', p.id, coalesce(p.error, 'The build failed.'), coalesce(p.reason_code, 'job_failed'), p.updated_at, p.filename
    from (select * from plans where reason_code is not null order by id desc limit $2) p
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
