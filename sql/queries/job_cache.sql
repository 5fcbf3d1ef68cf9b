-- Results of jobs under their keys (model/cache_key.h).

-- name: find_cached
-- $1 keys. Gives (key, good, class, exit code or -1, error, outputs, plan, job, sealed) of those that still count; that
-- they were asked for is noted once an hour.
with u as (
  update job_cache set used_at = now() where key = any ($1::text[]) and used_at < now() - interval '1 hour')
select key, good, coalesce(class, '') as class, coalesce(exit_code, -1) as exit_code, coalesce(error, '') as error,
       outputs::text, plan_id, job_id, sealed
  from job_cache where key = any ($1::text[]) and expires_at > now()

-- name: latest_cached
-- $1 queue, $2 names of jobs. Gives (name, parts), the latest keys of each.
select n.name, c.parts::text from unnest($2::text[]) as n (name) cross join lateral (
  select parts from job_cache where queue = $1 and name = n.name collate "C" order by created_at desc limit 5) c

-- name: record_cached
-- Arrays: $1 key, $2 queue, $3 name, $4 parts, $5 1 = good, $6 class, $7 exit code or -1, $8 error, $9 outputs, $10 plan,
-- $11 job, $12 seconds after which a failure is forgotten, $13 1 = sealed. In the order of the keys, since other hosts
-- record, too. A failure does not replace a good result that somebody else had.
insert into job_cache as c (key, queue, name, parts, good, class, exit_code, error, outputs, plan_id, job_id, expires_at,
                            sealed)
select distinct on (r.key) r.key, r.queue, r.name, r.parts::jsonb, r.good = 1, nullif(r.class, ''), nullif(r.code, -1),
       nullif(r.error, ''), r.outputs::jsonb, r.plan, r.job,
       case when r.good = 1 then 'infinity' else now() + make_interval(secs => r.lasts) end,
       r.sealed = 1
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::int[], $8::text[], $9::text[],
              $10::bigint[], $11::bigint[], $12::float8[], $13::int[])
    as r (key, queue, name, parts, good, class, code, error, outputs, plan, job, lasts, sealed)
 order by r.key
on conflict (key) do update
   set queue = excluded.queue, name = excluded.name, good = excluded.good, class = excluded.class,
       exit_code = excluded.exit_code, error = excluded.error, outputs = excluded.outputs, plan_id = excluded.plan_id,
       job_id = excluded.job_id, sealed = excluded.sealed, expires_at = excluded.expires_at, created_at = now(), used_at = now()
 where excluded.good or not c.good

-- name: find_blobs
-- $1 digests. Gives (digest, whether its bytes have to be looked at) of those that have a row.
select digest, content is null or lost_at is not null or 'sha256:' || encode(sha256(content), 'hex') <> digest as is_open
  from blobs where digest = any ($1::text[])

-- name: prune_cache
-- $1 queue, $2 age in seconds since an entry was last of use, $3 bytes that the outputs of the queue's entries may have;
-- those longest unused go. Gives how many.
with d as (
  delete from job_cache where key in (
    select key from (
      select key, used_at, expires_at,
             sum((select coalesce(sum((o ->> 'size')::bigint), 0) from jsonb_array_elements(outputs) o))
               over (order by used_at desc, key) as bytes
        from job_cache where queue = $1) c
     where used_at < now() - make_interval(secs => $2) or expires_at < now() or bytes > $3
     limit 1000)
  returning 1)
select count(*) from d

-- name: api_job_cache
-- $1 job. Gives (its queue, name and status, what was noted, and of that what is shown).
select b.queue, j.name, j.status, j.cache as note, j.cache ->> 'result' as cache_result, j.cache ->> 'why' as cache_why
  from jobs j join builds b on b.id = j.build_id where j.id = $1

-- name: nearest_cached
-- $1 queue, $2 name of the job, $3 key that is not meant. Gives (parts, job, time), latest first.
select parts::text, job_id, rfc3339(created_at) as at from job_cache
 where queue = $1 and name = $2 and key <> $3 order by created_at desc limit 20

-- name: forecast_plan
-- $1 plan
select queue, plan_digest from plans where id = $1
