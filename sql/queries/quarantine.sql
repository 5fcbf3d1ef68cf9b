-- Versions of plugins that are not run any more (stages/quarantine.h).

-- name: quarantine_plugin
-- $1 digest, $2 plugin, $3 version, $4 reason, $5 deaths (JSON). Nothing if another host was first.
with n as (
  insert into quarantines (digest, plugin, version, reason, deaths) values ($1, $2, $3, $4, $5::jsonb)
  on conflict (digest) do nothing returning *)
insert into events (subject, type, level, body)
select 'plugin/' || plugin, 'plugin.quarantined', 'error',
       jsonb_build_object('plugin', plugin, 'version', version, 'digest', digest, 'reason', reason, 'deaths', deaths)
  from n

-- name: quarantines
select digest, plugin, version, reason, rfc3339(since) as since from quarantines order by since, digest

-- name: release_plugin
-- $1 plugin, $2 actor. Gives (digest, version).
with d as (delete from quarantines where plugin = $1 returning digest, version),
e as (
  insert into events (subject, type, actor, body)
  select 'plugin/' || $1, 'plugin.released', $2, jsonb_build_object('plugin', $1, 'version', version, 'digest', digest)
    from d)
select digest, version from d

-- name: release_held_by_quarantine
-- Stages that wait for what is quarantined no more.
with r as (
  select q.name, q.plan_quarantine is not null and p.digest is null as plan,
         q.build_quarantine is not null and b.digest is null as build
    from queues q left join quarantines p on p.digest = q.plan_quarantine
                  left join quarantines b on b.digest = q.build_quarantine)
update queues q
   set plan_held = case when r.plan then '' else q.plan_held end,
       plan_quarantine = case when not r.plan then q.plan_quarantine end,
       build_held = case when r.build then '' else q.build_held end,
       build_quarantine = case when not r.build then q.build_quarantine end
  from r where r.name = q.name and (r.plan or r.build)
