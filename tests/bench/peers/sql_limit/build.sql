-- pgbench script: claims :batch plans in one commit, marks :batch as built in the next
with c as (select id from limit_plans where status = 0 order by id limit :batch for update skip locked)
update limit_plans p set status = 1, updated_at = now() from c where p.id = c.id;
with c as (select id from limit_plans where status = 1 order by id limit :batch for update skip locked),
u as (update limit_plans p set status = 2, updated_at = now() from c where p.id = c.id returning p.id)
insert into limit_events (plan_id, kind) select id, 2 from u;
