-- name: insert_jobs
-- Arrays, one entry per job of freshly claimed builds: $1 build, $2 plan, $3 fence, $4 name, $5 position, $6 needs as a
-- JSON array, $7 status (blocked | ready | running), $8 maximum attempts. $9 instance, $10 queue.
-- Running ones get their first attempt. Gives (build, position, job, 0) for each job, then (0, 0, job, attempt id) for
-- each attempt: the caller pairs them, a join of two such lists here would compare each with each.
with r as (
  select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::int[], $6::text[], $7::text[], $8::int[])
    as r (build_id, plan_id, fence, name, position, needs, status, max_attempts)),
j as (
  insert into jobs (build_id, plan_id, name, position, needs, status, max_attempts, attempt, started_at)
  select r.build_id, r.plan_id, r.name, r.position, array(select jsonb_array_elements_text(r.needs::jsonb)), r.status,
         r.max_attempts, case when r.status = 'running' then 1 else 0 end, case when r.status = 'running' then now() end
    from r join builds b on b.id = r.build_id and b.fence = r.fence and b.status = 'building'
   order by r.build_id, r.position
  on conflict (build_id, position) do nothing
  returning id, build_id, position, name, status),
a as (
  insert into job_attempts (job_id, n, instance) select id, 1, $9 from j where status = 'running'
  returning id, job_id),
e as (
  insert into events (queue, subject, type, body)
  select $10, 'job/' || j.id, 'job.running', jsonb_build_object('build', j.build_id, 'name', j.name, 'attempt', 1)
    from j where status = 'running')
select build_id, position, id, 0::bigint as attempt from j union all select 0, 0, job_id, id from a

-- name: load_jobs
-- $1 builds: what a build that goes on already has
select build_id, id, position, status, attempt, outputs::text,
       extract(epoch from greatest(not_before, now()) - now())::float8 as due_in, coalesce(spent::text, '{}') as spent
  from jobs where build_id = any ($1::bigint[]) order by build_id, position

-- name: reset_lost_jobs
-- $1 builds, $2 their fences: attempts that were under way when their instance died are closed; the jobs are ready
-- again, whatever their budget: a death is counted by their plan. What somebody cancelled meanwhile is cancelled. Gives
-- (build, position, status).
with r as (select * from unnest($1::bigint[], $2::bigint[]) as r (build_id, fence)),
u as (
  update jobs j
     set status = case when j.cancel_requested then 'cancelled' else 'ready' end,
         class = case when j.cancel_requested then 'cancelled' else 'infra' end,
         error = case when j.cancel_requested then 'Somebody cancelled it.' else 'The instance that ran it died.' end,
         cancel_requested = false,
         finished_at = case when j.cancel_requested then now() end
    from r join builds b on b.id = r.build_id and b.fence = r.fence
   where j.build_id = r.build_id
     and (j.status = 'running' or (j.cancel_requested and j.status in ('blocked', 'ready')))
  returning j.id, j.build_id, j.position, j.status, j.attempt),
a as (
  update job_attempts a set ended_at = now(), status = 'lost', class = 'infra', error = 'The instance that ran it died.'
    from u where a.job_id = u.id and a.ended_at is null),
e as (
  insert into events (subject, type, level, body)
  select 'job/' || id, case status when 'ready' then 'job.reclaimed' else 'job.' || status end, 'warning',
         jsonb_build_object('build', build_id, 'attempt', attempt) from u)
select build_id, position, status from u

-- name: finish_jobs
-- Arrays, one entry per job that ended or changed: $1 job, $2 build, $3 fence, $4 new status, $5 class, $6 exit code or
-- -1, $7 error, $8 outputs (JSON), $9 delay in seconds when it is to run again, $10 attempt id (0: none, as for
-- dep_failed and ready), $11 peak memory in bytes, $12 attempts to add to the budget (1 when the host stopped it, which
-- is not the job's fault), $14 what the cache had for it, or '', $15 1 = sealed, $16 what a retry is counted under: its
-- class, or 'death' of the builder's process. $13 queue. Then one entry per build that goes on: $17 build, $18 fence,
-- $19 jobs that succeeded so far, $20 that failed. $21, an entry per job: bytes of the attempt's log, -1 unknown. Gives the
-- ids that were still ours.
with r as (
  select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::int[], $7::text[],
                       $8::text[], $9::float8[], $10::bigint[], $11::bigint[], $12::int[], $14::text[], $15::int[],
                       $16::text[], $21::bigint[])
    as r (id, build_id, fence, status, class, exit_code, error, outputs, delay, attempt_id, memory, extra, cache, sealed,
          counter, log_bytes)),
