-- :rows events of the inputs, a tenth of them warnings.
insert into events (queue, subject, type, level, body)
select 'default', 'input/' || g, case when g % 10 = 0 then 'input.failed' else 'input.planned' end,
       case when g % 10 = 0 then 'warning' else 'info' end, '{"plan": 1}'
  from generate_series(1, :rows) g;
vacuum analyze events;
