-- Hosts that are gone.

-- A host that is stopped or cut off keeps its sessions, and the locks they hold; Postgres hears of it hours later.
create function end_sessions_of(instance bigint) returns bigint language sql as $$
  select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'planwright/' || instance
$$;
