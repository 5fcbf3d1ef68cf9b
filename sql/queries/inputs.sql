-- name: claim_inputs
-- $1 ids, $2 instance, $3 queue, $4 one that is to run alone. A row that is not returned is a stale ticket: gone,
-- claimed, not due or not allowed.
with u as (
  update pending_inputs
     set status = 'planning', queued_at = null, fence = fence + 1, attempt = attempt + 1, instance = $2,
         error = null, reason_code = null, details = null, progress = null, updated_at = now()
   where id = any ($1::bigint[]) and may_be_planned(pending_inputs) and queue || '' = $3 and alone = $4
     and exists (select from instances where id = $2 and is_live(instances))
     and exists (select from queues where name = $3 and plans_now(queues))
  returning id, filename, digest, size, fence, attempt, attributes, trace_id),
e as (
  insert into events (queue, subject, type, body)
  select $3, 'input/' || id, 'input.planning', jsonb_build_object('attempt', attempt, 'instance', $2::bigint) from u)
select u.id, u.filename, u.digest, u.size, u.fence, u.attempt, coalesce(u.attributes::text, '') as attributes,
       coalesce(u.trace_id, '') as trace_id, b.content
  from u left join blobs b on b.digest = u.digest
 order by u.id

-- name: sweep_inputs
-- $1 queue, $2 limit for each source. Ids that are due, for slots that no ticket filled: (id, source), oldest first.
select d.id, s.source from queued_inputs_sources($1) s cross join lateral (
  select id, queued_at from pending_inputs
   where queue = $1 and source = s.source and queued_at is not null and not_before <= now() and status = 'pending'
     and not alone
   order by queued_at, id limit $2) d
 order by d.queued_at, d.id

-- name: other_input_source
-- $1 queue, $2 source: does anything of another one wait?
select exists (select from pending_inputs where queue = $1 and queued_at is not null and source < $2)
    or exists (select from pending_inputs where queue = $1 and queued_at is not null and source > $2)

-- name: sweep_inputs_alone
-- $1 queue: the next that a host died with. Said so that only the index of those fits, as in the claim.
select id from pending_inputs
 where alone and queue || '' = $1 and may_be_planned(pending_inputs)
 order by queued_at, id limit 1

-- name: finish_planned
-- Arrays, one entry per planned input: $1 id, $2 fence, $3 plan digest, $4 summary, $5 number of jobs,
-- $6 planner, $7 planner digest, $8 settings digest, $9 size, $10 document or null when the large store has it,
-- $11 recipe digest. $12 queue. $13 instance, $14 how many of the plans it may claim for building at once.
-- Gives (input, plan, queued, build or null when not claimed, maximum attempts, trace id). An input that is not
-- returned was lost to another claim.
-- The queue row is share-locked: a PATCH of auto_build waits for us or we see its answer.
with q as materialized (
  select name, auto_build,
         auto_build and builds_now(queues)
           and exists (select from instances where id = $13 and is_live(instances)) as may_claim
    from queues where name = $12 for share),
r as (
  select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[],
                       $8::text[], $9::bigint[], $10::text[], $11::text[])
    as r (id, fence, digest, summary, jobs, planner, planner_digest, settings_digest, size, document, recipe)),
u as (
  update pending_inputs i set status = 'planned', instance = null, updated_at = now()
    from r where i.id = r.id and i.fence = r.fence and i.status = 'planning' and not i.cancel_requested
  returning i.id, i.fence, i.source, i.filename, i.max_attempts, i.trace_id, r.digest, r.summary, r.jobs, r.planner,
            r.planner_digest, r.settings_digest, r.size, r.document, r.recipe),
b as (
  insert into blobs (digest, size, content)
  select distinct on (digest) digest, size, convert_to(document, 'UTF8') from u order by digest
  on conflict (digest) do update set doomed_at = null, content = coalesce(excluded.content, blobs.content)
    where blobs.doomed_at is not null or blobs.lost_at is not null),
p as (
  insert into plans (queue, source, pending_input_id, input_fence, filename, plan_digest, summary, job_count, planner,
                     planner_digest, settings_digest, recipe_digest, max_attempts, trace_id, queued_at, status, fence, attempt,
                     instance, build_id, build_open)
  select $12, u.source, u.id, u.fence, u.filename, u.digest, u.summary::jsonb, u.jobs, u.planner, u.planner_digest,
         u.settings_digest, u.recipe, u.max_attempts, u.trace_id, case when u.auto_build and not u.claim then now() end,
         case when u.claim then 'building' else 'ready_for_build' end, u.claim::int, u.claim::int,
         case when u.claim then $13 end, case when u.claim then nextval(pg_get_serial_sequence('builds', 'id')) end,
         u.claim
    from (select u.*, q.auto_build, q.may_claim and row_number() over (order by u.id) <= $14 as claim
            from u cross join q) u
   order by u.id
  returning id, pending_input_id, build_id, queued_at is not null as queued, job_count, trace_id, source),
