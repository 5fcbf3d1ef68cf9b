-- Tokens, sessions and links to sign in with.

-- name: access_key
-- $1 kind, $2 digest: the key, if it is good now. is_due: when it was used last is to be noted.
select k.id, k.name, k.role, to_json(k.queues) as queues, k.parent_file,
       k.last_used_at is null or k.last_used_at < now() - interval '1 minute' as is_due
  from access_keys k left join access_keys p on p.id = k.parent
 where k.kind = $1 and k.digest = $2 and k.ended_at is null and coalesce(k.expires_at > now(), true)
   and (k.kind <> 'session' or coalesce(k.last_used_at, k.created_at) > now() - interval '12 hours')
   and (k.parent is null or (p.ended_at is null and coalesce(p.expires_at > now(), true)))

-- name: access_key_used
-- $1 id
update access_keys set last_used_at = now() where id = $1

-- name: access_key_add
-- $1 kind, $2 digest, $3 name, $4 role, $5 queues or null, $6 parent or null, $7 parent_file, $8 who made it, $9 seconds that
-- it is good for, or null
insert into access_keys (kind, digest, name, role, queues, parent, parent_file, created_by, expires_at)
values ($1, $2, $3, $4, $5::text[], $6, $7, $8, now() + make_interval(secs => $9::double precision))
on conflict do nothing returning id

-- name: access_key_end
-- $1 id, $2 kind, $3 by whom
update access_keys set ended_at = now(), ended_by = $3
 where id = $1 and kind = $2 and ended_at is null returning id, name

-- name: access_link_take
-- $1 digest: uses the link up
update access_keys k set ended_at = now(), ended_by = k.name
 where kind = 'link' and digest = $1 and ended_at is null and expires_at > now()
   and not exists (select from access_keys p where p.id = k.parent and (p.ended_at is not null or p.expires_at <= now()))
returning id, name, role, to_json(queues) as queues, parent, parent_file

-- name: access_tokens
-- Newest first; those that ended within the last 30 days, too.
select id, name, role, to_json(queues) as queues, rfc3339(created_at) as created_at, created_by, rfc3339(expires_at) as expires_at,
       rfc3339(last_used_at) as last_used_at, rfc3339(ended_at) as revoked_at, ended_by as revoked_by
  from access_keys where kind = 'token' and coalesce(ended_at, 'infinity') > now() - interval '30 days'
 order by id desc limit 1000

-- name: access_token
-- $1 id
select id, name, role, to_json(queues) as queues, rfc3339(created_at) as created_at, created_by, rfc3339(expires_at) as expires_at,
       rfc3339(last_used_at) as last_used_at, rfc3339(ended_at) as revoked_at, ended_by as revoked_by
  from access_keys where kind = 'token' and id = $1

-- name: access_forget
-- Sessions and links that cannot be used any more.
delete from access_keys where kind <> 'token' and expires_at < now() - interval '1 day'

-- Which queue an item belongs to: $1 id.

-- name: queue_of_input
select queue from pending_inputs where id = $1

-- name: queue_of_plan
select queue from plans where id = $1

-- name: queue_of_build
select queue from builds where id = $1

-- name: queue_of_job
select b.queue from jobs j join builds b on b.id = j.build_id where j.id = $1

-- name: queue_of_letter
select queue from dead_letters where id = $1
