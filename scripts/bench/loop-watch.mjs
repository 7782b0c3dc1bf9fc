/**
 * Loaded into the measured server: how late its event loop comes round, and how much of that it was itself
 * at work. On a machine with other work a loop is late because it gets no processor; that is not its own
 * doing, and the kernel counts it apart (`schedstat`: time on a processor, time in wait for one). Whoever
 * connects to the socket LOOP_WATCH is told the most since the last question, in milliseconds.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setInterval } from 'node:timers';
import { isMainThread } from 'node:worker_threads';

const TICK_MS = 10;
const NS_PER_MS = 1e6;

const onProcessor = () =>
  Number(readFileSync(`/proc/${process.pid}/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) /
  NS_PER_MS;

if (isMainThread && process.env.LOOP_WATCH) {
  let most = { late: 0, busy: 0 };
  let last = { at: performance.now(), busy: onProcessor() };
  setInterval(() => {
    const now = { at: performance.now(), busy: onProcessor() };
    most = {
      late: Math.max(most.late, now.at - last.at - TICK_MS),
      busy: Math.max(most.busy, now.busy - last.busy),
    };
    last = now;
  }, TICK_MS).unref();
  createServer((socket) => {
    socket.end(JSON.stringify(most));
    most = { late: 0, busy: 0 };
  })
    .listen(process.env.LOOP_WATCH)
    .unref();
}
