-- Who is told of events by HTTP, and what each of them was or is to be told.

-- kind  webhook: CloudEvents, signed; else a forge, which is told the statuses of commits
create table webhooks (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('webhook', 'github', 'gitea', 'gitlab')),
  url text not null,
  mode text not null check (mode in ('structured', 'binary')),
  queues text[],                                  -- null: every queue, and what belongs to none
  types text[],                                   -- "plan.built", "build.*"; null: all
  -- What requests are signed with. It is no digest: the HMAC needs the key itself. No answer, log or event shows it.
  secret text,
  old_secret text,                                -- signs as well, so that the receiver may change it in peace
  old_secret_until timestamptz,
  token_name text,                                -- of a forge: the secret of the configuration that is its token
  repository text,                                -- of a forge: owner/name
  page text,                                      -- of a forge: where people see the page of this installation
  place text not null,                            -- of the event log: what came up to here has its deliveries
  failures int not null default 0,                -- attempts since the last one that succeeded
  created_at timestamptz not null default now(),
  created_by text not null,
  check ((kind = 'webhook') = (secret is not null)),
  check ((kind = 'webhook') = (token_name is null and repository is null and page is null))
);

-- One message to one of them. What is sent is kept as it is, so every attempt sends the same bytes. (epoch, xid, event) is
-- the order of the event log, in which the deliveries of a subject go out.
create table deliveries (
  id bigint generated always as identity primary key,
  webhook bigint not null references webhooks on delete cascade,
  message text not null,                          -- webhook-id: made of all that is sent
  place text not null,                            -- of its event
  epoch bigint not null,
  xid bigint not null,
  event bigint not null,
  subject text not null,
  type text not null,
  url text not null,
  headers text[] not null,                        -- those that do not change with the attempt
  body text not null,
  state text not null default 'waiting' check (state in ('waiting', 'delivered', 'dead')),
  attempts int not null default 0,
  due_at timestamptz not null,
  last_at timestamptz,
  status int,                                     -- of the last answer; null: there was none
  error text,                                     -- why the last attempt failed
  created_at timestamptz not null,
  finished_at timestamptz,
  unique (webhook, place)
);
create index deliveries_waiting on deliveries (webhook, subject, epoch, xid, event) where state = 'waiting';  -- deliveries_due
create index deliveries_dead on deliveries (webhook, id) where state = 'dead';
create index deliveries_of_webhook on deliveries (webhook, id);                                    -- deliveries_shown
create index deliveries_last on deliveries (webhook, last_at desc) where last_at is not null;      -- webhooks_shown
create index deliveries_finished on deliveries (finished_at) where finished_at is not null;  -- deliveries_prune

-- The host that sends.
create table webhook_sender (only_one boolean primary key default true check (only_one), instance bigint not null);
insert into webhook_sender (instance) values (0);
