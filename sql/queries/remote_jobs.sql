-- name: find_remote_job
-- $1 job. Gives (plugin, token, handle, folder, filled, withdrawn, seconds since it began).
select plugin, token, coalesce(handle, '') as handle, folder, filled, withdrawn,
       extract(epoch from clock_timestamp() - begun_at)::float8 as age
  from remote_jobs where job_id = $1

-- name: begin_remote_job
-- $1 job, $2 attempt, $3 queue, $4 plugin, $5 token, $6 folder. Nothing: the attempt is over, for others at least.
insert into remote_jobs (job_id, queue, plugin, token, folder)
select $1, $3, $4, $5, $6 from job_attempts where id = $2 and job_id = $1 and ended_at is null
on conflict (job_id) do nothing
returning job_id

-- name: fill_remote_job
-- $1 token
update remote_jobs set filled = true where token = $1

-- name: submit_remote_job
-- $1 token, $2 handle
update remote_jobs set handle = $2 where token = $1

-- name: end_remote_jobs
-- $1 tokens
delete from remote_jobs where token = any ($1::text[])

-- name: withdraw_remote_jobs
-- $1 tokens
update remote_jobs set withdrawn = true where token = any ($1::text[])

-- name: unwanted_remote_jobs
-- $1 queue, $2 plugin. What runs for nobody any more: (token, handle).
select r.token, coalesce(r.handle, '') as handle from remote_jobs r join jobs j on j.id = r.job_id
 where r.queue = $1 and r.plugin = $2
   and (r.withdrawn or j.status not in ('blocked', 'ready', 'running'))
 order by r.begun_at limit 100

-- name: known_remote_tokens
-- $1 tokens: those that have a row
select token from remote_jobs where token = any ($1::text[])
