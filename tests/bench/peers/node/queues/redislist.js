'use strict';
// Bare Redis lists, the plain design: BLMOVE to a list of what is being processed, LREM when done (at least once).
const { Redis } = require('ioredis');

module.exports = (services) => {
  const connect = () => new Redis({ path: services.redis, maxRetriesPerRequest: null });
  let shared;
  const redis = () => (shared ??= connect());
  const processing = (name) => `${name}:processing`;

  async function loop(name, handler) {
    const own = connect();
    for (;;) {
      const ticket = await own.blmove(name, processing(name), 'RIGHT', 'LEFT', 5);
      if (!ticket) continue;
      await handler(Number(ticket));
      await own.lrem(processing(name), 1, ticket);
    }
  }

  return {
    concurrency: 16,
    prepare: () => redis().flushall(),
    async preload(name, ids) {
      for (let i = 0; i < ids.length; i += 1000) await redis().lpush(name, ...ids.slice(i, i + 1000));
    },
    add: (name, id) => redis().lpush(name, id),
    async work(handlers, concurrency) {
      for (const [name, handler] of Object.entries(handlers)) {
        for (let i = 0; i < concurrency; i += 1) {
          loop(name, handler).catch((error) => {
            console.error(error);
            process.exit(1);
          });
        }
      }
    },
    async isDrained() {
      for (const name of ['plan', 'build']) {
        if ((await redis().llen(name)) + (await redis().llen(processing(name))) > 0) return false;
      }
      return true;
    },
  };
};
