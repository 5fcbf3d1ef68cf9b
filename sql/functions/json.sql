-- The JSON of the API, one function per resource, so that every list, item, answer of an action and test sees the same.
-- Names follow the REST contract; the seed's status words are the tables'.

create function reason_json(code text, message text, hint text, since timestamptz) returns jsonb
language sql immutable parallel safe as $$
  select jsonb_build_object(
    'code', case when code = any ('{manual_mode,approval_needed,queue_paused,queue_held,superseded,limit,waiting_for_worker,
      backoff,waiting_for_needs,file_not_stable,resources,backend_pending,planner_rejected_input,job_failed,needs_failed,
      timeout,worker_lost,cancelled,plugin_error,stuck,internal}'::text[]) then code else 'internal' end,
    'message', message, 'hint', nullif(hint, ''), 'since', rfc3339(since))
$$;

-- What a person can do about a failure; by reason code.
create function failure_hint(code text, retry text) returns text language sql immutable parallel safe as $$
  select case code
    when 'planner_rejected_input' then 'Correct the file and drop it again.'
    when 'job_failed' then 'Read the log of the failed job.'
    when 'needs_failed' then 'Repair the job it needs first.'
    when 'timeout' then 'Raise the time limit or make the work smaller, then press ' || retry || '.'
    when 'limit' then 'Raise the limit or make the work smaller, then press ' || retry || '.'
    else 'Press ' || retry || ' to try again.' end
$$;

-- What keeps an item in a stage ("plan" or "build") waiting, in words. (plpgsql where functions call each other: a SQL
-- function that cannot be put in line is planned again for every row of a list.)
create function waiting_reason(code text, stage text, name text, is_auto boolean, held text, hosts boolean,
                               queued_at timestamptz, not_before timestamptz, attempt int, error text, since timestamptz)
returns jsonb language plpgsql stable as $$
begin
  return case code
    when 'manual_mode' then reason_json(code,
      case when is_auto then case stage when 'plan' then 'It was recorded while planning was manual.'
                                        else 'It was planned while building was manual.' end
           else format(case stage when 'plan' then 'Planning is manual for queue %s.'
                                  else 'Building is manual for queue %s.' end, name) end,
      case stage when 'plan' then 'Press Generate plan.' else 'Press Enqueue build.' end, since)
    when 'queue_held' then reason_json(code,
      case when held is null then format('No host has the queue %s in its configuration.', name)
           else format('Queue %s cannot %s: %s', name, stage, held) end,
      case when held like '% is quarantined: %' then 'Install another version of the plugin, or release it.'
           else 'Correct its settings.' end, since)
    when 'queue_paused' then reason_json(code, format('Queue %s starts no %ss while it is paused.', name, stage),
                                         'Resume the queue.', since)
    when 'limit' then reason_json(code, format('Queue %s has no %s workers.', name, stage),
                                  format('Raise %s_workers.', stage), since)
    when 'waiting_for_worker' then
      case when hosts then reason_json(code, format('Waits for a free worker to %s it.', stage), '', queued_at)
           else reason_json(code, format('No host that %ss is running.', stage), 'Start one: planwright serve.', queued_at) end
    when 'backoff' then reason_json(code,
      format('Attempt %s failed%s; it is tried again at %s.', attempt, coalesce(': ' || rtrim(error, '.'), ''),
             rfc3339(not_before)), '', since)
    else reason_json('stuck', 'It cannot be taken, and nothing says why.', 'Run planwright doctor.', since) end;
end $$;

create function input_reason(code text, i pending_inputs, q queues, hosts boolean) returns jsonb
language plpgsql stable as $$
begin
  return case
    when code is null then null
    when i.status = 'pending' and i.cancel_requested then reason_json('cancelled', 'Somebody cancelled it; it is being stopped.', '', i.updated_at)
    when i.status = 'failed' then
      reason_json(code, coalesce(i.error, 'Planning failed.'), failure_hint(code, 'Generate plan'), i.updated_at)
    when i.status = 'superseded' then
      reason_json(code, coalesce('Input ' || i.superseded_by || ' has newer content of this file.',
                                 'Newer content of this file was recorded.'), '', i.updated_at)
    when i.status = 'cancelled' then
      reason_json(code, coalesce(i.error, 'It was cancelled.'), 'Press Generate plan to plan it after all.', i.updated_at)
    else waiting_reason(code, 'plan', i.queue, q.auto_plan, q.plan_held, hosts, i.queued_at, i.not_before, i.attempt,
                        i.error, i.updated_at) end;
