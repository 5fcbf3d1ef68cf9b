-- Lists of the API, by the views of sql/functions. A page without a filter is read in the order of the ids. One with a
-- filter is filled from windows of the newest rows below the cursor, so that a filter that fits nothing never reads a
-- table of millions in one statement or one request.
--
-- api_X: $1 only ids below this, $2 limit.
-- api_X_filtered: $1 only ids below this, $2 queue or null, $3 statuses or null, $4 search text or null, $5 reason code
-- or null, $6 window, $7 limit.
-- api_X_attention: the same for filters of which all that fits failed or was stopped, which has an index.
-- api_X_window: $1 only ids below this, $2 window, $3 whether of api_X_attention. Gives (first_id, seen): where the
-- next window starts, and whether there is one.
-- api_X_total: parameters of api_X_filtered without a limit, $7 as $3 of the window. Gives (fitting, seen): how many rows
-- fit, of how many that were looked at.

-- name: api_inputs_filtered
select r.*
  from (select i.id from (select * from pending_inputs where id < $1 order by id desc limit $6) i left join queues q on q.name = i.queue
         where ($2::text is null or i.queue = $2) and ($3::text[] is null or i.status = any ($3::text[]))
           and search_fits($4, i.id, i.filename)
           and ($5::text is null or input_code(i::pending_inputs, q, (select has_host('plan'))) = $5)
         order by i.id desc limit $7) f
  join input_rows r on r.id = f.id order by f.id desc

-- name: api_inputs_attention
select r.*
  from (select i.id from (select * from pending_inputs where reason_code is not null and id < $1 order by id desc limit $6) i left join queues q on q.name = i.queue
         where ($2::text is null or i.queue = $2) and ($3::text[] is null or i.status = any ($3::text[]))
           and search_fits($4, i.id, i.filename)
           and ($5::text is null or input_code(i::pending_inputs, q, (select has_host('plan'))) = $5)
         order by i.id desc limit $7) f
  join input_rows r on r.id = f.id order by f.id desc

-- name: api_inputs
select * from input_rows where id < $1 order by id desc limit $2

-- name: api_inputs_window
select coalesce(min(id), 0) as first_id, count(*) as seen
  from (select id from (select id from pending_inputs where not $3::boolean and id < $1 order by id desc limit $2) w
        union all
        select id from (select id from pending_inputs where $3::boolean and reason_code is not null and id < $1 order by id desc limit $2) a) w

-- name: api_inputs_total
select count(*) filter (where
           ($2::text is null or i.queue = $2) and ($3::text[] is null or i.status = any ($3::text[]))
           and search_fits($4, i.id, i.filename)
           and ($5::text is null or input_code(i::pending_inputs, q, (select has_host('plan'))) = $5)) as fitting, count(*) as seen
  from (select * from (select * from pending_inputs where not $7::boolean and id < $1 order by id desc limit $6) w
        union all
        select * from (select * from pending_inputs where $7::boolean and reason_code is not null and id < $1 order by id desc limit $6) a) i left join queues q on q.name = i.queue

-- name: api_plans_filtered
select r.*
  from (select p.id from (select * from plans where id < $1 order by id desc limit $6) p left join queues q on q.name = p.queue
         where ($2::text is null or p.queue = $2) and ($3::text[] is null or p.status = any ($3::text[]))
           and search_fits($4, p.id, p.filename)
           and ($5::text is null or plan_code(p::plans, q, (select has_host('build'))) = $5)
         order by p.id desc limit $7) f
  join plan_rows r on r.id = f.id order by f.id desc

-- name: api_plans_attention
select r.*
  from (select p.id from (select * from plans where reason_code is not null and id < $1 order by id desc limit $6) p left join queues q on q.name = p.queue
         where ($2::text is null or p.queue = $2) and ($3::text[] is null or p.status = any ($3::text[]))
           and search_fits($4, p.id, p.filename)
           and ($5::text is null or plan_code(p::plans, q, (select has_host('build'))) = $5)
         order by p.id desc limit $7) f
  join plan_rows r on r.id = f.id order by f.id desc

-- name: api_plans
select * from plan_rows where id < $1 order by id desc limit $2

-- name: api_plans_window
select coalesce(min(id), 0) as first_id, count(*) as seen
  from (select id from (select id from plans where not $3::boolean and id < $1 order by id desc limit $2) w
        union all
        select id from (select id from plans where $3::boolean and reason_code is not null and id < $1 order by id desc limit $2) a) w

