import { BroadcastChannel, isMainThread } from 'node:worker_threads';

/**
 * Loaded into the measured servers and all of their threads: SIGUSR2 makes them collect garbage, so that
 * memory can be compared. The database's thread has a heap of its own.
 */
const threads = new BroadcastChannel('collect-garbage');
threads.unref();
const collect = () => {
  globalThis.gc();
  globalThis.gc();
};
if (isMainThread) {
  process.on('SIGUSR2', () => {
    collect();
    threads.postMessage('collect');
  });
} else {
  threads.onmessage = collect;
}
