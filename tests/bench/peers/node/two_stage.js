#!/usr/bin/env node
'use strict';
// The two-stage drain of one peer: N inputs are recorded and queued, then a worker process plans and builds them all.
// usage: two_stage.js PEER N   with PEER_SERVICES={"postgres":{"host","user","database"},"redis":"SOCKET"}
// Prints one JSON line: {"n","secs","built","transient","events","worker_rss_mb"}.
const { fork } = require('child_process');
const fs = require('fs');
const path = require('path');
const { Application } = require('./application');

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const residentMb = (pid) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

async function main() {
  const [peer, n] = [process.argv[2], Number(process.argv[3])];
  const services = JSON.parse(process.env.PEER_SERVICES);
  const queue = require(`./queues/${peer}`)(services);
  const application = new Application(services.postgres, 2);
  await queue.prepare();
  await application.recordInputs(n);

  const worker = fork(path.join(__dirname, 'worker.js'), { env: { ...process.env, PEER: peer } });
  let built = 0;
  await new Promise((resolve) => {
    worker.on('message', (message) => {
      if (message.ready) resolve();
      if (message.built !== undefined) built = message.built;
    });
  });
  worker.on('exit', () => process.exit(1));
  await queue.preload('plan', Array.from({ length: n }, (_, i) => i + 1));
  await sleep(200);

  const start = process.hrtime.bigint();
  worker.send('go');
  while (built < n) await sleep(5);
  while (!(await queue.isDrained())) await sleep(5);
  const secs = Number(process.hrtime.bigint() - start) / 1e9;

  const memory = residentMb(worker.pid);
  console.log(JSON.stringify({ n, secs, ...(await application.counts()), worker_rss_mb: memory }));
  worker.removeAllListeners('exit');
  worker.on('exit', () => process.exit(0)); // reaped, so that its time counts as the benchmark's own
  worker.kill('SIGKILL');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
