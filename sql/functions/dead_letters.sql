-- Which dead letters a filter means.

-- `filter`: {"queue","queues","kind","class","reason","cause","q"}, each may be absent
create function dead_letter_fits(d dead_letters, filter jsonb) returns boolean language sql immutable as $$
  select (filter ->> 'queue' is null or d.queue = filter ->> 'queue')
     and (not filter ? 'queues' or filter -> 'queues' ? d.queue)
     and (filter ->> 'kind' is null or d.kind = filter ->> 'kind')
     and (filter ->> 'class' is null or d.class = filter ->> 'class')
     and (filter ->> 'reason' is null or d.reason_code = filter ->> 'reason')
     and (filter ->> 'cause' is null or d.cause = filter ->> 'cause')
     and search_fits(filter ->> 'q', d.id, d.name)
$$;
