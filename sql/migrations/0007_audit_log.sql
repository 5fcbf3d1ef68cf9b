-- Who did what, or was refused: one row for each write of the API and each sign-in, and for what a host does by itself.
create table audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,                       -- as events name it
  actor_kind text not null,                  -- toText(CallerKind)
  actor_key bigint,                          -- of access_keys, which may be gone; null: no row says who it is
  address text not null default '',
  user_agent text not null default '',
  request_id text not null default '',
  action text not null,                      -- operationId of the API
  item text not null default '',             -- "plan/7"
  queue text not null default '',
  allowed boolean not null,
  status int,                                -- of the answer; null: it was no request
  reason text not null default '',           -- code of the problem that the answer is
  before jsonb,
  after jsonb
);
create index audit_log_at on audit_log (at);                                        -- prune_audit
create index audit_log_items on audit_log (item, id desc) where item <> '';         -- audit_page
create index audit_log_actors on audit_log (actor, id desc);                        -- audit_page
create index audit_log_actions on audit_log (action, id desc);                      -- audit_page
create index audit_log_refused on audit_log (id desc) where not allowed;            -- audit_page

-- Rows are neither changed nor deleted. Only retention says that it is the one which deletes, and it does so by age.
create function audit_log_is_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and current_setting('planwright.audit_retention', true) = 'on' then return old; end if;
  raise exception 'rows of audit_log are neither changed nor deleted'
    using errcode = 'insufficient_privilege', hint = 'audit: {keep: 365d} in the configuration says how long they stay.';
end $$;
create trigger audit_log_append_only before update or delete on audit_log
  for each row execute function audit_log_is_append_only();
create trigger audit_log_not_emptied before truncate on audit_log
  for each statement execute function audit_log_is_append_only();
