-- Lists of the API. A page is filled from windows of the newest rows below the cursor, so that a filter that fits
-- nothing never reads a table of millions in one statement or one request.
-- All: $1 only ids below this, $2 queue or null, $3 statuses or null, $4 search text or null, $5 reason code or null,
-- $6 window, $7 limit, $8 only what needs attention: all that the filter fits failed or was stopped, which has an index.

-- Give (id, JSON).

-- name: api_inputs
select i.id, input_json(i::pending_inputs, q)::text
  from (select * from (select * from pending_inputs where not $8::boolean and id < $1 order by id desc limit $6) w
        union all
        select * from (select * from pending_inputs where $8::boolean and reason_code is not null and id < $1 order by id desc limit $6) a) i left join queues q on q.name = i.queue
 where ($2::text is null or i.queue = $2) and ($3::text[] is null or i.status = any ($3::text[]))
   and search_fits($4, i.id, i.filename)
   and ($5::text is null or input_code(i::pending_inputs, q, (select has_host('plan'))) = $5)
 order by i.id desc limit $7

-- name: api_plans
select p.id, plan_json(p::plans, q)::text
  from (select * from (select * from plans where not $8::boolean and id < $1 order by id desc limit $6) w
        union all
        select * from (select * from plans where $8::boolean and reason_code is not null and id < $1 order by id desc limit $6) a) p left join queues q on q.name = p.queue
 where ($2::text is null or p.queue = $2) and ($3::text[] is null or p.status = any ($3::text[]))
   and search_fits($4, p.id, p.filename)
   and ($5::text is null or plan_code(p::plans, q, (select has_host('build'))) = $5)
 order by p.id desc limit $7

-- name: api_builds
select b.id, build_json(b::builds, p)::text
  from (select * from (select * from builds where not $8::boolean and id < $1 order by id desc limit $6) w
        union all
        select * from (select * from builds where $8::boolean and reason_code is not null and id < $1 order by id desc limit $6) a) b join plans p on p.id = b.plan_id
 where ($2::text is null or b.queue = $2) and ($3::text[] is null or b.status = any ($3::text[]))
   and search_fits($4, b.id, p.filename)
   and ($5::text is null or build_code(b::builds, p) = $5)
 order by b.id desc limit $7

-- name: api_jobs
select j.id, job_json(j::jobs)::text
  from (select * from (select * from jobs where not $8::boolean and id < $1 order by id desc limit $6) w
        union all
        select * from (select * from jobs where $8::boolean and error is not null and id < $1 order by id desc limit $6) a) j
 where ($2::text is null or exists (select from builds b where b.id = j.build_id and b.queue = $2))
   and ($3::text[] is null or j.status = any ($3::text[])) and search_fits($4, j.id, j.name)
   and ($5::text is null or job_code(j::jobs) = $5)
 order by j.id desc limit $7

-- $1 only ids below this, $2 window, $3 as $8 above. Give (smallest id, rows): where the next window starts, and whether
-- there is one.

-- name: api_inputs_window
select coalesce(min(id), 0), count(*)
  from (select id from (select id from pending_inputs where not $3::boolean and id < $1 order by id desc limit $2) w
        union all
        select id from (select id from pending_inputs where $3::boolean and reason_code is not null and id < $1 order by id desc limit $2) a) w

-- name: api_plans_window
select coalesce(min(id), 0), count(*)
  from (select id from (select id from plans where not $3::boolean and id < $1 order by id desc limit $2) w
        union all
        select id from (select id from plans where $3::boolean and reason_code is not null and id < $1 order by id desc limit $2) a) w

-- name: api_builds_window
select coalesce(min(id), 0), count(*)
  from (select id from (select id from builds where not $3::boolean and id < $1 order by id desc limit $2) w
        union all
        select id from (select id from builds where $3::boolean and reason_code is not null and id < $1 order by id desc limit $2) a) w

-- name: api_jobs_window
select coalesce(min(id), 0), count(*)
  from (select id from (select id from jobs where not $3::boolean and id < $1 order by id desc limit $2) w
        union all
        select id from (select id from jobs where $3::boolean and error is not null and id < $1 order by id desc limit $2) a) w

-- Totals count in the newest $6 rows. $7 is not used. Give (count, rows looked at).

-- name: api_inputs_total
select count(*) filter (where
         ($2::text is null or i.queue = $2) and ($3::text[] is null or i.status = any ($3::text[]))
         and search_fits($4, i.id, i.filename)
         and ($5::text is null or input_code(i::pending_inputs, q, (select has_host('plan'))) = $5)), count(*)
  from (select * from (select * from pending_inputs where not $8::boolean and id < $1 order by id desc limit $6) w
        union all
        select * from (select * from pending_inputs where $8::boolean and reason_code is not null and id < $1 order by id desc limit $6) a) i left join queues q on q.name = i.queue
 where $7::int is not null

-- name: api_plans_total
select count(*) filter (where
         ($2::text is null or p.queue = $2) and ($3::text[] is null or p.status = any ($3::text[]))
         and search_fits($4, p.id, p.filename)
         and ($5::text is null or plan_code(p::plans, q, (select has_host('build'))) = $5)), count(*)
  from (select * from (select * from plans where not $8::boolean and id < $1 order by id desc limit $6) w
        union all
        select * from (select * from plans where $8::boolean and reason_code is not null and id < $1 order by id desc limit $6) a) p left join queues q on q.name = p.queue
 where $7::int is not null

-- name: api_builds_total
select count(*) filter (where
         ($2::text is null or b.queue = $2) and ($3::text[] is null or b.status = any ($3::text[]))
         and search_fits($4, b.id, p.filename)
         and ($5::text is null or build_code(b::builds, p) = $5)), count(*)
  from (select * from (select * from builds where not $8::boolean and id < $1 order by id desc limit $6) w
        union all
        select * from (select * from builds where $8::boolean and reason_code is not null and id < $1 order by id desc limit $6) a) b join plans p on p.id = b.plan_id
 where $7::int is not null

-- name: api_jobs_total
select count(*) filter (where
         ($2::text is null or exists (select from builds b where b.id = j.build_id and b.queue = $2))
         and ($3::text[] is null or j.status = any ($3::text[])) and search_fits($4, j.id, j.name)
         and ($5::text is null or job_code(j::jobs) = $5)), count(*)
  from (select * from (select * from jobs where not $8::boolean and id < $1 order by id desc limit $6) w
        union all
        select * from (select * from jobs where $8::boolean and error is not null and id < $1 order by id desc limit $6) a) j
 where $7::int is not null