u as (
  update jobs j
     set status = r.status, class = nullif(r.class, ''), exit_code = nullif(r.exit_code, -1),
         error = coalesce(nullif(r.error, ''),  -- lists of what failed look at rows that have one
                          case r.status when 'cancelled' then 'It was cancelled.'
                                        when 'failed' then 'Its builder did not say why it failed.'
                                        when 'timed_out' then 'It took too long.'
                                        when 'dep_failed' then 'A job that it needs did not succeed.' end),
         outputs = r.outputs::jsonb, max_attempts = j.max_attempts + r.extra, sealed = r.sealed = 1,
         cache = coalesce(nullif(r.cache, '')::jsonb, j.cache),
         not_before = case when r.delay > 0 then now() + make_interval(secs => r.delay)
                           else '-infinity'::timestamptz end,
         finished_at = case when r.status in ('ready', 'blocked') then null else now() end,
         cancel_requested = j.cancel_requested and r.status in ('ready', 'blocked'),
         spent = case when r.status = 'ready' and r.extra = 0 and r.class <> ''  -- a retry
                      then coalesce(j.spent, '{}')
                           || jsonb_build_object(r.counter, coalesce((j.spent ->> r.counter)::int, 0) + 1)
                      else j.spent end
    from r join builds b on b.id = r.build_id and b.fence = r.fence and b.status = 'building'
   where j.id = r.id  -- the move from where it stands, so that a write in doubt can be repeated
     and case when r.attempt_id > 0 then j.status = 'running' else j.status in ('blocked', 'ready') end
  returning j.id, j.build_id, j.name, r.status, r.class, r.exit_code, r.error, r.attempt_id, r.memory, r.log_bytes),
g as (
  update builds b set jobs_done = p.done, jobs_failed = p.failed
    from unnest($17::bigint[], $18::bigint[], $19::int[], $20::int[]) as p (build_id, fence, done, failed)
   where b.id = p.build_id and b.fence = p.fence and b.status = 'building'
     and (b.jobs_done <> p.done or b.jobs_failed <> p.failed)),
a as (
  update job_attempts a
     set ended_at = now(), class = nullif(u.class, ''), exit_code = nullif(u.exit_code, -1),
         status = case when u.status in ('ready', 'blocked') then 'failed' else u.status end, error = nullif(u.error, ''),
         peak_memory = nullif(u.memory, 0), log_bytes = nullif(u.log_bytes, -1)
    from u where a.id = u.attempt_id),
e as (
  insert into events (queue, subject, type, level, body)
  select $13, 'job/' || id, case when status = 'ready' and attempt_id > 0 then 'job.retry' else 'job.' || status end,
         case when status in ('failed', 'timed_out') then 'error' when status = 'dep_failed' then 'warning' else 'info' end,
         jsonb_build_object('build', build_id, 'name', name, 'error', nullif(error, ''))
    from u where status <> 'ready' or attempt_id > 0)
select id from u

-- name: note_job_progress
-- Arrays: $1 attempt id, $2 how far its builder is. As note_input_progress.
with r as (
  select a.job_id, a.n, r.progress
    from unnest($1::bigint[], $2::text[]) as r (attempt_id, progress) join job_attempts a on a.id = r.attempt_id),
l as (
  select j.id from jobs j join r on r.job_id = j.id and r.n = j.attempt
   where j.status = 'running' for no key update of j skip locked)
update jobs j
   set progress = r.progress::jsonb || jsonb_build_object('attempt', j.attempt, 'at', rfc3339(now()))
  from r join l on l.id = r.job_id where j.id = r.job_id and j.attempt = r.n and j.status = 'running'

-- name: redo_jobs
-- Arrays: $1 job, $2 build, $3 fence, $4 why. $5 queue. Jobs that succeeded run once more, since what they left is gone.
with r as (select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) as r (id, build_id, fence, why)),
u as (
  update jobs j set status = 'ready', outputs = '[]', finished_at = null, cache = null
    from r join builds b on b.id = r.build_id and b.fence = r.fence and b.status = 'building'
   where j.id = r.id and j.status in ('succeeded', 'cached')
  returning j.id, j.build_id, j.name, r.why)
