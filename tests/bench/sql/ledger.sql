-- What a drain left behind, as one JSON object: everything that a lost or half-done item would change.
select json_build_object(
  'inputs_planned', (select count(*) from pending_inputs where status = 'planned'),
  'inputs_other', (select count(*) from pending_inputs where status <> 'planned'),
  'plans_built', (select count(*) from plans where status = 'built'),
  'plans_other', (select count(*) from plans where status <> 'built'),
  'still_queued', (select count(*) from pending_inputs where queued_at is not null)
                + (select count(*) from plans where queued_at is not null),
  'builds_built', (select count(*) from builds where status = 'built'),
  'builds_other', (select count(*) from builds where status <> 'built'),
  'builds_without_manifest', (select count(*) from builds b
                                where not exists (select from blobs where digest = b.manifest_digest)),
  'plans_without_document', (select count(*) from plans p
                               where not exists (select from blobs where digest = p.plan_digest)),
  'jobs_succeeded', (select count(*) from jobs where status = 'succeeded'),
  'jobs_other', (select count(*) from jobs where status <> 'succeeded'),
  'attempts_ended', (select count(*) from job_attempts where ended_at is not null),
  'attempts_open', (select count(*) from job_attempts where ended_at is null),
  'events', (select json_object_agg(type, n) from (select type, count(*) as n from events group by type) e));
