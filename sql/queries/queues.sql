-- name: queue_configure
-- Start values from the configuration; a key that was changed since (overrides) keeps its value.
-- $1 name, $2 auto_plan, $3 auto_build, $4 watch_dir, $5 plan_workers, $6 build_workers, $7 job_slots, $8 poison_after,
-- $9 instance. An event tells when that moves the folder of other hosts, which share the queue.
with b as (
  select watch_dir from queues
   where name = $1 and not overrides ? 'watch_dir' and watch_dir <> '' and $4 <> '' and watch_dir <> $4
     and exists (select from instances where is_live(instances) and id <> $9::bigint)),
e as (
  insert into events (queue, subject, type, level, body)
  select $1, 'queue/' || $1, 'queue.watch_dir_moved', 'warning',
         jsonb_build_object('before', b.watch_dir, 'now', $4::text, 'message',
           format('The queue %s watches %s now and not %s any more: a host with this folder in its configuration joined. '
                  'Hosts of one queue share its folder; give them one configuration, or queues of their own.',
                  $1::text, $4::text, b.watch_dir))
    from b)
insert into queues as q (name, auto_plan, auto_build, watch_dir, plan_workers, build_workers, job_slots, poison_after)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (name) do update set
  auto_plan = case when q.overrides ? 'auto_plan' then q.auto_plan else excluded.auto_plan end,
  auto_build = case when q.overrides ? 'auto_build' then q.auto_build else excluded.auto_build end,
  watch_dir = case when q.overrides ? 'watch_dir' then q.watch_dir else excluded.watch_dir end,
  plan_workers = case when q.overrides ? 'plan_workers' then q.plan_workers else excluded.plan_workers end,
  build_workers = case when q.overrides ? 'build_workers' then q.build_workers else excluded.build_workers end,
  job_slots = case when q.overrides ? 'job_slots' then q.job_slots else excluded.job_slots end,
  poison_after = excluded.poison_after, plan_held = '', build_held = '', plan_quarantine = null, build_quarantine = null

-- name: queue_settings
select name, auto_plan, auto_build, watch_dir, plan_workers, build_workers, job_slots, plan_paused, build_paused,
       plan_held, build_held, overrides::text, revision, changed_by, rfc3339(changed_at),
       coalesce((select max(id) from nudges where queue = queues.name), 0) as nudge
  from queues order by name

-- name: queue_patch
-- $1 name, $2 auto_plan or null, $3 auto_build, $4 watch_dir, $5 plan_workers, $6 build_workers, $7 job_slots,
-- $8 plan_paused, $9 build_paused, $10 actor, $11 revision it must have or null, $12 the changed keys (JSON array).
-- No row: unknown queue or another revision.
with u as (
  update queues set
    auto_plan = coalesce($2::boolean, auto_plan), auto_build = coalesce($3::boolean, auto_build),
    watch_dir = coalesce($4::text, watch_dir), plan_workers = coalesce($5::int, plan_workers),
    build_workers = coalesce($6::int, build_workers), job_slots = coalesce($7::int, job_slots),
    plan_paused = coalesce($8::boolean, plan_paused), build_paused = coalesce($9::boolean, build_paused),
    overrides = overrides || (select coalesce(jsonb_object_agg(k, jsonb_build_object('by', $10::text, 'at', rfc3339(now()))), '{}')
                                from jsonb_array_elements_text($12::jsonb) k),
    revision = revision + 1, changed_by = $10, changed_at = now()
  where name = $1 and ($11::bigint is null or revision = $11)
  returning name, revision),
e as (
  insert into events (queue, subject, type, actor, body)
  select name, 'queue/' || name, 'queue.settings', $10, jsonb_build_object('keys', $12::jsonb, 'revision', revision) from u)
select revision from u

-- name: queue_hold_planning
-- $1 name, $2 why, $3 digest of the quarantined plugin that is the reason, or ''. Nothing if it is held for that already.
with u as (
  update queues set plan_held = $2, plan_quarantine = nullif($3, '')
   where name = $1 and (plan_held, plan_quarantine) is distinct from ($2, nullif($3, '')) returning name)
insert into events (queue, subject, type, level, body)
select name, 'queue/' || name, 'queue.held', 'error', jsonb_build_object('plan', $2::text, 'build', null) from u

-- name: queue_hold_building
-- as queue_hold_planning
with u as (
  update queues set build_held = $2, build_quarantine = nullif($3, '')
   where name = $1 and (build_held, build_quarantine) is distinct from ($2, nullif($3, '')) returning name)
insert into events (queue, subject, type, level, body)
select name, 'queue/' || name, 'queue.held', 'error', jsonb_build_object('plan', null, 'build', $2::text) from u

-- name: queue_release
-- $1 name
update queues set plan_held = '', build_held = '', plan_quarantine = null, build_quarantine = null
 where name = $1 and (plan_held <> '' or build_held <> '')

-- name: queue_leave
-- $1 name, $2 instance that runs it no more, $3 why its items wait from now on. Nothing while another host runs it.
with u as (
  update queues set plan_held = $3, build_held = $3, plan_quarantine = null, build_quarantine = null
   where name = $1
     and not exists (select from instances i
                      cross join lateral (select tools from instance_tools t where t.instance = i.id
                                           order by recorded_at desc limit 1) t
                      where i.ended_at is null and i.id <> $2 and t.tools -> 'names' ? $1)
  returning name)
insert into events (queue, subject, type, level, body)
select name, 'queue/' || name, 'queue.held', 'warning', jsonb_build_object('plan', $3::text, 'build', $3::text) from u

-- name: queue_nudge
-- $1 name, $2 the sender's id of it, or null. One row: whether it is new. Deliveries are known for a day.
with old as (delete from nudges where queue = $1 and at < now() - interval '1 day' and delivery <> coalesce($2::text, '')),
n as (
  insert into nudges (queue, delivery) select name, coalesce($2::text, gen_random_uuid()::text) from queues where name = $1
  on conflict do nothing returning queue, delivery),
e as (
  insert into events (queue, subject, type, actor, body)
  select queue, 'queue/' || queue, 'queue.nudged', 'webhook', jsonb_build_object('delivery', delivery) from n)
select exists (select from n) from queues where name = $1

-- name: queue_is_open
-- $1 name: whether (plan, build) may claim
select not plan_paused and plan_held = '' as plans, not build_paused and build_held = '' as builds from queues where name = $1
