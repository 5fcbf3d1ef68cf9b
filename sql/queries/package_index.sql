-- What /simple serves. A build's wheels are outputs of its jobs, and rows of builds that are over do not change.

-- name: package_index
-- $1 queue, $2 limit. Of each file the newest plan that left wheels, and the build that left them, one look into
-- plans_with_wheels for each. Gives (plan, build).
with recursive newest as (
  (select filename, id, wheels_build from plans
    where queue = $1 and wheels_build is not null order by filename desc, id desc limit 1)
  union all
  select p.* from newest n cross join lateral (
    select filename, id, wheels_build from plans
     where queue = $1 and wheels_build is not null and filename < n.filename order by filename desc, id desc limit 1) p)
select id as plan, wheels_build as build from newest limit $2

-- name: package_index_of_plan
-- $1 plan
select queue, status, wheels_build as build from plans where id = $1

-- name: is_queue
-- $1 name
select exists (select from queues where name = $1) as known

-- name: wheels_of_builds
-- $1 builds, $2 limit. In the order of the builds. Gives (build, name, digest, size).
select j.build_id as build, o ->> 'name' as name, o ->> 'digest' as digest, (o ->> 'size')::bigint as size
  from unnest($1::bigint[]) with ordinality b (id, n)
  join jobs j on j.build_id = b.id and j.outputs <> '[]'
 cross join jsonb_array_elements(j.outputs) o
 where o ->> 'name' like '%.whl' order by b.n, j.position, o ->> 'name' collate "C" limit $2
