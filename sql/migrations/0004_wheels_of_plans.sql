-- The latest build of a plan that succeeded and left wheels: what /simple/QUEUE@PLAN/ serves. Null: there is none. It is not
-- `build_id`: while a plan is built again, or after that failed, what it left before is still served.
alter table plans add column wheels_build bigint;

-- Plans that an earlier version built.
update plans p set wheels_build = w.build
  from (select b.plan_id, max(b.id) as build from builds b
         where b.status = 'built'
           and exists (select from jobs j, jsonb_array_elements(j.outputs) o
                        where j.build_id = b.id and o ->> 'name' like '%.whl')
         group by b.plan_id) w
 where p.id = w.plan_id;

-- package_index: of each file the newest plan that left wheels. Plans without wheels are not in it, so their moves stay HOT.
create index plans_with_wheels on plans (queue, filename, id) where wheels_build is not null;
