-- Stretches of time of the table `events`.

-- Partitions events_<begin>_<end>, in seconds of the epoch, from now on for `ahead` more than the current one. Gives how
-- many were made. Those to come of another width are dropped first: the ages were changed. One that cannot be made (rows
-- of its time are in events_rest, somebody reads for long) is left out: a later call comes again, and no event is ever
-- without a place.
create function make_event_partitions(width bigint, ahead int) returns int language plpgsql as $$
declare
  first bigint := floor(extract(epoch from now()) / width) * width;
  start bigint;
  name text;
  made int := 0;
begin
  perform set_config('lock_timeout', '100ms', true);
  for name in select c.relname from pg_inherits h join pg_class c on c.oid = h.inhrelid
               where h.inhparent = 'events'::regclass and c.relname ~ '^events_\d+_\d+$'
                 and split_part(c.relname, '_', 2)::bigint > extract(epoch from now()) + 60
                 and split_part(c.relname, '_', 3)::bigint - split_part(c.relname, '_', 2)::bigint <> width
  loop
    begin
      execute format('drop table %I', name);
    exception when lock_not_available or undefined_table then null;
    end;
  end loop;
  for n in 0 .. ahead loop
    start := first + n * width;
    continue when to_regclass(format('events_%s_%s', start, start + width)) is not null;
    begin
      -- Vacuum keeps events_of_subject: after each twentieth of new rows, not each fifth.
      execute format('create table events_%s_%s partition of events for values from (%L) to (%L)
                        with (autovacuum_vacuum_insert_scale_factor = 0.05)', start, start + width,
                     to_timestamp(start), to_timestamp(start + width));
      made := made + 1;
    exception when duplicate_table or check_violation or invalid_object_definition or lock_not_available then null;
    end;
  end loop;
  return made;
end $$;

-- Drops partitions that ended so many seconds ago, and deletes a slice of events_rest. Gives (partitions, rows). The place
-- up to which cursors have lost events is kept in meta, before every event that is left: the stream says so
-- (api_events_after).
create function drop_event_partitions(keep float8, out partitions int, out deleted int) language plpgsql as $$
declare
  name text;
  last record;
  px xid8;
  pi bigint;
begin
  perform set_config('lock_timeout', '100ms', true);
  partitions := 0;
  for name in select c.relname from pg_inherits h join pg_class c on c.oid = h.inhrelid
               where h.inhparent = 'events'::regclass and c.relname ~ '^events_\d+_\d+$'
                 and split_part(c.relname, '_', 3)::bigint < extract(epoch from now()) - keep order by c.relname
  loop
    begin
      execute format('select xid, id from %I order by xid desc, id desc limit 1', name) into last;
      execute format('drop table %I', name);
      partitions := partitions + 1;
      if px is null or (last.xid, last.id) > (px, pi) then px := last.xid; pi := last.id; end if;
    exception when lock_not_available or undefined_table then null;
    end;
  end loop;
  with d as (
    delete from events_rest
     where ctid in (select ctid from events_rest where at < now() - make_interval(secs => keep) limit 5000)
    returning xid, id)
  select xid, id, count(*) over () as n into last from d order by xid desc, id desc limit 1;
  deleted := coalesce(last.n, 0);
  if deleted > 0 and (px is null or (last.xid, last.id) > (px, pi)) then px := last.xid; pi := last.id; end if;
  if px is null then return; end if;
  select xid, id into last from events order by xid, id limit 1;
  if (last.xid, last.id) < (px, pi) then px := last.xid; pi := last.id - 1; end if;
  insert into meta as m values ('events_pruned', px || '-' || pi)
  on conflict (key) do update set value = excluded.value
   where (split_part(m.value, '-', 1)::xid8, split_part(m.value, '-', 2)::bigint) < (px, pi);
end $$;
