'use strict';
// The worker process of one run: both stages, as many items at a time as the queue's authors advise.
const { Application } = require('./application');

const POSTGRES_CONNECTIONS = 16;

async function main() {
  const services = JSON.parse(process.env.PEER_SERVICES);
  const queue = require(`./queues/${process.env.PEER}`)(services);
  const application = new Application(services.postgres, POSTGRES_CONNECTIONS);
  await application.pool.query('select 1');

  let built = 0;
  let told = -1;
  setInterval(() => {
    if (built !== told) process.send({ built: (told = built) });
  }, 10);
  const handlers = {
    plan: async (inputId) => queue.add('build', await application.plan(inputId)),
    build: async (planId) => {
      await application.build(planId);
      built += 1;
    },
  };
  process.on('message', () => queue.work(handlers, queue.concurrency));
  process.send({ ready: true });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
