-- pgbench script: plans :batch inputs in one commit
with c as (select id from limit_inputs where status = 0 order by id limit :batch for update skip locked),
u as (update limit_inputs i set status = 2, updated_at = now() from c where i.id = c.id returning i.id, i.digest),
p as (insert into limit_plans (input_id, summary, plan_digest) select id, '{"jobs":1}', digest from u returning id)
insert into limit_events (plan_id, kind) select id, 1 from p;
