-- What may be claimed and in which order, in words that the claims and `explain` share. The planner puts them in line: a
-- claim costs what it would cost written out, and only its primary key fits, since the table is empty when the plan is
-- made and any other index would be read from end to end for each claim of a long queue.

create function is_queued(queued_at timestamptz) returns boolean language sql immutable parallel safe as $$
  select coalesce(queued_at, 'infinity') < 'infinity'
$$;

create function is_due(not_before timestamptz) returns boolean language sql stable parallel safe as $$
  select not_before <= now()
$$;

create function may_be_planned(i pending_inputs) returns boolean language sql stable parallel safe as $$
  select i.status = 'pending' and is_queued(i.queued_at) and is_due(i.not_before) and not i.cancel_requested
$$;

create function may_be_built(p plans) returns boolean language sql stable parallel safe as $$
  select p.status = 'ready_for_build' and is_queued(p.queued_at) and is_due(p.not_before) and not p.cancel_requested
$$;

create function plans_now(q queues) returns boolean language sql immutable parallel safe as $$
  select not q.plan_paused and q.plan_held = '' and q.plan_workers > 0
$$;

create function builds_now(q queues) returns boolean language sql immutable parallel safe as $$
  select not q.build_paused and q.build_held = '' and q.build_workers > 0
$$;

create function is_live(x instances) returns boolean language sql immutable parallel safe as $$
  select x.ended_at is null
$$;

-- `role`: one word of `serve --roles`.
create function is_live_in(x instances, role text) returns boolean language sql immutable parallel safe as $$
  select is_live(x) and role = any (string_to_array(x.roles, ','))
$$;

-- What a host died with is planned, or built, alone: it is now, or it is next. Until that has ended, no host that sees it
-- takes anything else.
create function is_planned_alone(i pending_inputs) returns boolean language sql stable parallel safe as $$
  select i.alone and (i.status = 'planning' or may_be_planned(i))
$$;

create function is_built_alone(p plans) returns boolean language sql stable parallel safe as $$
  select p.alone and (p.status = 'building' or may_be_built(p))
$$;

create function input_alone(of_queue text) returns bigint language sql stable as $$
  select min(x.id) from pending_inputs x where is_planned_alone(x) and x.queue || '' = of_queue
$$;

create function plan_alone(of_queue text) returns bigint language sql stable as $$
  select min(x.id) from plans x where is_built_alone(x) and x.queue || '' = of_queue
$$;

-- The sources of which something is queued, each found by one look at the index.
create function queued_inputs_sources(of_queue text) returns table (source text) language sql stable as $$
  with recursive s as (
    (select x.source from pending_inputs x where x.queue = of_queue and x.queued_at is not null order by x.source limit 1)
    union all
    select (select x.source from pending_inputs x
             where x.queue = of_queue and x.queued_at is not null and x.source > s.source order by x.source limit 1)
      from s where s.source is not null)
  select s.source from s where s.source is not null
$$;

-- Up to `most` of what could be claimed now, oldest first, after the place (`after_at`, `after_id`).
create function due_inputs(of_queue text, after_at timestamptz, after_id bigint, most bigint, with_alone boolean)
returns table (id bigint, queued_at timestamptz, source text) language sql stable as $$
  select o.id, o.queued_at, s.source from queued_inputs_sources(of_queue) s cross join lateral (
    select x.id, x.queued_at from pending_inputs x
     where x.queue = of_queue and x.source = s.source and x.queued_at is not null
       and (x.queued_at, x.id) > (after_at, after_id) and is_due(x.not_before) and x.status = 'pending'
       and (with_alone or not x.alone)
     order by x.queued_at, x.id limit most) o
   order by o.queued_at, o.id limit most
$$;

-- The place in line, from 1, counted up to 10000.
create function inputs_position(of_queue text, at timestamptz, last bigint) returns bigint language sql stable as $$
  select count(*) from (
    select 1 from queued_inputs_sources(of_queue) s cross join lateral (
      select 1 from pending_inputs x
       where x.queue = of_queue and x.source = s.source and x.queued_at is not null
         and (x.queued_at, x.id) <= (at, last) limit 10000) o limit 10000) n
$$;

-- The sources of which something is queued, each found by one look at the index.
create function queued_plans_sources(of_queue text) returns table (source text) language sql stable as $$
  with recursive s as (
    (select x.source from plans x where x.queue = of_queue and x.queued_at is not null order by x.source limit 1)
    union all
    select (select x.source from plans x
             where x.queue = of_queue and x.queued_at is not null and x.source > s.source order by x.source limit 1)
      from s where s.source is not null)
  select s.source from s where s.source is not null
$$;

-- Up to `most` of what could be claimed now, oldest first, after the place (`after_at`, `after_id`).
create function due_plans(of_queue text, after_at timestamptz, after_id bigint, most bigint, with_alone boolean)
returns table (id bigint, queued_at timestamptz, source text) language sql stable as $$
  select o.id, o.queued_at, s.source from queued_plans_sources(of_queue) s cross join lateral (
    select x.id, x.queued_at from plans x
     where x.queue = of_queue and x.source = s.source and x.queued_at is not null
       and (x.queued_at, x.id) > (after_at, after_id) and is_due(x.not_before) and x.status = 'ready_for_build'
       and (with_alone or not x.alone)
     order by x.queued_at, x.id limit most) o
   order by o.queued_at, o.id limit most
$$;

-- The place in line, from 1, counted up to 10000.
create function plans_position(of_queue text, at timestamptz, last bigint) returns bigint language sql stable as $$
  select count(*) from (
    select 1 from queued_plans_sources(of_queue) s cross join lateral (
      select 1 from plans x
       where x.queue = of_queue and x.source = s.source and x.queued_at is not null
         and (x.queued_at, x.id) <= (at, last) limit 10000) o limit 10000) n
$$;
