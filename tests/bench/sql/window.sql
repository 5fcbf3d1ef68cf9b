-- Seconds from the first claim to the end of stage number 2 * :items (an input planned or a plan built), by the events.
with moves as (  -- both kinds of stage end, in the order of their times
  select at, row_number() over (order by at) as nth
    from events where type in ('input.planned', 'plan.built'))
select extract(epoch from (select max(at) from moves where nth <= 2 * :items)
                        - (select min(at) from events where type = 'input.planning'))::float8;
