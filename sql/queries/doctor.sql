-- What `planwright doctor` asks: one statement for each invariant. All see one snapshot (session_snapshot). Each gives a
-- row (item, what is wrong) for every violation, the first 1000 at most, and last a row ('', number of items examined).

-- name: doctor_claims
-- A claim is known by its row, its open build and its open attempt; they must name one owner.
with c as materialized (
  select 'input/' || id as item,
         case when status = 'planning' and instance is null then 'is being planned by nobody'
              when status = 'planning' and queued_at is not null then 'is claimed and still queued'
              when status <> 'planning' and instance is not null
                then format('is %s, but instance %s still owns it', status, instance)
              when status not in ('planning', 'pending') and queued_at is not null then 'is queued, but ' || status end as what
    from pending_inputs where status = 'planning' or instance is not null or queued_at is not null
  union all
  select 'plan/' || p.id,
         case when p.status = 'building' and p.instance is null then 'is being built by nobody'
              when p.status = 'building' and p.queued_at is not null then 'is claimed and still queued'
              when p.status = 'building' and coalesce(b.status, 'gone') <> 'building'
                then format('is building, but its build %s is %s', p.build_id, coalesce(b.status, 'gone'))
              when p.status <> 'building' and p.instance is not null
                then format('is %s, but instance %s still owns it', p.status, p.instance)
              when p.status not in ('building', 'ready_for_build') and p.queued_at is not null
                then 'is queued, but ' || p.status
              when p.build_open and coalesce(b.status, 'gone') <> 'building'
                then format('would go on with its build %s, which is %s', p.build_id, coalesce(b.status, 'gone')) end
    from plans p left join builds b on b.id = p.build_id
   where p.status = 'building' or p.instance is not null or p.queued_at is not null or p.build_open
  union all
  select 'build/' || b.id,
         case when p.build_id is distinct from b.id then format('is open, but the build of plan %s is %s', p.id, p.build_id)
              when not p.build_open then format('is open, but its plan %s is %s', p.id, p.status)
              when b.fence > p.fence or (p.status = 'building' and (b.fence <> p.fence or b.instance is distinct from p.instance))
                then format('belongs to claim %s of instance %s, its plan %s to claim %s of instance %s',
                            b.fence, b.instance, p.id, p.fence, p.instance) end
    from builds b join plans p on p.id = b.plan_id where b.status = 'building'
  union all
  select 'job/' || coalesce(j.id, a.job_id),
         case when j.id is null or j.status <> 'running'
                then format('is %s, but its attempt %s is open', coalesce(j.status, 'gone'), a.ns)
              when a.job_id is null then 'is running without an attempt'
              when a.open > 1 then format('has %s open attempts: %s', a.open, a.ns)
              when a.ns <> j.attempt::text then format('runs as attempt %s, but attempt %s is open', j.attempt, a.ns)
              when b.status <> 'building' then format('is running, but its build %s is %s', b.id, b.status) end
    from (select * from jobs where status = 'running') r
    full join (select job_id, count(*) as open, string_agg(n::text, ', ' order by n) as ns
                 from job_attempts where ended_at is null group by job_id) a on a.job_id = r.id
    left join jobs j on j.id = coalesce(r.id, a.job_id)
    left join builds b on b.id = j.build_id)
(select item, what from c where what is not null order by item limit 1000)
union all select '', count(*)::text from c

-- name: doctor_owners
-- $1 seconds after which silence means that nobody looked. Claims whose owner is dead: reconcile gives them back.
with c as materialized (
  select o.item,
         case when x.id is null then format('belongs to instance %s, which does not exist', o.instance)
              when x.ended_at is not null then format('belongs to instance %s, which ended at %s', x.id, rfc3339(x.ended_at))
              when x.heartbeat_at < now() - make_interval(secs => $1::float8)
                then format('belongs to instance %s, which is silent since %s', x.id, rfc3339(x.heartbeat_at)) end as what
    from (select 'input/' || id as item, instance from pending_inputs where status = 'planning'
          union all select 'plan/' || id, instance from plans where status = 'building') o
    left join instances x on x.id = o.instance)
(select item, what from c where what is not null order by item limit 1000)
union all select '', count(*)::text from c

-- name: doctor_fences
-- Every claim raises the fence by one and writes one event (old events may be gone).
with claims as (
  select subject, count(*) as n from events where type in ('input.planning', 'plan.building') group by subject),
