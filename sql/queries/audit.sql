-- Who did what. Rows are only ever added, and deleted by age.

-- name: audit_add
-- $1 actor, $2 its kind, $3 its row of access_keys or null, $4 address, $5 user agent, $6 request id, $7 action, $8 item,
-- $9 queue, $10 allowed, $11 status or null, $12 reason, $13 before, $14 after: JSON or null
insert into audit_log (actor, actor_kind, actor_key, address, user_agent, request_id, action, item, queue, allowed, status,
                       reason, before, after)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::jsonb, $14::jsonb)

-- name: audit_page
-- $1 only ids below this, $2 actor, $3 action, $4 queue, $5 item, $6 allowed, $7 since, $8 until, each null for all; $9 limit
select id, rfc3339(at) as at, actor, actor_kind, address, user_agent, request_id, action, item, queue, allowed, status, reason,
       before, after
  from audit_log
 where id < $1 and ($2::text is null or actor = $2) and ($3::text is null or action = $3)
   and ($4::text is null or queue = $4) and ($5::text is null or item = $5)
   and ($6::boolean is null or allowed = $6)
   and ($7::timestamptz is null or at >= $7) and ($8::timestamptz is null or at < $8)
 order by id desc limit $9

-- name: audit_total
-- $1 to $7 as $2 to $8 of audit_page; $8 the most that are counted
select count(*) from (
  select from audit_log
   where ($1::text is null or actor = $1) and ($2::text is null or action = $2)
     and ($3::text is null or queue = $3) and ($4::text is null or item = $4)
     and ($5::boolean is null or allowed = $5)
     and ($6::timestamptz is null or at >= $6) and ($7::timestamptz is null or at < $7)
   limit $8) a

-- name: prune_audit
-- $1 age in seconds. Deletes a slice; gives how many rows.
with d as (
  delete from audit_log
   where (select set_config('planwright.audit_retention', 'on', true)) = 'on'
     and id in (select id from audit_log where at < now() - make_interval(secs => $1::double precision) order by at limit 5000)
  returning 1)
select count(*) from d
