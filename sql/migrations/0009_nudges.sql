-- Somebody outside knows of something new: the sources of the queue are asked at once, by the hosts that hold them. What
-- is new they find out themselves, so a nudge carries nothing, and one that is lost costs only time.
create table nudges (
  id bigint generated always as identity,
  queue text not null references queues (name) on delete cascade,
  delivery text not null,                         -- its id by the sender, who may send it again
  at timestamptz not null default now(),
  primary key (queue, delivery)
);
create index nudges_newest on nudges (queue, id);  -- queue_settings
