-- Webhooks and their deliveries. Time is a parameter wherever it decides something.

-- name: webhook_sender
-- $1 instance: does it send? It takes over from a host that is dead or gone.
with taken as (
  update webhook_sender s set instance = $1
   where s.instance <> $1 and not exists (select from instances x where x.id = s.instance and x.ended_at is null)
     and exists (select from instances x where x.id = $1 and x.ended_at is null)
  returning s.instance)
select exists (select from taken) or exists (select from webhook_sender where instance = $1) as is_ours

-- name: webhook_add
-- $1 kind, $2 url, $3 mode, $4 queues or null, $5 types or null, $6 secret or null, $7 token_name, $8 repository, $9 page,
-- $10 place, $11 by whom
insert into webhooks (kind, url, mode, queues, types, secret, token_name, repository, page, place, created_by)
values ($1, $2, $3, $4::text[], $5::text[], $6, $7, $8, $9, $10, $11) returning id

-- name: webhook_remove
-- $1 id
delete from webhooks where id = $1 returning id

-- name: webhook_rotate
-- $1 id, $2 the new secret, $3 until when the old one signs as well
update webhooks set secret = $2, old_secret = secret, old_secret_until = $3::timestamptz
 where id = $1 and kind = 'webhook' returning id

-- name: webhook_replay
-- $1 id, $2 place
update webhooks set place = $2 where id = $1 returning id

-- name: webhooks_shown
-- $1 id or null. Oldest first. Neither secret is among the columns.
select w.id, w.kind, w.url, w.mode, to_json(w.queues) as queues, to_json(w.types) as types, w.token_name, w.repository, w.page,
       w.place, w.failures, rfc3339(w.created_at) as created_at, w.created_by, rfc3339(w.old_secret_until) as old_secret_until,
       (select count(*) from deliveries d where d.webhook = w.id and d.state = 'waiting') as waiting,
       (select count(*) from deliveries d where d.webhook = w.id and d.state = 'dead') as dead,
       l.error as last_error, rfc3339(l.last_at) as last_at
  from webhooks w
  left join lateral (select d.error, d.last_at from deliveries d
                      where d.webhook = w.id and d.last_at is not null order by d.last_at desc limit 1) l on true
 where $1::bigint is null or w.id = $1 order by w.id

-- name: webhooks_sent
-- For the sender: $1 now
select id, kind, url, mode, queues::text as queues,
       (select array_agg(replace(replace(t, '_', '\_'), '*', '%'))::text from unnest(types) t) as types, secret,
       case when old_secret_until > $1::timestamptz then old_secret end as old_secret, token_name, repository, page, place,
       failures, (select count(*) from deliveries d where d.webhook = w.id and d.state = 'waiting') as waiting
  from webhooks w order by id

-- name: webhook_events
-- $1 xid, $2 id (exclusive), $3 queues or null, $4 patterns of types or null, $5 how many to look at. Those that fit, and in
-- any case the last that was looked at; `looked` is how many these were. Events that were deleted by age are told of as
-- the stream does (api_events_after).
with p as (
  select split_part(value, '-', 1)::xid8 as xid, split_part(value, '-', 2)::bigint as id
    from meta where key = 'events_pruned'),
stream as (
  (select p.xid, p.id, 'events.pruned' as type, 'events' as subject, now() as at, null::text as queue, 'warning' as level,
          'host' as actor, null::jsonb as body, ''::text as message, true as is_wanted
    from p where $1::text <> '0' and (p.xid, p.id) > ($1::text::xid8, $2::bigint))
  union all
  (select e.*, ($3::text[] is null or e.queue = any ($3::text[])) and ($4::text[] is null or e.type like any ($4::text[]))
    from event_rows e
   where (e.xid, e.id) > ($1::text::xid8, $2::bigint) and e.xid < pg_snapshot_xmin(pg_current_snapshot())
   order by e.xid, e.id limit $5)
  limit $5),
numbered as (
  select s.*, row_number() over (order by s.xid, s.id) as n, count(*) over () as looked from stream s)
select n.xid, n.id, n.type, n.subject, n.at, n.queue, n.level, n.actor, n.body, n.message,
       coalesce(n.is_wanted, false) as is_wanted, n.looked,
       coalesce(i.filename, '') as filename, coalesce(i.attributes ->> 'commit', '') as commit
  from numbered n
  left join plans pl on pl.id = case when n.subject ~ '^plan/\d+$' then substr(n.subject, 6)::bigint end
  left join pending_inputs i on i.id = coalesce(pl.pending_input_id,
                                               case when n.subject ~ '^input/\d+$' then substr(n.subject, 7)::bigint end)
 where n.is_wanted or n.n = n.looked order by n.xid, n.id

