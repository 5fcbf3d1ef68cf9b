-- What people do to single items; the rest is in the files of the tables.

-- name: input_position
-- $1 id: how many of its queue came no later than it, counted up to 10000
select inputs_position(queue, queued_at, id) from pending_inputs where id = $1

-- name: plan_position
-- $1 id
select plans_position(queue, queued_at, id) from plans where id = $1

-- name: waiting_inputs_after
-- $1 queue, $2 only ids above this, $3 limit: recorded inputs that nobody has queued, oldest first
select id from pending_inputs
 where queue = $1 and status = 'pending' and queued_at is null and id > $2 order by id limit $3

-- name: waiting_plans_after
-- $1 queue, $2 only ids above this, $3 limit
select id from plans
 where queue = $1 and status = 'ready_for_build' and queued_at is null and id > $2 order by id limit $3

-- name: idempotency_begin
-- $1 key, $2 digest of the request. Gives (ours, same request, status or 0 while under way, response).
with n as (
  insert into idempotency_keys as k (key, request_digest) values ($1, $2)
  on conflict (key) do update set request_digest = excluded.request_digest, status = null, response = null, created_at = now()
    where k.created_at < now() - interval '1 day' or (k.status is null and k.created_at < now() - interval '2 minutes')
  returning key)
select true as is_ours, true as is_same, 0 as status, '' as response from n
union all
select false, k.request_digest = $2, coalesce(k.status, 0), coalesce(k.response, '')
  from idempotency_keys k where k.key = $1 and not exists (select from n)

-- name: idempotency_finish
-- $1 key, $2 status, $3 response
update idempotency_keys set status = $2, response = $3 where key = $1

-- name: idempotency_drop
-- $1 key: the request did nothing, so it may be sent again
delete from idempotency_keys where key = $1 and status is null