-- name: api_plans_total
select count(*) filter (where
           ($2::text is null or p.queue = $2) and ($3::text[] is null or p.status = any ($3::text[]))
           and search_fits($4, p.id, p.filename)
           and ($5::text is null or plan_code(p::plans, q, (select has_host('build'))) = $5)) as fitting, count(*) as seen
  from (select * from (select * from plans where not $7::boolean and id < $1 order by id desc limit $6) w
        union all
        select * from (select * from plans where $7::boolean and reason_code is not null and id < $1 order by id desc limit $6) a) p left join queues q on q.name = p.queue

-- name: api_builds_filtered
select r.*
  from (select b.id from (select * from builds where id < $1 order by id desc limit $6) b join plans p on p.id = b.plan_id
         where ($2::text is null or b.queue = $2) and ($3::text[] is null or b.status = any ($3::text[]))
           and search_fits($4, b.id, p.filename)
           and ($5::text is null or build_code(b::builds, p) = $5)
         order by b.id desc limit $7) f
  join build_rows r on r.id = f.id order by f.id desc

-- name: api_builds_attention
select r.*
  from (select b.id from (select * from builds where reason_code is not null and id < $1 order by id desc limit $6) b join plans p on p.id = b.plan_id
         where ($2::text is null or b.queue = $2) and ($3::text[] is null or b.status = any ($3::text[]))
           and search_fits($4, b.id, p.filename)
           and ($5::text is null or build_code(b::builds, p) = $5)
         order by b.id desc limit $7) f
  join build_rows r on r.id = f.id order by f.id desc

-- name: api_builds
select * from build_rows where id < $1 order by id desc limit $2

-- name: api_builds_window
select coalesce(min(id), 0) as first_id, count(*) as seen
  from (select id from (select id from builds where not $3::boolean and id < $1 order by id desc limit $2) w
        union all
        select id from (select id from builds where $3::boolean and reason_code is not null and id < $1 order by id desc limit $2) a) w

-- name: api_builds_total
select count(*) filter (where
           ($2::text is null or b.queue = $2) and ($3::text[] is null or b.status = any ($3::text[]))
           and search_fits($4, b.id, p.filename)
           and ($5::text is null or build_code(b::builds, p) = $5)) as fitting, count(*) as seen
  from (select * from (select * from builds where not $7::boolean and id < $1 order by id desc limit $6) w
        union all
        select * from (select * from builds where $7::boolean and reason_code is not null and id < $1 order by id desc limit $6) a) b join plans p on p.id = b.plan_id

-- name: api_jobs_filtered
select r.*
  from (select j.id from (select * from jobs where id < $1 order by id desc limit $6) j
         where ($2::text is null or exists (select from builds b where b.id = j.build_id and b.queue = $2)) and ($3::text[] is null or j.status = any ($3::text[]))
           and search_fits($4, j.id, j.name)
           and ($5::text is null or job_code(j::jobs) = $5)
         order by j.id desc limit $7) f
  join job_rows r on r.id = f.id order by f.id desc

-- name: api_jobs_attention
select r.*
  from (select j.id from (select * from jobs where error is not null and id < $1 order by id desc limit $6) j
         where ($2::text is null or exists (select from builds b where b.id = j.build_id and b.queue = $2)) and ($3::text[] is null or j.status = any ($3::text[]))
           and search_fits($4, j.id, j.name)
           and ($5::text is null or job_code(j::jobs) = $5)
         order by j.id desc limit $7) f
  join job_rows r on r.id = f.id order by f.id desc

-- name: api_jobs
select * from job_rows where id < $1 order by id desc limit $2

-- name: api_jobs_window
select coalesce(min(id), 0) as first_id, count(*) as seen
  from (select id from (select id from jobs where not $3::boolean and id < $1 order by id desc limit $2) w
        union all
        select id from (select id from jobs where $3::boolean and error is not null and id < $1 order by id desc limit $2) a) w

-- name: api_jobs_total
select count(*) filter (where
           ($2::text is null or exists (select from builds b where b.id = j.build_id and b.queue = $2)) and ($3::text[] is null or j.status = any ($3::text[]))
           and search_fits($4, j.id, j.name)
           and ($5::text is null or job_code(j::jobs) = $5)) as fitting, count(*) as seen
  from (select * from (select * from jobs where not $7::boolean and id < $1 order by id desc limit $6) w
        union all
        select * from (select * from jobs where $7::boolean and error is not null and id < $1 order by id desc limit $6) a) j

-- name: api_snapshot
-- What can be seen now: as long as it is the same, every list is the same.
select pg_current_snapshot()::text as snapshot
