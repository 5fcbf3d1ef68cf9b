-- Single things, by the views of sql/functions.

-- name: api_input
-- $1 id
select * from input_rows where id = $1

-- name: api_plan
-- $1 id
select * from plan_rows where id = $1

-- name: api_build
-- $1 id
select * from build_rows where id = $1

-- name: api_job
-- $1 id
select * from job_rows where id = $1

-- name: api_archive
-- $1 build, $2 digests of its artifacts. `ended` in seconds of the epoch; `lost`: one of them that is gone, or '';
-- `missed`: those whose bytes are known to be lost, with spaces between them.
select extract(epoch from coalesce(b.finished_at, b.started_at))::bigint as ended,
       coalesce((select d from unnest($2::text[]) d where not exists (select from blobs x where x.digest = d) limit 1), '')
         as lost,
       coalesce((select string_agg(digest, ' ') from blobs where digest = any ($2::text[]) and lost_at is not null), '')
         as missed,
       b.plan_id
  from builds b where b.id = $1

-- name: api_attempts
-- $1 jobs
select job_id, n, coalesce(nullif(worker, ''), 'build-' || instance) as worker, status, started_at, ended_at, exit_code,
       class, error, peak_memory
  from job_attempts where job_id = any ($1::bigint[]) order by job_id, n

-- name: api_build_jobs
-- $1 build, $2 only positions after this, $3 limit
select * from job_rows where build_id = $1 and position > $2 order by position limit $3

-- name: api_build_jobs_total
-- $1 build
select count(*) as jobs from jobs where build_id = $1

-- name: api_needed_jobs
-- $1 job: those it needs that have not succeeded
select r.* from jobs j join job_rows r on r.build_id = j.build_id and r.name = any (j.needs)
 where j.id = $1 and r.status not in ('succeeded', 'cached') order by r.position

-- name: api_attempt
-- $1 job, $2 attempt number or null for the latest.
select id, ended_at is not null as is_over, coalesce(log_bytes, -1) as log_bytes from job_attempts
 where job_id = $1 and ($2::int is null or n = $2) order by n desc limit 1

-- name: api_was_pruned
-- $1 table, $2 id that it has no row of
select exists (select from pruned where table_name = $1 and up_to >= $2)

-- name: api_input_position
-- $1 id: its place in its queue, counted up to 10000, or null while it is in none
select case when queued_at is not null then inputs_position(queue, queued_at, id) end as position
  from pending_inputs where id = $1

-- name: api_plan_position
-- $1 id, as above
select case when queued_at is not null then plans_position(queue, queued_at, id) end as position from plans where id = $1

-- name: api_job_slots
-- $1 plan. Gives (its queue, how many jobs a host runs of it).
select p.queue, q.job_slots from plans p left join queues q on q.name = p.queue where p.id = $1
