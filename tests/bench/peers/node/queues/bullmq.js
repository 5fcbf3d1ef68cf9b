'use strict';
// BullMQ as its documentation has it: one Worker per queue with a concurrency, finished jobs removed.
const { Queue, Worker } = require('bullmq');
const { Redis } = require('ioredis');

module.exports = (services) => {
  const connection = { path: services.redis, maxRetriesPerRequest: null };
  const open = new Map();
  const queue = (name) => {
    if (!open.has(name)) open.set(name, new Queue(name, { connection, defaultJobOptions: { removeOnComplete: true } }));
    return open.get(name);
  };
  return {
    concurrency: 100,
    async prepare() {
      const redis = new Redis({ path: services.redis });
      await redis.flushall();
      redis.disconnect();
      await queue('plan').waitUntilReady();
      await queue('build').waitUntilReady();
    },
    async preload(name, ids) {
      for (let i = 0; i < ids.length; i += 1000) {
        await queue(name).addBulk(ids.slice(i, i + 1000).map((id) => ({ name: 'job', data: { id } })));
      }
    },
    add: (name, id) => queue(name).add('job', { id }),
    async work(handlers, concurrency) {
      for (const [name, handler] of Object.entries(handlers)) {
        queue('build');
        const worker = new Worker(name, (job) => handler(job.data.id), { connection, concurrency, drainDelay: 5 });
        worker.on('error', (error) => console.error(error.message));
        await worker.waitUntilReady();
      }
    },
    async isDrained() {
      for (const name of ['plan', 'build']) {
        const counts = await queue(name).getJobCounts('wait', 'active', 'prioritized', 'delayed');
        if (Object.values(counts).some((count) => count > 0)) return false;
      }
      return true;
    },
  };
};
