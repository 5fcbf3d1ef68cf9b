'use strict';
// What an application on top of a job queue would keep in Postgres for the two stages: inputs, plans and events.
// Per item four durable moves in four commits: planning, planned (+ plan row + event), building, built (+ event).
const { Pool } = require('pg');

const TABLES = `
  drop table if exists app_events, app_plans, app_inputs;
  create table app_inputs (
    id bigserial primary key, filename text, digest bytea, size bigint, status smallint not null default 0,
    created_at timestamptz default now(), updated_at timestamptz default now());
  create table app_plans (
    id bigserial primary key, input_id bigint not null, status smallint not null default 0, summary jsonb,
    plan_digest bytea, created_at timestamptz default now(), updated_at timestamptz default now());
  create table app_events (
    id bigserial primary key, plan_id bigint, kind smallint, at timestamptz default now());
  create index on app_inputs (status, id);
  create index on app_plans (status, id)`;

const RECORD_INPUTS = `
  insert into app_inputs (filename, digest, size)
  select 'r-' || g || '.txt', decode(md5(g::text), 'hex'), 1000 from generate_series(1, $1::int) g`;

const MOVES = {
  planning: 'update app_inputs set status = 1, updated_at = now() where id = $1',
  planned: `
    with u as (update app_inputs set status = 2, updated_at = now() where id = $1 returning id, digest),
    p as (insert into app_plans (input_id, summary, plan_digest) select id, '{"jobs":1}', digest from u returning id),
    e as (insert into app_events (plan_id, kind) select id, 1 from p)
    select id from p`,
  building: 'update app_plans set status = 1, updated_at = now() where id = $1',
  built: `
    with u as (update app_plans set status = 2, updated_at = now() where id = $1 returning id)
    insert into app_events (plan_id, kind) select id, 2 from u`,
};

class Application {
  constructor(postgres, connections) {
    this.pool = new Pool({ ...postgres, max: connections });
  }

  async recordInputs(count) {
    await this.pool.query(TABLES);
    await this.pool.query(RECORD_INPUTS, [count]);
    await this.pool.query('vacuum analyze app_inputs');
    await this.pool.query('checkpoint');
  }

  /// Plans an input and gives the id of its plan.
  async plan(inputId) {
    await this.move('planning', inputId);
    return (await this.move('planned', inputId)).rows[0].id;
  }

  async build(planId) {
    await this.move('building', planId);
    await this.move('built', planId);
  }

  move(name, id) {
    return this.pool.query({ name, text: MOVES[name], values: [id] });
  }

  async counts() {
    const text = `select (select count(*)::int from app_plans where status = 2) as built,
      (select count(*)::int from app_inputs where status <> 2) +
      (select count(*)::int from app_plans where status <> 2) as transient,
      (select count(*)::int from app_events) as events`;
    return (await this.pool.query(text)).rows[0];
  }
}

module.exports = { Application };