-- name: webhook_moved
-- $1 id, $2 the place it had, $3 its new one. No row: somebody else moved it.
update webhooks set place = $3 where id = $1 and place = $2 returning id

-- name: deliveries_add
-- $1 webhook, $2 now; arrays, one entry for each: $3 message, $4 place, $5 epoch, $6 xid, $7 event, $8 subject, $9 type, $10
-- url, $11 headers, each a JSON array, $12 body. What was delivered before, or is dead, is sent again as it was.
insert into deliveries as d (webhook, message, place, epoch, xid, event, subject, type, url, headers, body, due_at, created_at)
select $1::bigint, n.message, n.place, n.epoch, n.xid, n.event, n.subject, n.type, n.url,
       array(select jsonb_array_elements_text(n.headers::jsonb)), n.body, $2::timestamptz, $2::timestamptz
  from unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::text[], $10::text[],
              $11::text[], $12::text[])
       as n (message, place, epoch, xid, event, subject, type, url, headers, body)
on conflict (webhook, place) do update
   set state = 'waiting', attempts = 0, due_at = excluded.due_at, finished_at = null, error = null, status = null
 where d.state <> 'waiting'
returning id

-- name: deliveries_due
-- $1 webhook, $2 now, $3 limit: of each subject the first that waits, if its time has come.
select h.id, h.message, h.url, to_json(h.headers) as headers, h.body, h.attempts
  from (select distinct on (d.subject) d.* from deliveries d where d.webhook = $1 and d.state = 'waiting'
         order by d.subject, d.epoch, d.xid, d.event) h
 where h.due_at <= $2::timestamptz order by h.due_at, h.id limit $3

-- name: delivery_sent
-- $1 id, $2 attempts before this one, $3 now, $4 status: it arrived. Without a row it was decided elsewhere.
with d as (
  update deliveries set state = 'delivered', attempts = attempts + 1, last_at = $3::timestamptz, status = $4, error = null,
         finished_at = $3::timestamptz
   where id = $1 and attempts = $2 and state = 'waiting' returning webhook),
-- The receiver was away and is back: what it did not answer, or could not, waits for its next time no more.
due as (
  update deliveries x set due_at = $3::timestamptz from webhooks w, d
   where w.id = d.webhook and w.failures >= 5 and x.webhook = d.webhook and x.state = 'waiting' and x.due_at > $3::timestamptz
     and x.id <> $1 and (x.status is null or x.status in (502, 503, 504))),
w as (update webhooks w set failures = 0 from d where w.id = d.webhook and w.failures > 0)
select webhook from d

-- name: delivery_failed
-- $1 id, $2 attempts before this one, $3 now, $4 status or null, $5 error, $6 when it is tried again; null: it is dead
with d as (
  update deliveries set state = case when $6::timestamptz is null then 'dead' else 'waiting' end, attempts = attempts + 1,
         last_at = $3::timestamptz, status = $4, error = $5, due_at = coalesce($6::timestamptz, due_at),
         finished_at = case when $6::timestamptz is null then $3::timestamptz end
   where id = $1 and attempts = $2 and state = 'waiting' returning webhook),
w as (update webhooks w set failures = w.failures + 1 from d where w.id = d.webhook)
select webhook from d

-- name: delivery_again
-- $1 id, $2 now: a person wants it sent (again), now.
update deliveries set state = 'waiting', attempts = 0, due_at = $2::timestamptz, finished_at = null where id = $1 returning id

-- name: deliveries_shown
-- $1 webhook, or null, $2 state or null, $3 only ids below this, $4 limit, $5 one id, or null. The latest first.
select id, webhook, message, place, subject, type, url, state, attempts, rfc3339(created_at) as created_at,
       case when state = 'waiting' then rfc3339(due_at) end as next_attempt_at, rfc3339(last_at) as last_attempt_at, status,
       error, rfc3339(finished_at) as finished_at
  from deliveries
 where ($1::bigint is null or webhook = $1) and ($2::text is null or state = $2) and id < $3
   and ($5::bigint is null or id = $5)
 order by id desc limit $4

-- name: deliveries_count
-- $1 webhook, $2 state or null
select count(*) from (select from deliveries where webhook = $1 and ($2::text is null or state = $2) limit 10000) d

-- name: deliveries_states
-- Of all webhooks, for the metrics.
select (select count(*) from deliveries where state = 'waiting') as waiting,
       (select count(*) from deliveries where state = 'dead') as dead

-- name: deliveries_prune
-- $1 now: what arrived is kept for three days, what is dead for thirty
delete from deliveries where id in (
  select id from deliveries
   where finished_at < $1::timestamptz - interval '3 days'
     and (state = 'delivered' or finished_at < $1::timestamptz - interval '30 days') limit 5000)

-- name: delivery_of_place
-- $1 webhook, $2 place
select id from deliveries where webhook = $1 and place = $2
