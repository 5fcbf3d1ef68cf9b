-- :rows inputs, plans, builds and jobs: half of them done, half waiting; ten old ones failed.
-- Without triggers and checks of foreign keys, which would take minutes for a million.
set session_replication_role = replica;
insert into pending_inputs (queue, source, filename, generation, digest, size, queued_at, status, reason_code)
select 'default', 'bench', 'drop-' || g || '.txt', 1, 'sha256:' || repeat('0', 64), 10,
       case when g > :rows / 2 then now() end,
       case when g > :rows / 2 then 'pending' when g <= 10 then 'failed' else 'planned' end,
       case when g <= 10 then 'timeout' end
  from generate_series(1, :rows) g;
insert into plans (queue, pending_input_id, input_fence, filename, plan_digest, summary, job_count, planner, build_id,
                   queued_at, status, reason_code)
select 'default', id, 1, filename, 'sha256:' || repeat('1', 64), '{"projects": 1}', 1, 'bench 1', id, queued_at,
       case when status = 'pending' then 'ready_for_build' when status = 'failed' then 'failed' else 'built' end,
       case when status = 'failed' then 'job_failed' end
  from pending_inputs order by id;
insert into builds (plan_id, queue, fence, status, jobs_total, finished_at, reason_code)
select id, 'default', 1, case when status = 'failed' then 'failed' else 'built' end, 1, now(), reason_code
  from plans order by id;
insert into jobs (build_id, plan_id, name, position, status, attempt, started_at, finished_at, error, class)
select id, plan_id, 'drop-' || id, 0, case when status = 'failed' then 'failed' else 'succeeded' end, 1, now(), now(),
       case when status = 'failed' then 'It ended with exit code 1.' end, case when status = 'failed' then 'failed' end
  from builds order by id;
insert into job_attempts (job_id, n, instance, status, ended_at) select id, 1, 1, status, now() from jobs order by id;
vacuum analyze pending_inputs;
vacuum analyze plans;
vacuum analyze builds;
vacuum analyze jobs;
vacuum analyze job_attempts;
checkpoint;
set session_replication_role = origin;
