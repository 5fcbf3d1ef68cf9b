-- name: claim_plans
-- $1 ids, $2 instance, $3 queue, $4 one that is to run alone. A plan whose build is open (after a crash or an infra failure) goes on with it; others
-- get a build row of their own. A row that is not returned is a stale ticket.
with u as (
  update plans
     set status = 'building', queued_at = null, fence = fence + 1, attempt = attempt + 1, instance = $2,
         build_id = case when build_open then build_id else nextval(pg_get_serial_sequence('builds', 'id')) end,
         build_open = true, error = null, reason_code = null, updated_at = now()
   where id = any ($1::bigint[]) and may_be_built(plans) and queue || '' = $3 and alone = $4
     and exists (select from instances where id = $2 and is_live(instances))
     and exists (select from queues where name = $3 and builds_now(queues))
  returning id, fence, attempt, plan_digest, job_count, build_id, build_mode, trace_id, source, build_cache),
n as (
  insert into builds (id, plan_id, queue, fence, mode, instance, jobs_total)
  select build_id, id, $3, fence, build_mode, $2, job_count from u order by id
  on conflict (id) do update set fence = excluded.fence, instance = excluded.instance),
e as (
  insert into events (queue, subject, type, body)
  select $3, 'plan/' || id, 'plan.building',
         jsonb_build_object('build', build_id, 'attempt', attempt, 'instance', $2::bigint) from u)
select u.id, u.fence, u.attempt, u.plan_digest, u.job_count, u.build_id, u.build_mode,
       coalesce(u.trace_id, '') as trace_id, b.content, u.source, u.build_cache
  from u left join blobs b on b.digest = u.plan_digest and u.job_count > 0  -- without jobs it is not needed
         and b.size <= 16384  -- a large one is read when its turn has come: many are claimed at once
 order by u.id

-- name: sweep_plans
-- $1 queue, $2 limit for each source. Gives (id, source), oldest first.
select d.id, s.source from queued_plans_sources($1) s cross join lateral (
  select id, queued_at from plans
   where queue = $1 and source = s.source and queued_at is not null and not_before <= now() and status = 'ready_for_build'
     and not alone
   order by queued_at, id limit $2) d
 order by d.queued_at, d.id

-- name: other_plan_source
-- $1 queue, $2 source: does anything of another one wait?
select exists (select from plans where queue = $1 and queued_at is not null and source < $2)
    or exists (select from plans where queue = $1 and queued_at is not null and source > $2)

-- name: sweep_plans_alone
-- $1 queue: the next that a host died with. Said so that only the index of those fits, as in the claim.
select id from plans
 where alone and queue || '' = $1 and may_be_built(plans)
 order by queued_at, id limit 1

-- name: eligible_plans
-- $1 queue, $2 queued_at and $3 id of the last of the page before, $4 limit. A page of ids that should have a ticket. Only the
-- last row of a full page says when it was queued: to write a time costs as much as all the rest of a row.
select id, case when row_number() over () = $4::bigint then queued_at end as queued_at
  from due_plans($1, $2::timestamptz, $3::bigint, $4::bigint, false)

-- name: eligible_plans_count
select count(*) from plans
 where queue = $1 and queued_at is not null and not_before <= now() and status = 'ready_for_build' and not alone

-- name: finish_builds
-- Arrays, one entry per finished build: $1 plan, $2 fence, $3 build, $4 plan status (built | failed | cancelled |
-- ready_for_build to go on later), $5 delay in seconds for that, $6 error, $7 reason code, $8 manifest digest,
-- $9 its size, $10 its text or null, $11 jobs done, $12 jobs failed (-1: as in the row), $13 attempts not to count,
-- $14 did it leave wheels. $15 queue.
-- A plan that is not returned was lost to another claim.
with r as (
  select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::float8[], $6::text[], $7::text[],
                       $8::text[], $9::bigint[], $10::text[], $11::int[], $12::int[], $13::int[], $14::boolean[])
    as r (id, fence, build, status, delay, error, reason_code, manifest, size, content, done, failed, uncount, wheels)),
u as (
  update plans p
     set status = r.status, build_open = (r.status = 'ready_for_build'), instance = null,
         cancel_requested = p.cancel_requested and r.status = 'ready_for_build',
         error = nullif(r.error, ''),
         reason_code = coalesce(nullif(r.reason_code, ''), case when r.status in ('failed', 'cancelled') then 'internal'
                                                                when p.cancel_requested and r.status = 'ready_for_build'
                                                                  then 'cancelled' end),
         attempt = p.attempt - r.uncount,
         wheels_build = case when r.wheels and r.status = 'built' then r.build else p.wheels_build end,
         queued_at = case when r.status = 'ready_for_build' then now() end,
         not_before = case when r.status = 'ready_for_build' then now() + make_interval(secs => r.delay)
                           else '-infinity'::timestamptz end,
         updated_at = now()
    from r where p.id = r.id and p.fence = r.fence and p.status = 'building'
  returning p.id, r.build, r.status, r.error, r.manifest, r.size, r.content, r.done, r.failed, r.reason_code),
m as (
  insert into blobs (digest, size, content)
  select u.manifest, u.size, convert_to(u.content, 'UTF8') from u where u.manifest <> ''
  on conflict (digest) do update set doomed_at = null, content = coalesce(excluded.content, blobs.content)
    where blobs.doomed_at is not null or blobs.lost_at is not null),
