-- Lists of the API, by the views of sql/functions. A page without a filter is read in the order of the ids. One with a
-- filter is filled from windows of the newest rows below the cursor, so that a filter that fits nothing never reads a
-- table of millions in one statement or one request.
--
-- api_X: $1 only ids below this, $2 limit.
-- api_X_filtered: $1 only ids below this, $2 queues or null, $3 statuses or null, $4 search text or null, $5 reason code
-- or null, $6 no id below this, $7 limit. The filters are columns of the view, so that it is joined for what fits only.
-- api_X_attention: the same for filters of which all that fits failed or was stopped, which has an index.
-- api_X_newest: $1 only ids below this, $2 whether of api_X_attention. Gives (id), null when there is none.
-- api_X_window: $1 only ids below this, $2 how many, $3 whether of api_X_attention. Gives (first_id, seen).
-- api_X_total: $1 to $5 as above, $6 how many rows are looked at, $7 as $3 of the window. Gives (fitting, seen): how
-- many rows fit, of how many that were looked at.

-- name: api_inputs_filtered
select * from input_rows
 where id < $1 and id >= $6
   and ($2::text[] is null or queue = any ($2::text[])) and ($3::text[] is null or status = any ($3::text[]))
   and search_fits($4, id, filename) and ($5::text is null or first_code(codes, status) = $5)
 order by id desc limit $7

-- name: api_inputs_attention
select * from input_rows
 where reason_code is not null and id < $1 and id >= $6
   and ($2::text[] is null or queue = any ($2::text[])) and ($3::text[] is null or status = any ($3::text[]))
   and search_fits($4, id, filename) and ($5::text is null or first_code(codes, status) = $5)
 order by id desc limit $7

-- name: api_inputs
select * from input_rows where id < $1 order by id desc limit $2

-- name: api_inputs_newest
select case when $2::boolean then (select max(id) from pending_inputs where reason_code is not null and id < $1)
            else (select max(id) from pending_inputs where id < $1) end as id

-- name: api_inputs_window
select coalesce(min(id), 0) as first_id, count(*) as seen
  from (select id from (select id from pending_inputs where not $3::boolean and id < $1 order by id desc limit $2) w
        union all
        select id from (select id from pending_inputs where $3::boolean and reason_code is not null and id < $1 order by id desc limit $2) a) w

-- name: api_inputs_total
select count(*) filter (where
           ($2::text[] is null or i.queue = any ($2::text[])) and ($3::text[] is null or i.status = any ($3::text[]))
           and search_fits($4, i.id, i.filename)
           and ($5::text is null or input_code(i::pending_inputs, q, (select has_host('plan'))) = $5)) as fitting, count(*) as seen
  from (select * from (select * from pending_inputs where not $7::boolean and id < $1 order by id desc limit $6) w
        union all
        select * from (select * from pending_inputs where $7::boolean and reason_code is not null and id < $1 order by id desc limit $6) a) i left join queues q on q.name = i.queue

-- name: api_plans_filtered
select * from plan_rows
 where id < $1 and id >= $6
   and ($2::text[] is null or queue = any ($2::text[])) and ($3::text[] is null or status = any ($3::text[]))
   and search_fits($4, id, filename) and ($5::text is null or first_code(codes, status) = $5)
 order by id desc limit $7

-- name: api_plans_attention
select * from plan_rows
 where reason_code is not null and id < $1 and id >= $6
   and ($2::text[] is null or queue = any ($2::text[])) and ($3::text[] is null or status = any ($3::text[]))
   and search_fits($4, id, filename) and ($5::text is null or first_code(codes, status) = $5)
 order by id desc limit $7

-- name: api_plans
select * from plan_rows where id < $1 order by id desc limit $2

-- name: api_plans_newest
select case when $2::boolean then (select max(id) from plans where reason_code is not null and id < $1)
            else (select max(id) from plans where id < $1) end as id

-- name: api_plans_window
select coalesce(min(id), 0) as first_id, count(*) as seen
  from (select id from (select id from plans where not $3::boolean and id < $1 order by id desc limit $2) w
        union all
        select id from (select id from plans where $3::boolean and reason_code is not null and id < $1 order by id desc limit $2) a) w

-- name: api_plans_total
select count(*) filter (where
           ($2::text[] is null or p.queue = any ($2::text[])) and ($3::text[] is null or p.status = any ($3::text[]))
           and search_fits($4, p.id, p.filename)
           and ($5::text is null or plan_code(p::plans, q, (select has_host('build'))) = $5)) as fitting, count(*) as seen
  from (select * from (select * from plans where not $7::boolean and id < $1 order by id desc limit $6) w
        union all
        select * from (select * from plans where $7::boolean and reason_code is not null and id < $1 order by id desc limit $6) a) p left join queues q on q.name = p.queue

-- name: api_builds_filtered
select * from build_rows
 where id < $1 and id >= $6
   and ($2::text[] is null or queue = any ($2::text[])) and ($3::text[] is null or status = any ($3::text[]))
   and search_fits($4, id, filename) and ($5::text is null or code = $5)
 order by id desc limit $7

-- name: api_builds_attention
select * from build_rows
 where reason_code is not null and id < $1 and id >= $6
   and ($2::text[] is null or queue = any ($2::text[])) and ($3::text[] is null or status = any ($3::text[]))
   and search_fits($4, id, filename) and ($5::text is null or code = $5)
 order by id desc limit $7

-- name: api_builds
select * from build_rows where id < $1 order by id desc limit $2

-- name: api_builds_newest
select case when $2::boolean then (select max(id) from builds where reason_code is not null and id < $1)
            else (select max(id) from builds where id < $1) end as id

-- name: api_builds_window
select coalesce(min(id), 0) as first_id, count(*) as seen
  from (select id from (select id from builds where not $3::boolean and id < $1 order by id desc limit $2) w
        union all
        select id from (select id from builds where $3::boolean and reason_code is not null and id < $1 order by id desc limit $2) a) w

-- name: api_builds_total
select count(*) filter (where
           ($2::text[] is null or b.queue = any ($2::text[])) and ($3::text[] is null or b.status = any ($3::text[]))
           and search_fits($4, b.id, p.filename)
           and ($5::text is null or build_code(b::builds, p) = $5)) as fitting, count(*) as seen
  from (select * from (select * from builds where not $7::boolean and id < $1 order by id desc limit $6) w
        union all
        select * from (select * from builds where $7::boolean and reason_code is not null and id < $1 order by id desc limit $6) a) b join plans p on p.id = b.plan_id

-- name: api_jobs_filtered
select * from job_rows
 where id < $1 and id >= $6
   and ($2::text[] is null or queue = any ($2::text[])) and ($3::text[] is null or status = any ($3::text[]))
   and search_fits($4, id, name) and ($5::text is null or code = $5)
 order by id desc limit $7

-- name: api_jobs_attention
select * from job_rows
 where error is not null and id < $1 and id >= $6
   and ($2::text[] is null or queue = any ($2::text[])) and ($3::text[] is null or status = any ($3::text[]))
   and search_fits($4, id, name) and ($5::text is null or code = $5)
 order by id desc limit $7

-- name: api_jobs
select * from job_rows where id < $1 order by id desc limit $2

-- name: api_jobs_newest
select case when $2::boolean then (select max(id) from jobs where error is not null and id < $1)
            else (select max(id) from jobs where id < $1) end as id

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
