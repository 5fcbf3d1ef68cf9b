-- name: events_ring
-- Not worth a flush of its own: a NOTIFY that a crash loses is heard by nobody anyway.
select set_config('synchronous_commit', 'off', true), pg_notify('planwright', '')

-- name: service_event
-- $1 subject, $2 type, $3 level, $4 body: of the whole host, not of a queue
insert into events (subject, type, level, body) values ($1, $2, $3, $4::jsonb)

-- name: reported_events
-- What plugins told of items that this transaction moves. $1 queue; arrays, one entry per event: $2 subject, $3 type,
-- $4 plugin, $5 body, whose `level` counts. A type begins with "reported.", which no event of the host does.
insert into events (queue, subject, type, level, actor, body)
select $1, r.subject, r.type,
       case when r.body::jsonb ->> 'level' in ('warning', 'error') then r.body::jsonb ->> 'level' else 'info' end, r.actor,
       r.body::jsonb
  from unnest($2::text[], $3::text[], $4::text[], $5::text[]) with ordinality as r (subject, type, actor, body, n)
 order by r.n

-- name: queue_event
-- $1 queue, $2 type, $3 level, $4 body
insert into events (queue, subject, type, level, body) values ($1, 'queue/' || $1, $2, $3, $4::jsonb)