b as (
  update builds b
     set status = case when u.status = 'ready_for_build' then 'building' else u.status end,
         manifest_digest = nullif(u.manifest, ''), error = nullif(u.error, ''),
         reason_code = coalesce(nullif(u.reason_code, ''), case when u.status in ('failed', 'cancelled') then 'internal' end),
         jobs_done = coalesce(nullif(u.done, -1), b.jobs_done),
         jobs_failed = coalesce(nullif(u.failed, -1), b.jobs_failed),
         finished_at = case when u.status <> 'ready_for_build' then now() end
    from u where b.id = u.build),
e as (
  insert into events (queue, subject, type, level, body)
  select $15, 'plan/' || id, case when status = 'ready_for_build' then 'plan.retry' else 'plan.' || status end,
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

-- name: trace_plan
-- As trace_input
update plans set trace_id = $2 where id = $1

-- name: enqueue_plans
-- $1 ids, $2 force, $3 actor, $4 build mode, $5 may it use the cache. Gives (id, queue, outcome, build).
with t as (
  select id, queue, status, queued_at, build_id from plans where id = any ($1::bigint[]) order by id for update),
u as (
  update plans p
     set status = 'ready_for_build', queued_at = now(), not_before = '-infinity', error = null, reason_code = null,
         attempt = case when t.status = 'ready_for_build' then p.attempt else 0 end,
         build_mode = $4, build_cache = $5, cancel_requested = false, deaths = 0, alone = p.deaths > 0, updated_at = now()
    from t
   where p.id = t.id and ((t.status = 'ready_for_build' and t.queued_at is null)
      or t.status in ('failed', 'cancelled', 'superseded') or (t.status = 'built' and $2::boolean))
  returning p.id),
e as (
  insert into events (queue, subject, type, actor, body)
  select t.queue, 'plan/' || u.id, 'plan.queued', $3, jsonb_build_object('mode', $4::text) from u join t using (id))
select t.id, t.queue,
       case when u.id is not null then 'queued' when t.queued_at is not null then 'already_queued' else t.status end as outcome,
       coalesce(t.build_id, 0) as build_id
  from t left join u using (id) order by t.id

-- name: release_plans
-- As release_inputs. Builds stay open, but for those of poison. A build of which a job succeeded since it was claimed need
-- not run alone: what it died with, it reaches again at once, and then without such a success. Gives (queue, id).
with lost as (
  select p.id, p.queue, not coalesce(x.left_well, false) as died,
         exists (select from jobs j join job_attempts a on a.job_id = j.id and a.n = j.attempt
                  where j.build_id = p.build_id and j.status = 'succeeded' and a.instance = p.instance
                    and a.started_at >= (select max(e.at) from events e
                                          where e.subject = 'plan/' || p.id and e.type = 'plan.building')) as advanced,
         p.deaths + (not coalesce(x.left_well, false) and count(*) over (partition by p.instance, p.queue) = 1)::int as deaths
    from plans p left join instances x on x.id = p.instance
   where p.status = 'building' and (x.id is null or x.ended_at is not null)),
l as (
  select lost.*, lost.deaths >= q.poison_after as poison from lost join queues q on q.name = lost.queue),
u as (
  update plans p
     set status = case when l.poison and not p.cancel_requested then 'failed' else 'ready_for_build' end, instance = null,
         build_open = not l.poison or p.cancel_requested,
         queued_at = case when l.poison and not p.cancel_requested then null else now() end,
         deaths = l.deaths, alone = p.alone or (l.died and not l.advanced),
         error = case when l.poison then 'Poison: ' || l.deaths || ' hosts died while they built nothing but it.' end,
         reason_code = case when p.cancel_requested then 'cancelled' when l.poison then 'worker_lost' end,
         updated_at = now()
    from l where p.id = l.id and p.status = 'building'
     and not exists (select from instances x where x.id = p.instance and x.ended_at is null)
  returning p.id, p.queue, p.status, p.build_id, p.error, p.deaths),
b as (
  update builds b set status = 'failed', error = u.error, reason_code = 'worker_lost', finished_at = now(),
         jobs_failed = b.jobs_total - b.jobs_done
    from u where b.id = u.build_id and u.status = 'failed' returning b.id, u.queue, u.error),
j as (
  update jobs j set status = case j.status when 'running' then 'failed' else 'dep_failed' end,
         class = case j.status when 'running' then 'bug' end, error = b.error, finished_at = now()
    from b where j.build_id = b.id and j.status in ('blocked', 'ready', 'running')
  returning j.id, j.build_id, j.name, j.status, j.error, b.queue),
a as (
  update job_attempts a set ended_at = now(), status = 'lost', class = 'bug', error = j.error
    from j where a.job_id = j.id and a.ended_at is null),
e as (
  insert into events (queue, subject, type, level, body)
  select queue, 'plan/' || id, case when status = 'failed' then 'plan.failed' else 'plan.reclaimed' end,
         case when status = 'failed' then 'error' else 'warning' end,
         jsonb_build_object('reason', 'worker_lost', 'error', error, 'deaths', deaths) from u
  union all
  select queue, 'job/' || id, 'job.' || status, case status when 'failed' then 'error' else 'warning' end,
         jsonb_build_object('build', build_id, 'name', name, 'error', error) from j)
select queue, id from u where status = 'ready_for_build'

-- name: my_claimed_plans
select id, fence, queue from plans where status = 'building' and instance = $1
