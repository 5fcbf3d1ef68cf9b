-- Maintenance mode: one row of `meta`, so that all hosts have the same.

-- name: maintenance
-- No row: it is off.
select value::json ->> 'sentence' as sentence, value::json ->> 'since' as since, value::json ->> 'by' as by
  from meta where key = 'maintenance'

-- name: maintenance_on
-- $1 sentence, $2 by whom
with e as (
  insert into events (subject, type, level, actor, body)
  values ('maintenance', 'maintenance.on', 'warning', $2, jsonb_build_object('message', $1::text)))
insert into meta values ('maintenance', json_build_object('sentence', $1::text, 'since', rfc3339(now()), 'by', $2::text)::text)
on conflict (key) do update set value = excluded.value

-- name: maintenance_off
-- $1 by whom
with gone as (delete from meta where key = 'maintenance' returning key)
insert into events (subject, type, actor, body)
select 'maintenance', 'maintenance.off', $1, '{"message": "Changes are taken again."}' from gone
