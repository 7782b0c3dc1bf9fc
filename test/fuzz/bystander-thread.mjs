/**
 * A worker thread: somebody with an account who only reads their profile, fifty times a second, while the
 * fuzzer is at work. A thread of its own, because the fuzzer is busy too. Any message is answered with
 * milliseconds: median, 99.9th percentile and maximum.
 */
import { Agent, get } from 'node:http';
import { createHistogram, performance } from 'node:perf_hooks';
import { setInterval } from 'node:timers';
import { parentPort, workerData } from 'node:worker_threads';

const INTERVAL_MS = 20;
const MAX_WAITING = 2000;

const { url, authorization } = workerData;
const agent = new Agent({ keepAlive: true, maxSockets: 50 });
const waits = createHistogram();
let waiting = 0;

// At a steady pace, whether or not the last one was answered: or a stall would count as one slow answer.
setInterval(() => {
  if (waiting >= MAX_WAITING) return;
  waiting += 1;
  const askedAt = performance.now();
  const done = () => {
    waiting -= 1;
  };
  get(`${url}/api/auth/me`, { agent, headers: { authorization } }, (response) => {
    response.resume();
    response.once('end', () => {
      waits.record(Math.max(1, Math.round((performance.now() - askedAt) * 1000)));
      done();
    });
    response.once('error', done);
  }).once('error', done);
}, INTERVAL_MS);

const milliseconds = (microseconds) => Math.round(microseconds / 1000);

parentPort.on('message', () => {
  parentPort.postMessage({
    samples: waits.count,
    p50: milliseconds(waits.percentile(50)),
    p999: milliseconds(waits.percentile(99.9)),
    max: milliseconds(waits.max),
  });
});
