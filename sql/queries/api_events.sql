-- The event stream as the API shows it. Cursor: epoch-xid-id.

-- name: api_events_after
-- $1 xid, $2 id (exclusive), $3 types or null, $4 subject or null, $5 level or null, $6 limit.
-- Gives (xid, id, type, subject, CloudEvent), oldest first. From a place whose events are deleted by age it goes on with
-- one of the type events.pruned, which stands for them and stays whatever is asked for.
with p as (
  select split_part(value, '-', 1)::xid8 as xid, split_part(value, '-', 2)::bigint as id
    from meta where key = 'events_pruned')
select * from (
(select p.xid::text, p.id, 'events.pruned', 'events', event_json((select value from meta where key = 'event_epoch'),
        (p.id, p.xid, now(), null, 'events', 'events.pruned', 'warning', 'host',
         '{"message": "Older events were deleted by age."}'::jsonb)::events)::text
  from p where $1::text <> '0' and (p.xid, p.id) > ($1::text::xid8, $2::bigint))
union all
(select e.xid::text, e.id, e.type, e.subject, event_json((select value from meta where key = 'event_epoch'), e)::text
  from events e
 where (e.xid, e.id) > ($1::text::xid8, $2::bigint) and e.xid < pg_snapshot_xmin(pg_current_snapshot())
   and ($3::text[] is null or e.type = any ($3::text[])) and ($4::text is null or e.subject = $4)
   and ($5::text is null or e.level = $5)
 order by e.xid, e.id limit $6)) stream limit $6

-- name: api_events_newest
-- $1 only before this xid, $2 id, or nulls; $3 types, $4 subject, $5 level, $6 limit. Newest first, same columns.
select e.xid::text, e.id, e.type, e.subject, event_json((select value from meta where key = 'event_epoch'), e)::text
  from events e
 where ($1::text is null or (e.xid, e.id) < ($1::text::xid8, $2::bigint)) and e.xid < pg_snapshot_xmin(pg_current_snapshot())
   and ($3::text[] is null or e.type = any ($3::text[])) and ($4::text is null or e.subject = $4)
   and ($5::text is null or e.level = $5)
 order by e.xid desc, e.id desc limit $6

-- name: api_events_place
-- The epoch and the last place a reader may have seen: (epoch, xid, id, more): more = later rows are there that may not be read
-- yet.
select (select value from meta where key = 'event_epoch'), coalesce(l.xid::text, '0'), coalesce(l.id, 0),
       exists (select from events e where e.xid >= pg_snapshot_xmin(pg_current_snapshot()))
  from (values (0)) one left join lateral (
    select xid, id from events where xid < pg_snapshot_xmin(pg_current_snapshot())
     order by xid desc, id desc limit 1) l on true
