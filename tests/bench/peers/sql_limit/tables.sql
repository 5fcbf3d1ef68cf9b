-- The rows of the two-stage flow in their barest form; :items inputs are recorded.
set client_min_messages = warning;
drop table if exists limit_events, limit_plans, limit_inputs;
create table limit_inputs (
  id bigserial primary key, filename text, digest bytea, size bigint, status smallint not null default 0,
  created_at timestamptz default now(), updated_at timestamptz default now());
create table limit_plans (
  id bigserial primary key, input_id bigint not null, status smallint not null default 0, summary jsonb,
  plan_digest bytea, created_at timestamptz default now(), updated_at timestamptz default now());
create table limit_events (id bigserial primary key, plan_id bigint, kind smallint, at timestamptz default now());
create index on limit_inputs (id) where status = 0;
create index on limit_plans (id) where status = 0;
create index on limit_plans (id) where status = 1;
insert into limit_inputs (filename, digest, size)
select 'r-' || g || '.txt', decode(md5(g::text), 'hex'), 1000 from generate_series(1, :items) g;
vacuum analyze limit_inputs;
checkpoint;
