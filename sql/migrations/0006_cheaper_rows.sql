-- What each row of the hot path is checked for, at a price that fits it. A regular expression over each digest took as long as
-- the insert of its row, and a foreign key locks the row above once more for each row below.

alter table blobs drop constraint blobs_digest_check;
alter table blobs add constraint blobs_digest_check check (octet_length(digest) = 71 and starts_with(digest, 'sha256:'));

-- A plan is inserted by the statement that updates its input (finish_planned), a build by the one that updates its plan
-- (claim_plans, finish_planned): the row above is there and locked. What remains to be refused is its deletion under them.
alter table plans drop constraint plans_pending_input_id_fkey;
alter table builds drop constraint builds_plan_id_fkey;

create function refuse_orphans() returns trigger language plpgsql as $$
begin
  if tg_table_name = 'plans' and exists (select from builds where plan_id = old.id)
     or tg_table_name = 'pending_inputs' and exists (select from plans where pending_input_id = old.id) then
    raise foreign_key_violation using message = format('row %s of %s is still needed', old.id, tg_table_name);
  end if;
  return null;
end $$;
-- Deferred, as one statement may delete plans with their builds; seen then is also what others committed meanwhile.
create constraint trigger keep_input after delete on pending_inputs deferrable initially deferred
  for each row execute function refuse_orphans();
create constraint trigger keep_plan after delete on plans deferrable initially deferred
  for each row execute function refuse_orphans();