insert into events (queue, subject, type, level, body)
select $5, 'job/' || id, 'job.redo', 'warning', jsonb_build_object('build', build_id, 'name', name, 'error', why) from u

-- name: fail_jobs
-- $1 build, $2 fence, $3 error, $4 queue: ends what is not over of a build that cannot be stored, and counts its jobs.
with n as (
  select count(*) filter (where status in ('succeeded', 'cached')) as good,
         count(*) filter (where status not in ('succeeded', 'cached')) as bad
    from jobs where build_id = $1),
b as (
  update builds b set jobs_done = n.good, jobs_failed = n.bad
    from n where b.id = $1 and b.fence = $2 and b.status = 'building'),
j as (
  update jobs j set status = case j.status when 'running' then 'failed' else 'dep_failed' end,
         class = case j.status when 'running' then 'bug' end, error = $3, finished_at = now()
    from builds b
   where b.id = $1 and b.fence = $2 and b.status = 'building' and j.build_id = b.id
     and j.status in ('blocked', 'ready', 'running')
  returning j.id, j.build_id, j.name, j.status),
a as (
  update job_attempts a set ended_at = now(), status = 'failed', class = 'bug', error = $3
    from j where a.job_id = j.id and a.ended_at is null)
insert into events (queue, subject, type, level, body)
select $4, 'job/' || id, 'job.' || status, case status when 'failed' then 'error' else 'warning' end,
       jsonb_build_object('build', build_id, 'name', name, 'error', $3::text) from j

-- name: start_jobs
-- Arrays: $1 job, $2 build, $3 fence. $4 instance, $5 queue. Gives (job, attempt number, attempt id).
with r as (select * from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as r (id, build_id, fence)),
u as (
  update jobs j
     set status = 'running', attempt = j.attempt + 1, started_at = now(), finished_at = null, error = null,
         class = null, exit_code = null
    from r join builds b on b.id = r.build_id and b.fence = r.fence and b.status = 'building'
   where j.id = r.id and j.status in ('blocked', 'ready')
  returning j.id, j.build_id, j.name, j.attempt),
a as (
  insert into job_attempts (job_id, n, instance) select id, attempt, $4 from u returning job_id, n, id),
e as (
  insert into events (queue, subject, type, body)
  select $5, 'job/' || id, 'job.running', jsonb_build_object('build', build_id, 'name', name, 'attempt', attempt) from u)
select job_id, n, id as attempt from a

-- name: succeeded_jobs
-- $1 plan, $2 its current build: (position, outputs, sealed) of the jobs that succeeded in the build before
-- (mode "failed")
select position, outputs::text, sealed from jobs
 where build_id = (select max(id) from builds where plan_id = $1 and id < $2) and status in ('succeeded', 'cached')

-- name: started_before
-- $1 jobs, $2 instance: which of these did an earlier, in-doubt commit of ours already start? (job, number, attempt id)
select j.id as job_id, a.n, a.id as attempt
  from jobs j join job_attempts a on a.job_id = j.id and a.n = j.attempt
 where j.id = any ($1::bigint[]) and j.status = 'running' and a.instance = $2 and a.ended_at is null

-- name: inserted_before
-- $1 builds, $2 instance: what an in-doubt insert_jobs of ours wrote, in its form
select build_id, position, id, 0::bigint as attempt from jobs where build_id = any ($1::bigint[])
union all
select 0, 0, a.job_id, a.id from jobs j join job_attempts a on a.job_id = j.id and a.n = 1 and a.instance = $2
 where j.build_id = any ($1::bigint[]) and j.status = 'running'

-- name: job_durations
-- $1 queue, $2 names. Gives (name, seconds).
select name, seconds from job_durations where queue = $1 and name = any ($2::text[])

-- name: learn_durations
-- $1 queue; arrays of distinct entries: $2 name, $3 seconds. In the order of the names, since other hosts learn, too.
insert into job_durations as d (queue, name, seconds)
select $1, r.name, r.seconds from unnest($2::text[], $3::float8[]) as r (name, seconds) order by r.name collate "C"
on conflict (queue, name) do update set seconds = excluded.seconds, updated_at = now()
