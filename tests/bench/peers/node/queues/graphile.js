'use strict';
// graphile-worker with its own settings for throughput: a local queue and batched completion.
const graphile = require('graphile-worker');
const { Pool } = require('pg');

module.exports = (services) => {
  const logger = new graphile.Logger(() => () => {});
  const newPool = (max) => {
    const pool = new Pool({ ...services.postgres, max });
    pool.on('error', (error) => console.error(error.message));
    pool.on('connect', (own) => own.on('error', (error) => console.error(error.message)));
    return pool;
  };
  let client;
  let utils;
  const jobs = async () => (utils ??= await graphile.makeWorkerUtils({ pgPool: newPool(10), logger }));
  return {
    concurrency: 24,
    async prepare() {
      client = newPool(2);
      await client.query('drop schema if exists graphile_worker cascade');
      await (await jobs()).migrate();
    },
    async preload(name, ids) {
      for (let i = 0; i < ids.length; i += 10000) {
        const slice = ids.slice(i, i + 10000);
        await (await jobs()).addJobs(slice.map((id) => ({ identifier: name, payload: { id } })));
      }
      await client.query('analyze graphile_worker._private_jobs');
    },
    add: async (name, id) => (await jobs()).addJob(name, { id }),
    async work(handlers, concurrency) {
      const taskList = {};
      for (const [name, handler] of Object.entries(handlers)) taskList[name] = (payload) => handler(payload.id);
      await graphile.run({
        preset: {
          worker: {
            concurrentJobs: concurrency,
            localQueue: { size: 500 },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
        },
        pgPool: newPool(Math.min(25, concurrency + 1)),
        taskList,
        logger,
        noHandleSignals: true,
      });
    },
    async isDrained() {
      const left = 'select exists(select from graphile_worker._private_jobs where attempts < max_attempts) as left';
      return !(await client.query(left)).rows[0].left;
    },
  };
};