c as materialized (
  select 'input/' || i.id as item,
         case when e.n > i.fence then format('was claimed %s times, but its fence is %s', e.n, i.fence) end as what
    from pending_inputs i left join claims e on e.subject = 'input/' || i.id
  union all
  select 'plan/' || p.id,
         case when e.n > p.fence then format('was claimed %s times, but its fence is %s', e.n, p.fence)
              when p.input_fence > i.fence
                then format('was made by claim %s of input %s, whose fence is %s', p.input_fence, i.id, i.fence)
              when p.twins > 1 then format('is one of %s plans made by claim %s of input %s', p.twins, p.input_fence, i.id) end
    from (select *, count(*) over (partition by pending_input_id, input_fence) as twins from plans) p
    left join pending_inputs i on i.id = p.pending_input_id
    left join claims e on e.subject = 'plan/' || p.id
  union all
  select 'build/' || b.id,
         case when b.fence > p.fence then format('was claimed with fence %s, but that of plan %s is %s', b.fence, p.id, p.fence)
              when b.fence <= b.before
                then format('has fence %s, but an earlier build of plan %s has %s', b.fence, p.id, b.before) end
    from (select *, max(fence) over (partition by plan_id order by id rows between unbounded preceding and 1 preceding)
                      as before from builds) b
    left join plans p on p.id = b.plan_id)
(select item, what from c where what is not null order by item limit 1000)
union all select '', count(*)::text from c

-- name: doctor_parents
with c as materialized (
  select 'plan/' || p.id as item, case when i.id is null then format('was made of input %s, which is gone', p.pending_input_id) end as what
    from plans p left join pending_inputs i on i.id = p.pending_input_id
  union all
  select 'build/' || b.id, case when p.id is null then format('was made of plan %s, which is gone', b.plan_id) end
    from builds b left join plans p on p.id = b.plan_id)
(select item, what from c where what is not null order by item limit 1000)
union all select '', count(*)::text from c

-- name: doctor_built
with c as materialized (
  select 'build/' || b.id as item,
         case when coalesce(j.n, 0) <> b.jobs_total then format('is built, but has %s of %s jobs', coalesce(j.n, 0), b.jobs_total)
              when j.bad > 0 then format('is built, but %s of its jobs are not: %s', j.bad, j.names)
              when b.manifest_digest is null then 'is built without a manifest' end as what
    from builds b
    left join (select build_id, count(*) as n, count(*) filter (where status not in ('succeeded', 'cached')) as bad,
                      (array_agg(name || ' ' || status order by position)
                         filter (where status not in ('succeeded', 'cached')))[1:5]::text as names
                 from jobs group by build_id) j on j.build_id = b.id
   where b.status = 'built'
  union all
  select 'plan/' || p.id,
         case when b.status is distinct from 'built' then format('is built, but its build %s is %s', p.build_id, b.status) end
    from plans p left join builds b on b.id = p.build_id where p.status = 'built')
(select item, what from c where what is not null order by item limit 1000)
union all select '', count(*)::text from c

-- name: doctor_order
-- Every start of a job comes after the success of each job it needs, in the order of the events or in one transaction.
with ends as (
  select subject, min(id) as id, array_agg(xid) as xids from events where type in ('job.succeeded', 'job.cached') group by subject),
n as (
  select j.id, j.attempt, d.id as need, d.name, d.status
    from jobs j join jobs d on d.build_id = j.build_id and d.name = any (j.needs)
   where j.attempt > 0 or j.status in ('succeeded', 'running')),
c as materialized (
  select 'job/' || n.id as item,
         case when n.status not in ('succeeded', 'cached') then format('ran, but needs %s (job %s), which is %s', n.name, n.need, n.status)
              when s.id < e.id and s.xid <> all (e.xids) then format('started before %s (job %s), which it needs, had succeeded', n.name, n.need)
         end as what
    from n
    left join (select distinct on (subject) subject, id, xid from events where type = 'job.running' order by subject, id) s
      on s.subject = 'job/' || n.id
    left join ends e on e.subject = 'job/' || n.need)
(select item, what from c where what is not null order by item limit 1000)
union all select '', count(*)::text from c

-- name: doctor_fold
-- The last event that moves an item says its status. Ids of events are handed out while the row is locked, so their
-- order is that of the moves. Items whose events are gone are left out; "ready" and "blocked" jobs have none.
with moves as (
  select subject, type from (
    select distinct on (subject) subject, type from events
     where subject ~ '^(input|plan|job)/'
       and split_part(type, '.', 2) = any ('{recorded,queued,retry,reclaimed,pending,planning,planned,failed,superseded,cancelled,
             ready_for_build,building,built,running,succeeded,cached,timed_out,dep_failed}')
     order by subject, id desc) e),
