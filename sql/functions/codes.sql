-- Why an item is not taken, as codes: one list for claims, lists, filters and explain.

-- Whether a host that runs has that role.
create function has_host(role text) returns boolean language plpgsql stable parallel safe as $$
begin
  return exists (select from instances where is_live_in(instances, role));
end $$;

-- Codes of all that keeps an item from being taken, in the order in which it would be noticed; empty = a worker takes it
-- now. The words are those of the claims (claims.sql).
create function stage_codes(queued_at timestamptz, not_before timestamptz, queue text, paused boolean, held text,
                            workers int, hosts boolean, may boolean) returns text[]
language sql stable parallel safe as $$
  select coalesce(
    nullif(array_remove(array[
      case when not is_queued(queued_at) then 'manual_mode' end,
      case when queue is null or held <> '' then 'queue_held' end,
      case when paused then 'queue_paused' end,
      case when workers = 0 then 'limit' end,
      case when not hosts then 'waiting_for_worker' end,
      case when not is_due(not_before) then 'backoff' end], null), '{}'),
    case when may then '{}'::text[] else '{stuck}' end)
$$;

create function input_codes(i pending_inputs, q queues, hosts boolean) returns text[] language sql stable as $$
  select case i.status
    when 'pending' then case when i.cancel_requested then '{cancelled}'
      else stage_codes(i.queued_at, i.not_before, q.name, q.plan_paused, q.plan_held, q.plan_workers, hosts,
                       may_be_planned(i) and plans_now(q)) end
    when 'failed' then array[coalesce(i.reason_code, 'internal')]
    when 'superseded' then '{superseded}'
    when 'cancelled' then '{cancelled}'
    else '{}' end
$$;

create function plan_codes(p plans, q queues, hosts boolean) returns text[] language sql stable as $$
  select case p.status
    when 'ready_for_build' then case when p.cancel_requested then '{cancelled}'
      else stage_codes(p.queued_at, p.not_before, q.name, q.build_paused, q.build_held, q.build_workers, hosts,
                       may_be_built(p) and builds_now(q)) end
    when 'failed' then array[coalesce(p.reason_code, 'job_failed')]
    when 'superseded' then '{superseded}'
    when 'cancelled' then '{cancelled}'
    else '{}' end
$$;

-- What is said of an item that waits: the first of its codes, else that it is next in line.
create function first_code(codes text[], status text) returns text language sql immutable as $$
  select coalesce(codes[1], case when status in ('pending', 'ready_for_build') then 'waiting_for_worker' end)
$$;

create function input_code(i pending_inputs, q queues, hosts boolean) returns text language sql stable as $$
  select first_code(input_codes(i, q, hosts), i.status)
$$;

create function plan_code(p plans, q queues, hosts boolean) returns text language sql stable as $$
  select first_code(plan_codes(p, q, hosts), p.status)
$$;

-- An open build waits when its plan does: after a failure of the host it goes on with the next claim.
create function build_code(b builds, p plans) returns text language sql stable as $$
  select case b.status
    when 'failed' then coalesce(b.reason_code, 'job_failed')
    when 'cancelled' then 'cancelled'
    when 'building' then case when p.status = 'ready_for_build' then 'backoff' end end
$$;

create function job_code(j jobs) returns text language sql stable as $$
  select case j.status
    when 'blocked' then 'waiting_for_needs'
    when 'ready' then case when is_due(j.not_before) then 'resources' else 'backoff' end
    when 'failed' then case j.class when 'timeout' then 'timeout' when 'limit' then 'limit' when 'infra' then 'worker_lost'
                                    when 'bug' then 'plugin_error' else 'job_failed' end
    when 'timed_out' then 'timeout'
    when 'dep_failed' then 'needs_failed'
    when 'cancelled' then 'cancelled' end
$$;
