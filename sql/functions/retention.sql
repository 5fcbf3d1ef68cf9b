-- What may go.

-- What may be pruned of a queue: ended for that long and not among its newest `keep`. A null age keeps all.
create function prunable_plans(of_queue text, age_seconds float8, keep int) returns setof plans
language sql stable as $$
  select p.* from plans p
   where p.queue = of_queue and p.status in ('built', 'failed', 'superseded', 'cancelled') and p.queued_at is null
     and p.updated_at < now() - make_interval(secs => age_seconds)
     and (keep = 0 or p.id < (select id from plans where queue = of_queue order by id desc offset keep - 1 limit 1))
$$;

create function prunable_inputs(of_queue text, age_seconds float8, keep int) returns setof pending_inputs
language sql stable as $$
  select i.* from pending_inputs i
   where i.queue = of_queue and i.status in ('planned', 'failed', 'superseded', 'cancelled') and i.queued_at is null
     and i.updated_at < now() - make_interval(secs => age_seconds)
     and (keep = 0
          or i.id < (select id from pending_inputs where queue = of_queue order by id desc offset keep - 1 limit 1))
$$;