end $$;

create function plan_reason(code text, p plans, q queues, hosts boolean) returns jsonb language plpgsql stable as $$
begin
  return case
    when code is null then null
    when p.status = 'ready_for_build' and p.cancel_requested then reason_json('cancelled', 'Somebody cancelled it; it is being stopped.', '', p.updated_at)
    when p.status = 'failed' then
      reason_json(code, coalesce(p.error, 'The build failed.'), failure_hint(code, 'Enqueue build'), p.updated_at)
    when p.status = 'superseded' then
      reason_json(code, coalesce('Plan ' || p.superseded_by || ' is newer.', 'A newer plan was made.'), '', p.updated_at)
    when p.status = 'cancelled' then
      reason_json(code, coalesce(p.error, 'Its build was cancelled.'), 'Press Enqueue build to build it after all.',
                  p.updated_at)
    else waiting_reason(code, 'build', p.queue, q.auto_build, q.build_held, hosts, p.queued_at, p.not_before, p.attempt,
                        p.error, p.updated_at) end;
end $$;

-- An item's own reason: the first that holds it back, else that it waits for its turn.
create function input_reason(i pending_inputs, q queues) returns jsonb language plpgsql stable as $$
declare hosts boolean := i.status = 'pending' and has_host('plan');
begin
  return input_reason(input_code(i, q, hosts), i, q, hosts);
end $$;

create function plan_reason(p plans, q queues) returns jsonb language plpgsql stable as $$
declare hosts boolean := p.status = 'ready_for_build' and has_host('build');
begin
  return plan_reason(plan_code(p, q, hosts), p, q, hosts);
end $$;

-- Everything that keeps an item from being taken, in order; [] = a worker takes it now.
create function input_blockers(i pending_inputs, q queues) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(input_reason(c, i, q, h) order by n), '[]')
    from has_host('plan') h, unnest(input_codes(i, q, h)) with ordinality as b (c, n)
$$;

create function plan_blockers(p plans, q queues) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(plan_reason(c, p, q, h) order by n), '[]')
    from has_host('build') h, unnest(plan_codes(p, q, h)) with ordinality as b (c, n)
$$;

create function input_json(i pending_inputs, q queues) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'id', i.id, 'queue', i.queue, 'source', i.source, 'filename', i.filename, 'generation', i.generation,
    'digest', i.digest, 'size', i.size, 'attributes', i.attributes, 'status', i.status,
    'queued', i.queued_at is not null, 'queued_at', rfc3339(i.queued_at),
    'cancel_requested', i.cancel_requested, 'attempt', i.attempt,
    'max_attempts', i.max_attempts, 'next_attempt_at', case when i.not_before > now() then rfc3339(i.not_before) end,
    'reason', input_reason(i, q), 'superseded_by', i.superseded_by,
    'plan_ids', coalesce((select jsonb_agg(p.id order by p.id) from plans p where p.pending_input_id = i.id), '[]'),
    'trace_id', i.trace_id, 'created_at', rfc3339(i.created_at), 'updated_at', rfc3339(i.updated_at),
    'error', i.error, 'details', i.details)
$$;

create function plan_json(p plans, q queues) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'id', p.id, 'queue', p.queue, 'pending_input_id', p.pending_input_id, 'filename', p.filename, 'status', p.status,
    'queued', p.queued_at is not null, 'queued_at', rfc3339(p.queued_at), 'attempt', p.attempt,
    'max_attempts', p.max_attempts, 'next_attempt_at', case when p.not_before > now() then rfc3339(p.not_before) end,
    'summary', p.summary || jsonb_build_object(
      'jobs', p.job_count, 'done', coalesce(b.jobs_done, 0), 'failed', coalesce(b.jobs_failed, 0), 'planner', p.planner),
    'plan_digest', p.plan_digest, 'plan_blob_url', '/api/plans/' || p.id || '/artifact',
    'reason', plan_reason(p, q), 'build_id', p.build_id, 'build_mode', p.build_mode,
    'superseded_by', p.superseded_by, 'trace_id', p.trace_id,
    'created_at', rfc3339(p.created_at), 'updated_at', rfc3339(p.updated_at), 'error', p.error)
  from (values (0)) one left join builds b on b.id = p.build_id
