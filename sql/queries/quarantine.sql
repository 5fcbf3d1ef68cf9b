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
select digest, plugin, version, reason, rfc3339(since) from quarantines order by since, digest

-- name: release_plugin
-- $1 plugin, $2 actor. Gives (digest, version).
with d as (delete from quarantines where plugin = $1 returning digest, version),
e as (
  insert into events (subject, type, actor, body)
  select 'plugin/' || $1, 'plugin.released', $2, jsonb_build_object('plugin', $1, 'version', version, 'digest', digest)
    from d)
select digest, version from d

-- name: release_held_by_quarantine
-- Queues that wait for what is quarantined no more.
with h as (
  select name, substring(plan_held from '\((sha256:[0-9a-f]{64})\) is quarantined: ') as plan,
         substring(build_held from '\((sha256:[0-9a-f]{64})\) is quarantined: ') as build
    from queues where plan_held <> '' or build_held <> ''),
r as (
  select name, plan is not null and not exists (select from quarantines where digest = plan) as plan,
         build is not null and not exists (select from quarantines where digest = build) as build from h)
update queues q
   set plan_held = case when r.plan then '' else q.plan_held end,
       build_held = case when r.build then '' else q.build_held end
  from r where r.name = q.name and (r.plan or r.build)