n as (
  insert into builds (id, plan_id, queue, fence, instance, jobs_total)
  select build_id, id, $12, 1, $13, job_count from p where build_id is not null order by id),
e as (
  insert into events (queue, subject, type, body)
  select $12, 'input/' || p.pending_input_id, 'input.planned', jsonb_build_object('plan', p.id) from p
  union all
  select $12, 'plan/' || p.id, 'plan.ready_for_build', jsonb_build_object('queued', queued or build_id is not null)
    from p
  union all
  select $12, 'plan/' || p.id, 'plan.building',
         jsonb_build_object('build', build_id, 'attempt', 1, 'instance', $13::bigint)
    from p where build_id is not null)
select pending_input_id, id, queued, build_id, trace_id, source from p

-- name: planned_before
-- $1 ids, $2 fences, $3 instance: which of these did an earlier, in-doubt commit of ours already finish? In the form of
-- finish_planned
select p.pending_input_id, p.id, p.queued_at is not null as queued,
       case when p.status = 'building' and p.fence = 1 and p.instance = $3 then p.build_id end as build_id, p.trace_id,
       p.source
  from unnest($1::bigint[], $2::bigint[]) as r (id, fence)
  join plans p on p.pending_input_id = r.id and p.input_fence = r.fence

-- name: finish_unplanned
-- Arrays, one entry per input that was not planned: $1 id, $2 fence, $3 new status (failed | pending | cancelled),
-- $4 delay in seconds when pending, $5 error, $6 reason code, $7 details, $8 failure class, $10 attempts not to count
-- (1 when the claim is given back unused), $11 how many retries its class has, or -1 when this is none, $12 1 = a process
-- of the plugin died with it, which has a count of its own. $9 queue. A pending one whose budget is used up fails; of
-- deaths, it is poison. Gives (id, status).
with r as (
  select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::float8[], $5::text[], $6::text[], $7::text[],
                       $8::text[], $10::int[], $11::int[], $12::int[])
    as r (id, fence, wanted, delay, error, reason_code, details, class, uncount, budget, death)),
y as (
  select r.*, s.used, case when r.wanted = 'pending' and r.budget between 0 and s.used then 'failed' else r.wanted end
                        as status
    from r join pending_inputs i on i.id = r.id
   cross join lateral (select coalesce((i.spent ->> case r.death when 1 then 'death' else r.class end)::int, 0) as used) s),
x as (
  select id, fence, wanted, delay, uncount, budget, used, status, details,
         case death when 1 then 'death' else class end as counter,
         case when poison then 'bug' else class end as class, case when poison then 'worker_lost' else reason_code end as reason_code,
         case when poison then 'Poison: ' || used + 1 || ' processes of its plugin died with it. ' || error else error end
           as error
    from y cross join lateral (select y.death = 1 and y.status = 'failed' as poison) p),
u as (
  update pending_inputs i
     set status = x.status, instance = null, error = nullif(x.error, ''),
         reason_code = coalesce(nullif(x.reason_code, ''), 'internal'),
         details = nullif(x.details, ''), class = nullif(x.class, ''), attempt = i.attempt - x.uncount,
         spent = case when x.status = 'pending' and x.budget >= 0
                      then coalesce(i.spent, '{}') || jsonb_build_object(x.counter, x.used + 1) else i.spent end,
         queued_at = case when x.status = 'pending' then now() end,
         cancel_requested = i.cancel_requested and x.status = 'pending',
         not_before = case when x.status = 'pending' then now() + make_interval(secs => x.delay)
                           else '-infinity'::timestamptz end,
         updated_at = now()
    from x where i.id = x.id and i.fence = x.fence and i.status = 'planning'
  returning i.id, x.status, x.error, x.class, x.delay, i.attempt),
e as (
  insert into events (queue, subject, type, level, body)
  select $9, 'input/' || id, case when status = 'pending' then 'input.retry' else 'input.' || status end,
         case when status = 'failed' then 'error' when status = 'pending' then 'warning' else 'info' end,
         jsonb_build_object('error', error, 'class', class, 'attempt', attempt, 'delay_seconds', delay) from u)
select id, status from u

