-- The event stream as the API shows it. Cursor: epoch-xid-id.

-- name: api_events_after
-- $1 xid, $2 id (exclusive), $3 types or null, $4 subject or null, $5 level or null, $6 limit, $7 queues or null. Oldest first. From a place
-- whose events are deleted by age it goes on with one of the type events.pruned, which stands for them and stays whatever
-- is asked for.
with p as (
  select split_part(value, '-', 1)::xid8 as xid, split_part(value, '-', 2)::bigint as id
    from meta where key = 'events_pruned')
select * from (
(select p.xid, p.id, 'events.pruned' as type, 'events' as subject, now() as at, null::text as queue, 'warning' as level,
        'host' as actor, null::jsonb as body, ''::text as message
  from p where $1::text <> '0' and (p.xid, p.id) > ($1::text::xid8, $2::bigint))
union all
(select e.* from event_rows e
 where (e.xid, e.id) > ($1::text::xid8, $2::bigint) and e.xid < pg_snapshot_xmin(pg_current_snapshot())
   and ($3::text[] is null or e.type = any ($3::text[])) and ($4::text is null or e.subject = $4)
   and ($5::text is null or e.level = $5)
   and ($7::text[] is null or e.queue = any ($7::text[]))
 order by e.xid, e.id limit $6)) stream limit $6

-- name: api_events_newest
-- $1 types, $2 subject, $3 level, $4 limit, $5 queues. Newest first.
select * from event_rows e
 where e.xid < pg_snapshot_xmin(pg_current_snapshot())
   and ($1::text[] is null or e.type = any ($1::text[])) and ($2::text is null or e.subject = $2)
   and ($3::text is null or e.level = $3)
   and ($5::text[] is null or e.queue = any ($5::text[]))
 order by e.xid desc, e.id desc limit $4

-- name: api_events_before
-- As above; $6 only before this xid, $7 id.
select * from event_rows e
 where (e.xid, e.id) < ($6::text::xid8, $7::bigint) and e.xid < pg_snapshot_xmin(pg_current_snapshot())
   and ($1::text[] is null or e.type = any ($1::text[])) and ($2::text is null or e.subject = $2)
   and ($3::text is null or e.level = $3)
   and ($5::text[] is null or e.queue = any ($5::text[]))
 order by e.xid desc, e.id desc limit $4

-- The same for one subject, which has an index of its own: $4, or $2 of the other two, is never null.

-- name: api_events_after_of
with p as (
  select split_part(value, '-', 1)::xid8 as xid, split_part(value, '-', 2)::bigint as id
    from meta where key = 'events_pruned')
select * from (
(select p.xid, p.id, 'events.pruned' as type, 'events' as subject, now() as at, null::text as queue, 'warning' as level,
        'host' as actor, null::jsonb as body, ''::text as message
  from p where $1::text <> '0' and (p.xid, p.id) > ($1::text::xid8, $2::bigint))
union all
(select e.* from event_rows e
 where e.subject = $4 and (e.xid, e.id) > ($1::text::xid8, $2::bigint)
   and e.xid < pg_snapshot_xmin(pg_current_snapshot())
   and ($3::text[] is null or e.type = any ($3::text[])) and ($5::text is null or e.level = $5)
   and ($7::text[] is null or e.queue = any ($7::text[]))
 order by e.xid, e.id limit $6)) stream limit $6

-- name: api_events_newest_of
select * from event_rows e
 where e.subject = $2 and e.xid < pg_snapshot_xmin(pg_current_snapshot())
   and ($1::text[] is null or e.type = any ($1::text[])) and ($3::text is null or e.level = $3)
   and ($5::text[] is null or e.queue = any ($5::text[]))
 order by e.xid desc, e.id desc limit $4

-- name: api_events_before_of
select * from event_rows e
 where e.subject = $2 and (e.xid, e.id) < ($6::text::xid8, $7::bigint)
   and e.xid < pg_snapshot_xmin(pg_current_snapshot())
   and ($1::text[] is null or e.type = any ($1::text[])) and ($3::text is null or e.level = $3)
   and ($5::text[] is null or e.queue = any ($5::text[]))
 order by e.xid desc, e.id desc limit $4

-- name: api_events_place
-- The epoch and the last place a reader may have seen: (epoch, xid, id, more): more = later rows are there that may not be read
-- yet.
select (select value from meta where key = 'event_epoch') as epoch, coalesce(l.xid::text, '0') as xid, coalesce(l.id, 0) as id,
       exists (select from events e where e.xid >= pg_snapshot_xmin(pg_current_snapshot())) as is_held_back
  from (values (0)) one left join lateral (
    select xid, id from events where xid < pg_snapshot_xmin(pg_current_snapshot())
     order by xid desc, id desc limit 1) l on true
