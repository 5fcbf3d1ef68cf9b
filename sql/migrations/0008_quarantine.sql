-- Versions of plugins that are not run any more, since their processes died on one item after the other.
create table quarantines (
  digest text primary key,
  plugin text not null,
  version text not null,
  reason text not null,                           -- one sentence; holds the digest, as queues.*_held then do
  deaths jsonb not null,                          -- [{"item","how","last_words"}]
  since timestamptz not null default now()
);

-- As in 0002_api.sql; what is not the fault of settings has another remedy.
create or replace function waiting_reason(code text, stage text, name text, is_auto boolean, held text, hosts boolean,
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
