-- One commit of a build that runs, for pgbench: a job ends, the build has come further, two events say so.
\set job random(1, :jobs)
begin;
update jobs set finished_at = now() where id = (select max(id) from jobs) - :job;
update builds set jobs_done = jobs_done + 1 where id = (select max(id) from builds);
update plans set updated_at = now() where id = (select max(id) from plans);
insert into events (queue, subject, type, body)
values ('default', 'job/' || :job, 'job.succeeded', '{"build": 1, "name": "a"}'),
       ('default', 'job/' || :job, 'job.running', '{"build": 1, "name": "b", "attempt": 1}');
commit;