$$;

create function build_reason(b builds, p plans) returns jsonb language plpgsql stable as $$
begin
  return case b.status
    when 'failed' then reason_json(build_code(b, p), coalesce(b.error, 'The build failed.'),
                                   failure_hint(build_code(b, p), 'Enqueue build'), b.finished_at)
    when 'cancelled' then reason_json('cancelled', coalesce(b.error, 'It was cancelled.'), '', b.finished_at)
    when 'building' then case when p.status = 'ready_for_build'
      then reason_json('backoff', 'It goes on when a worker takes its plan again.',
                       'See why plan ' || p.id || ' waits.', p.updated_at) end
    else null end;
end $$;

create function build_json(b builds, p plans) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'id', b.id, 'plan_id', b.plan_id, 'pending_input_id', p.pending_input_id, 'filename', p.filename,
    'queue', b.queue, 'mode', b.mode, 'status', b.status,
    'cancel_requested', p.build_id = b.id and p.cancel_requested,
    'summary', jsonb_build_object('jobs', b.jobs_total, 'done', b.jobs_done, 'failed', b.jobs_failed),
    'plan_digest', p.plan_digest, 'manifest_digest', b.manifest_digest,
    'manifest_url', case when b.manifest_digest is not null then '/api/builds/' || b.id || '/manifest' end,
    'reason', build_reason(b, p),
    'trace_id', p.trace_id, 'created_at', rfc3339(b.started_at), 'started_at', rfc3339(b.started_at),
    'finished_at', rfc3339(b.finished_at), 'updated_at', rfc3339(coalesce(b.finished_at, b.started_at)), 'error', b.error)
$$;

-- Since when a job waits: since its last attempt ended, else since its build began.
create function job_waits_since(j jobs) returns timestamptz language plpgsql stable as $$
begin
  return coalesce((select max(a.ended_at) from job_attempts a where a.job_id = j.id),
                  (select b.started_at from builds b where b.id = j.build_id));
end $$;

create function job_reason(j jobs) returns jsonb language plpgsql stable as $$
begin
  return case j.status
    when 'blocked' then reason_json('waiting_for_needs', 'Waits for ' || array_to_string(j.needs, ', ') || '.', '',
                                    job_waits_since(j))
    when 'ready' then case when is_due(j.not_before)
      then reason_json('resources', 'Waits for a free job slot.', '', job_waits_since(j))
      else reason_json('backoff', format('Attempt %s failed%s; it is tried again at %s.', j.attempt,
                                         coalesce(': ' || rtrim(j.error, '.'), ''), rfc3339(j.not_before)), '',
                       job_waits_since(j)) end
    when 'failed' then reason_json(job_code(j), coalesce(j.error, j.name || ' failed.'), 'Read its log.', j.finished_at)
    when 'timed_out' then reason_json('timeout', coalesce(j.error, j.name || ' took too long.'),
                                      'Raise its timeout or make it faster.', j.finished_at)
    when 'dep_failed' then reason_json('needs_failed', coalesce(j.error, 'A job it needs failed.'),
                                       'Repair the job it needs first.', j.finished_at)
    when 'cancelled' then reason_json('cancelled', coalesce(j.error, 'It was cancelled.'), '', j.finished_at)
    else null end;
end $$;

-- Whether its result came from the cache, and why or why not; null before that is known.
create function job_cache_json(j jobs) returns jsonb language sql stable as $$
  select case when j.cache is not null then jsonb_build_object('result', j.cache -> 'result', 'why', j.cache -> 'why')
    when j.status in ('succeeded', 'failed', 'timed_out')
      then '{"result": "off", "why": "Its plan does not say that it is cacheable."}'::jsonb end
$$;