-- name: note_input_progress
-- Arrays: $1 id, $2 fence, $3 how far its planner is: {"done", "total", "note"}. Never waits for a row that is being
-- moved: the next note comes soon.
with r as (select * from unnest($1::bigint[], $2::bigint[], $3::text[]) as r (id, fence, progress)),
l as (
  select i.id from pending_inputs i join r on r.id = i.id and r.fence = i.fence
   where i.status = 'planning' for no key update of i skip locked)
update pending_inputs i
   set progress = r.progress::jsonb || jsonb_build_object('attempt', i.attempt, 'at', rfc3339(now()))
  from r join l using (id) where i.id = r.id and i.fence = r.fence and i.status = 'planning'

-- name: trace_input
-- $1 id, $2 trace id: what is queued in this transaction belongs to that trace
update pending_inputs set trace_id = $2 where id = $1

-- name: enqueue_inputs
-- $1 ids, $2 force, $3 actor. Puts inputs into the plan queue. Gives (id, queue, outcome): queued | already_queued |
-- planning | planned | not there. `failed`, `cancelled` and `superseded` start over; `planned` only with force. Budgets
-- are whole again; what a host died with alone is still tried alone.
with t as (
  select id, queue, status, queued_at from pending_inputs where id = any ($1::bigint[]) order by id for update),
u as (
  update pending_inputs i
     set status = 'pending', queued_at = now(), not_before = '-infinity', error = null, reason_code = null,
         details = null, class = null, spent = null, cancel_requested = false, deaths = 0, alone = i.deaths > 0,
         attempt = case when t.status = 'pending' then i.attempt else 0 end, updated_at = now()
    from t
   where i.id = t.id and ((t.status = 'pending' and t.queued_at is null)
      or t.status in ('failed', 'cancelled', 'superseded') or (t.status = 'planned' and $2::boolean))
  returning i.id),
e as (
  insert into events (queue, subject, type, actor)
  select t.queue, 'input/' || u.id, 'input.queued', $3 from u join t using (id))
select t.id, t.queue,
       case when u.id is not null then 'queued' when t.queued_at is not null then 'already_queued' else t.status end as outcome
  from t left join u using (id) order by t.id

-- name: eligible_inputs
-- $1 queue, $2 queued_at and $3 id of the last of the page before, $4 limit. A page of ids that should have a ticket. Only the
-- last row of a full page says when it was queued: to write a time costs as much as all the rest of a row.
select id, case when row_number() over () = $4::bigint then queued_at end as queued_at
  from due_inputs($1, $2::timestamptz, $3::bigint, $4::bigint, false)

-- name: eligible_inputs_count
select count(*) from pending_inputs
 where queue = $1 and queued_at is not null and not_before <= now() and status = 'pending' and not alone

-- name: release_inputs
-- Claims whose instance has ended go back to the queue. What a dead one held is claimed alone from now on, since any of
-- it may have been the end of that host; what it held alone counts a death, and after queues.poison_after of them the
-- input fails and is not tried again before a person asks. Gives (queue, id).
with lost as (
  select i.id, i.queue, not coalesce(x.left_well, false) as died,
         i.deaths + (not coalesce(x.left_well, false) and count(*) over (partition by i.instance, i.queue) = 1)::int as deaths
    from pending_inputs i left join instances x on x.id = i.instance
   where i.status = 'planning' and (x.id is null or x.ended_at is not null)),
l as (
  select lost.*, lost.deaths >= q.poison_after as poison from lost join queues q on q.name = lost.queue),
u as (
  update pending_inputs i
     set status = case when l.poison and not i.cancel_requested then 'failed' else 'pending' end, instance = null,
         queued_at = case when l.poison and not i.cancel_requested then null else now() end,
         deaths = l.deaths, alone = i.alone or l.died,
         class = case when l.poison then 'bug' else 'infra' end,
         error = case when l.poison then 'Poison: ' || l.deaths || ' hosts died while they planned nothing but it.' end,
         reason_code = case when i.cancel_requested then 'cancelled' when l.poison then 'worker_lost' end,
         updated_at = now()
    from l where i.id = l.id and i.status = 'planning'
     and not exists (select from instances x where x.id = i.instance and x.ended_at is null)
  returning i.id, i.queue, i.status, i.error, i.class, i.deaths),
e as (
  insert into events (queue, subject, type, level, body)
  select queue, 'input/' || id, case when status = 'failed' then 'input.failed' else 'input.reclaimed' end,
         case when status = 'failed' then 'error' else 'warning' end,
         jsonb_build_object('reason', 'worker_lost', 'error', error, 'class', class, 'deaths', deaths) from u)
select queue, id from u where status = 'pending'

-- name: my_claimed_inputs
-- $1 instance: ids and fences that the table says we own
select id, fence, queue from pending_inputs where status = 'planning' and instance = $1
