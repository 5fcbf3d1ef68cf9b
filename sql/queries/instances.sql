-- name: instance_start
-- $1 data id, $2 host name, $3 pid, $4 roles, $5 version. Ends what ran on the same data folder before (its lock is
-- ours now, so it is dead) and gives our id.
with ended as (
  update instances set ended_at = now() where data_id = $1 and ended_at is null returning end_sessions_of(id))
insert into instances (data_id, hostname, pid, roles, version) values ($1, $2, $3, $4, $5) returning id

-- name: instance_beat
-- $1 id. No row: somebody declared this instance dead; its claims are gone.
update instances set heartbeat_at = now() where id = $1 and ended_at is null returning id

-- name: instance_end
-- $1 id. It leaves by itself: what it still holds was not its end.
update instances set ended_at = now(), left_well = true where id = $1 and ended_at is null

-- name: instances_expire
-- $1 lease in seconds, $2 ids that may not be declared dead now (the judge's own). Gives the ids declared dead, and
-- how many sessions that held locks for them were ended.
update instances set ended_at = now()
 where ended_at is null and heartbeat_at < now() - make_interval(secs => $1) and id <> $2
returning id, end_sessions_of(id)

-- name: instances_last_ended
select coalesce(max(ended_at)::text, '') from instances
