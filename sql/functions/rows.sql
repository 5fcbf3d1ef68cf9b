-- What lists, single items and `explain` read of each kind: columns, and the codes that the claims stand by. Words and
-- JSON are made of them in host/control (item_json.cc, reasons.cc).

-- `behind` is what input_alone and plan_alone (claims.sql) give, found once for all rows.
create view input_rows as
select i.id, i.queue, i.source, i.filename, i.generation, i.digest, i.size, i.attributes, i.status, i.queued_at,
       i.cancel_requested, i.attempt, i.max_attempts, case when i.not_before > now() then i.not_before end as next_attempt_at,
       i.superseded_by, case when i.fence = 0 then '{}'  -- never claimed
            else array(select p.id from plans p where p.pending_input_id = i.id order by p.id) end as plan_ids,
       case when i.status = 'planning' and i.progress ->> 'attempt' = i.attempt::text then i.progress - 'attempt' end as progress,
       i.trace_id, i.created_at, i.updated_at, i.error, i.details, i.reason_code,
       input_codes(i, q, h.hosts) as codes, q.auto_plan as is_auto, q.plan_held as held,
       q.plan_quarantine is not null as is_quarantined,
       case when i.status = 'pending' and not i.alone then a.id end as behind
  from pending_inputs i
  left join queues q on q.name = i.queue
  left join (select x.queue, min(x.id) as id from pending_inputs x
              where is_planned_alone(x) group by x.queue offset 0) a on a.queue = i.queue
 cross join (select exists (select from instances x where is_live_in(x, 'plan')) as hosts offset 0) h;

-- Of the build that a plan had last, only what is not known without it: to read it for every row is a fifth of the work.
create view plan_rows as
select p.id, p.queue, p.pending_input_id, p.filename, p.status, p.queued_at, p.cancel_requested, p.attempt, p.max_attempts,
       case when p.not_before > now() then p.not_before end as next_attempt_at,
       case when p.summary ?| '{jobs,done,failed,planner}'::text[] then p.summary - '{jobs,done,failed,planner}'::text[]
            else p.summary end as summary,
       p.job_count,
       case when p.status = 'built' then p.job_count when p.status <> 'ready_for_build' or p.build_open
              then (select b.jobs_done from builds b where b.id = p.build_id) end as jobs_done,
       case when p.status not in ('built', 'ready_for_build') or p.build_open
              then (select b.jobs_failed from builds b where b.id = p.build_id) end as jobs_failed,
       p.planner, p.plan_digest, p.build_id, p.build_mode, p.wheels_build, p.superseded_by, p.trace_id, p.created_at, p.updated_at, p.error,
       p.reason_code, plan_codes(p, q, h.hosts) as codes, q.auto_build as is_auto, q.build_held as held,
       q.build_quarantine is not null as is_quarantined,
       case when p.status = 'ready_for_build' and not p.alone then a.id end as behind,
       (select min(x.id) from plans x where x.queue = p.queue and x.recipe_digest = p.recipe_digest and x.id < p.id)
         as unchanged_since
  from plans p
  left join queues q on q.name = p.queue
  left join (select x.queue, min(x.id) as id from plans x
              where is_built_alone(x) group by x.queue offset 0) a on a.queue = p.queue
 cross join (select exists (select from instances x where is_live_in(x, 'build')) as hosts offset 0) h;

create view build_rows as
select b.id, b.plan_id, p.pending_input_id, p.filename, b.queue, b.mode, b.status,
       p.build_id = b.id and p.cancel_requested as cancel_requested, b.jobs_total, b.jobs_done, b.jobs_failed,
       p.plan_digest, b.manifest_digest, build_code(b, p) as code, p.trace_id, b.started_at, b.finished_at, b.error,
       b.reason_code, p.status as plan_status, p.updated_at as plan_updated_at
  from builds b join plans p on p.id = b.plan_id;

create view job_rows as
select j.id, j.plan_id, j.build_id, b.queue, j.name, j.position, j.status, to_json(j.needs) as needs, j.attempt, j.max_attempts,
       case when j.not_before > now() then j.not_before end as next_attempt_at, j.cancel_requested,
       j.cache ->> 'result' as cache_result, j.cache ->> 'why' as cache_why,
       case when j.status = 'running' and j.progress ->> 'attempt' = j.attempt::text then j.progress - 'attempt' end as progress,
       j.outputs, j.exit_code, j.class,
       job_code(j) as code, j.started_at, j.finished_at, j.error, b.started_at as build_started_at
  from jobs j join builds b on b.id = j.build_id;

-- What is left of the body has no member `message`.
create view event_rows as
select e.xid, e.id, e.type, e.subject, e.at, e.queue, e.level, e.actor,
       case when e.body ? 'message' then e.body - 'message' else e.body end as body,
       coalesce(e.body ->> 'message', e.body ->> 'error', '') as message
  from events e;
