-- name: events_horizon
-- Where a reader may read up to, and the epoch: everything below is committed and stays in order.
select pg_snapshot_xmin(pg_current_snapshot())::text, (select value from meta where key = 'event_epoch')

-- name: events_after
-- $1 xid, $2 id (exclusive), $3 limit
select xid::text, id, rfc3339(at), coalesce(queue, ''), subject, type, level, actor, coalesce(body::text, 'null')
  from events
 where (xid, id) > ($1::text::xid8, $2) and xid < pg_snapshot_xmin(pg_current_snapshot())
 order by xid, id limit $3

-- name: events_ring
-- Not worth a flush of its own: a NOTIFY that a crash loses is heard by nobody anyway.
select set_config('synchronous_commit', 'off', true), pg_notify('planwright', '')

-- name: events_last
select coalesce(xid::text, '0'), coalesce(id, 0) from events
 where xid < pg_snapshot_xmin(pg_current_snapshot()) order by xid desc, id desc limit 1
