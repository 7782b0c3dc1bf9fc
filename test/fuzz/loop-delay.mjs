/**
 * Preloaded into the fuzzed program (`node --import`): says how late its event loop has been. Any message
 * over the process's IPC channel is answered with milliseconds: median, 99.9th percentile and maximum.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const RESOLUTION_MS = 10;
const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delays.enable();

// A sample is the time between two looks, which is never shorter than the resolution.
const late = (nanoseconds) => Math.max(0, Math.round(nanoseconds / 1e6) - RESOLUTION_MS);

// The threads of the program load this, too, and have no channel.
if (isMainThread) {
  process.on('message', () => {
    process.send({
      samples: delays.count,
      p50: late(delays.percentile(50)),
      p999: late(delays.percentile(99.9)),
      max: late(delays.max),
    });
  });
  // Whoever asks must not keep the program from ending.
  process.channel.unref();
}
