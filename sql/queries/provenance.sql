-- name: record_tools
-- $1 instance, $2 which stages it runs with from now on
insert into instance_tools (instance, tools)
select $1::bigint, $2::jsonb
 where $2::jsonb is distinct from
       (select tools from instance_tools where instance = $1::bigint order by recorded_at desc limit 1)
on conflict do nothing

-- name: prune_tools
-- Of hosts that are forgotten, older than every build that is left.
delete from instance_tools t
 where not exists (select from instances i where i.id = t.instance)
   and recorded_at < coalesce((select started_at from builds order by id limit 1), now())

-- name: record_signing_key
-- $1 id, $2 public key in PEM form
insert into signing_keys (id, public_key) values ($1, $2) on conflict (id) do update set last_used_at = now()

-- name: signing_keys
-- The one that was used last first.
select id, public_key, rfc3339(first_used_at) as first_used_at, rfc3339(last_used_at) as last_used_at
  from signing_keys s order by s.last_used_at desc, id

-- name: find_statement
-- $1 build, $2 artifact or ''
select digest from statements where build_id = $1 and artifact = $2

-- name: add_statement
-- $1 build, $2 artifact or '', $3 digest, $4 key. Nothing if there is one, or the build is gone.
insert into statements (build_id, artifact, digest, key_id)
select id, $2, $3, $4 from builds where id = $1 on conflict do nothing

-- name: replace_statement
-- $1 build, $2 artifact or '', $3 digest, $4 key: instead of the one whose bytes are lost
update statements set digest = $3, key_id = $4 where build_id = $1 and artifact = $2

-- name: statement_facts
-- $1 build
select b.status, coalesce(b.manifest_digest, '') as manifest_digest, b.plan_id as plan, b.queue, b.mode,
       coalesce(rfc3339(b.started_at), '') as started_on, coalesce(rfc3339(b.finished_at), '') as finished_on,
       p.plan_digest, p.planner, p.planner_digest, p.settings_digest,
       i.id as input, i.filename, i.digest as input_digest, i.source,
       (select value from meta where key = 'store_id') as store
  from builds b join plans p on p.id = b.plan_id join pending_inputs i on i.id = p.pending_input_id where b.id = $1

-- name: statement_tools
-- $1 build. The hosts that took part, with what each ran when it began with the build: its own version, and its builder.
with took_part as (
  select instance, min(at) as since
    from (select b.instance, b.started_at as at from builds b where b.id = $1
          union all
          select a.instance, a.started_at
            from jobs j join job_attempts a on a.job_id = j.id where j.build_id = $1) x
   where instance is not null group by instance)
select distinct coalesce(t.tools ->> 'version', '') as host_version, coalesce(q.b ->> 'id', '') as id,
       coalesce(q.b ->> 'version', '') as version, coalesce(q.b ->> 'digest', '') as digest,
       coalesce(q.b ->> 'settings_digest', '') as settings_digest
  from builds b cross join took_part h
 cross join lateral (select t.tools from instance_tools t where t.instance = h.instance
                      order by t.recorded_at > h.since, case when t.recorded_at > h.since then t.recorded_at end,
                               t.recorded_at desc limit 1) t
 cross join lateral (select t.tools -> 'queues' -> b.queue as b) q
 where b.id = $1 order by 1, 2, 3, 4

-- name: sealed_jobs
-- $1 build. Positions of the jobs that were kept from the network and from undeclared files.
select position from jobs where build_id = $1 and sealed
