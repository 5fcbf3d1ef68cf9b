-- Jobs that another engine runs: the token is stored before the job is handed over and the handle after it, so that a
-- host that starts again finds the work where it is. A row goes with the end of the job, in one transaction.
create table remote_jobs (
  job_id bigint primary key references jobs on delete cascade,
  queue text not null,
  plugin text not null,                           -- whose engine it is
  token text not null unique,
  handle text,                                    -- null = handed over perhaps
  folder text not null,                           -- its work folder, for as long as the row is there
  filled boolean not null default false,          -- the folder has its inputs
  withdrawn boolean not null default false,       -- the engine is still to be told that nobody wants it
  begun_at timestamptz not null default now()
);
create index remote_jobs_queue on remote_jobs (queue);
