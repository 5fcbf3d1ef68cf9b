-- The digest of a plan's jobs, without what else its document says: of which input they are, and which planner made them.
-- Plans with the same one build the same. Null: the plan is older than this column.
alter table plans add column recipe_digest text collate "C";
create index plans_of_recipe on plans (queue, recipe_digest, id);  -- plan_rows: the first plan with the same jobs
