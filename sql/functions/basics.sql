-- Small words that many statements use.

create function rfc3339(t timestamptz) returns text language sql immutable parallel safe as $$
  select case when t is null or t in ('infinity', '-infinity') then null
              else to_char(t at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') end
$$;

-- What a search for `q` looks at; an empty one fits everything.
create function search_fits(q text, id bigint, filename text) returns boolean language sql immutable parallel safe as $$
  select q is null or id::text = q or position(lower(q) in lower(filename)) > 0
$$;