create function job_json(j jobs) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'id', j.id, 'plan_id', j.plan_id, 'build_id', j.build_id, 'name', j.name, 'position', j.position,
    'status', j.status, 'needs', to_jsonb(j.needs), 'attempt', j.attempt, 'max_attempts', j.max_attempts,
    'next_attempt_at', case when j.not_before > now() then rfc3339(j.not_before) end,
    'attempts', coalesce((
      select jsonb_agg(jsonb_build_object(
               'n', a.n, 'worker', coalesce(nullif(a.worker, ''), 'build-' || a.instance), 'status', a.status,
               'started_at', rfc3339(a.started_at), 'ended_at', rfc3339(a.ended_at), 'exit_code', a.exit_code,
               'class', a.class, 'error', a.error, 'peak_memory', a.peak_memory) order by a.n)
        from job_attempts a where a.job_id = j.id), '[]'),
    'cancel_requested', j.cancel_requested,
    'cache', job_cache_json(j),
    'outputs', j.outputs, 'exit_code', j.exit_code, 'class', j.class, 'reason', job_reason(j),
    'log_url', '/api/jobs/' || j.id || '/log', 'started_at', rfc3339(j.started_at),
    'finished_at', rfc3339(j.finished_at), 'error', j.error)
$$;

-- A job of a plan that was never built: what the document says, and nothing to log.
create function planned_job_json(plan bigint, job jsonb, pos int) returns jsonb language sql immutable as $$
  select jsonb_build_object(
    'id', null, 'plan_id', plan, 'build_id', null, 'name', job ->> 'id', 'position', pos, 'status', 'blocked',
    'needs', coalesce(job -> 'needs', '[]'), 'attempt', 0, 'max_attempts', 0, 'next_attempt_at', null,
    'attempts', '[]'::jsonb, 'cancel_requested', false, 'cache', null, 'outputs', '[]'::jsonb, 'exit_code', null, 'class', null,
    'reason', null, 'log_url', null, 'started_at', null, 'finished_at', null, 'error', null)
$$;

create function settings_json(q queues, locked text[]) returns jsonb language sql immutable as $$
  select jsonb_build_object(
    'queue', q.name, 'auto_plan', q.auto_plan, 'auto_build', q.auto_build, 'watch_dir', q.watch_dir,
    'plan_workers', q.plan_workers, 'build_workers', q.build_workers, 'job_slots', q.job_slots,
    'plan_paused', q.plan_paused, 'build_paused', q.build_paused,
    'overridden', (select coalesce(jsonb_agg(k order by k), '[]') from jsonb_object_keys(q.overrides) k),
    'locked', to_jsonb(locked), 'revision', q.revision, 'changed_by', q.changed_by, 'changed_at', rfc3339(q.changed_at))
$$;

-- A CloudEvents 1.0 event; `id` is the cursor of the stream.
create function event_json(epoch text, e events) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'specversion', '1.0', 'id', epoch || '-' || e.xid || '-' || e.id,
    'source', '/planwright' || coalesce('/queues/' || e.queue, ''), 'type', e.type, 'subject', e.subject,
    'time', rfc3339(e.at), 'datacontenttype', 'application/json', 'queue', coalesce(e.queue, ''), 'level', e.level,
    'actor', e.actor,
    'data', coalesce(e.body, '{}') || jsonb_build_object('message', coalesce(e.body ->> 'message', e.body ->> 'error', '')))
$$;

create function dead_letter_json(d dead_letters) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'id', d.id, 'kind', d.kind, 'item_id', d.item, 'queue', d.queue, 'name', d.name, 'class', d.class,
    'reason', reason_json(d.reason_code, d.error, failure_hint(d.reason_code, 'Requeue'), d.died_at),
    'cause', d.cause, 'attempts', d.attempts, 'died_at', rfc3339(d.died_at),
    'status', coalesce(d.answer, 'waiting'), 'answered_at', rfc3339(d.answered_at),
    'item_url', case d.kind when 'plan' then '/api/plans/' else '/api/pending-inputs/' end || d.item)
$$;

create function bulk_operation_json(b bulk_operations) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'id', b.id, 'action', b.action, 'target', b.target, 'filter', b.filter, 'actor', b.actor,
    'status', case when b.finished_at is null then 'running' else 'done' end, 'matched', b.matched, 'done', b.done,
    'created_at', rfc3339(b.created_at), 'finished_at', rfc3339(b.finished_at))
$$;