c as materialized (
  select m.subject as item,
         case when r.status <> all (case split_part(m.type, '.', 2)
                when 'recorded' then '{pending}'::text[]
                when 'queued' then r.waiting
                when 'retry' then r.waiting
                when 'reclaimed' then r.waiting || r.lost
                else array[split_part(m.type, '.', 2)] end)
              then format('is %s, but its last event is %s', r.status, m.type) end as what
    from moves m
    join (select 'input/' || id as subject, status, '{pending}'::text[] as waiting, '{}'::text[] as lost from pending_inputs
          union all select 'plan/' || id, status, '{ready_for_build}', '{}' from plans
          union all select 'job/' || id, status, '{ready,blocked}', '{failed}' from jobs) r using (subject))
(select item, what from c where what is not null order by item limit 1000)
union all select '', count(*)::text from c

-- name: doctor_waiting
-- $1 queue, $2 seconds: items that could be taken for so long. What a host died with has no ticket: it waits for a turn
-- alone. Gives (stage, id, seconds, how many could be taken in all).
with i as (
  select id, extract(epoch from now() - greatest(queued_at, not_before)) as age, count(*) over () as due
    from pending_inputs
   where queue = $1 and queued_at is not null and status = 'pending' and not_before <= now() and not alone),
p as (
  select id, extract(epoch from now() - greatest(queued_at, not_before)) as age, count(*) over () as due
    from plans
   where queue = $1 and queued_at is not null and status = 'ready_for_build' and not_before <= now() and not alone)
select 'plan' as stage, id, age::bigint, due from i where age > $2::float8
union all
select 'build', id, age::bigint, due from p where age > $2::float8

-- name: doctor_queues
select name from queues order by name

-- name: doctor_reconcilers
-- $1 seconds: hosts that reconcile and were heard of so lately
select count(*) from instances
 where is_live_in(instances, 'upkeep')
   and heartbeat_at > now() - make_interval(secs => $1::float8)

-- name: doctor_blobs
-- Everything that is reached (blob_users) must have its row, small blobs their size. Entries of the cache may lose theirs:
-- they are looked for before they count.
with r as (
  select digest, min(case kind when 'manifest' then 'build' else kind end || '/' || id) as item
    from blob_users where kind <> 'cache' group by digest),
c as materialized (
  select r.item,
         case when b.digest is null then format('needs the blob %s, which is not recorded', r.digest)
              when length(b.content) <> b.size and 'sha256:' || encode(sha256(b.content), 'hex') = b.digest
                then format('needs the blob %s, which has %s bytes instead of %s', r.digest, length(b.content), b.size)
         end as what
    from r left join blobs b on b.digest = r.digest where b.digest is null or b.content is not null)
(select item, what from c where what is not null order by item limit 1000)
union all select '', count(*)::text from c

-- name: doctor_blobs_to_read
-- Blobs that a row names and that are large, known to be lost, or small with other bytes than they should have: (item,
-- digest, size, large, lost since).
select min(case u.kind when 'manifest' then 'build' else u.kind end || '/' || u.id) as item, b.digest, b.size,
       b.content is null as is_large, coalesce(rfc3339(b.lost_at), '') as lost_since
  from blob_users u join blobs b on b.digest = u.digest
 where u.kind <> 'cache'
   and (b.content is null or b.lost_at is not null or 'sha256:' || encode(sha256(b.content), 'hex') <> b.digest)
 group by b.digest order by 1

-- name: doctor_claimed
-- $1 id of a data folder: how many items the instances of that folder hold
select (select count(*) from pending_inputs i join instances x on x.id = i.instance
         where i.status = 'planning' and x.data_id = $1)
     + (select count(*) from plans p join instances x on x.id = p.instance where p.status = 'building' and x.data_id = $1)

-- What a report for other people says (offline/bundle.h). No rows of items: only how many there are.

-- name: bundle_server
select version() as version, current_setting('max_connections') as max_connections,
       pg_size_pretty(pg_database_size(current_database())) as size

-- name: bundle_migrations
select name, rfc3339(at) as at from schema_migrations order by name

-- name: bundle_columns
select c.relname as table_name, c.reltuples::bigint as row_estimate, pg_total_relation_size(c.oid) as bytes,
       string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum) as columns
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace group by c.oid order by c.relname

-- name: bundle_counts
select queue, 'inputs' as what, status, count(*) as count from pending_inputs group by queue, status
union all select queue, 'plans', status, count(*) from plans group by queue, status
union all select queue, 'builds', status, count(*) from builds group by queue, status
union all select b.queue, 'jobs', j.status, count(*) from jobs j join builds b on b.id = j.build_id group by b.queue, j.status
union all select queue, 'dead letters', coalesce(answer, 'waiting'), count(*) from dead_letters group by queue, answer
union all select '', 'deliveries', state, count(*) from deliveries group by state
order by 1, 2, 3

-- name: bundle_secrets
-- What must not be in the report: they stand in rows only.
select secret from webhooks where secret is not null
union select old_secret from webhooks where old_secret is not null
