import { applyLoad, Stopwatch } from './load.js';
import type { LoadResult } from './load.js';
import { startParley } from './parley-target.js';
import { startRelay } from './relay-target.js';
import { printFigures } from './report.js';
import type { Target } from './target.js';

const ROOM = 1000;
const ROUNDS = 3;
const RATE = { perSecond: 10, seconds: 6 };

const prepare = async (target: Target) => {
  const stopwatch = new Stopwatch();
  const [sender, ...others] = await target.room(ROOM);
  for (const peer of others) {
    peer.onMessage((content) => {
      stopwatch.hear(content);
    });
  }
  const load = (perSecond: number, seconds: number) =>
    applyLoad(
      { server: target.server, senders: [sender!], audience: ROOM - 1, perSecond, seconds },
      stopwatch,
    );
  return load;
};

/** One sender, a room of 1,000 sockets: latency to the last of them, and cost per delivery. */
export const bench = async (): Promise<void> => {
  const [relay, parley] = [await startRelay(), await startParley()];
  try {
    const loads = [await prepare(relay), await prepare(parley)];
    for (const load of loads) await load(5, 2);
    const results: LoadResult[][] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, load] of loads.entries()) {
        results[index]!.push(await load(RATE.perSecond, RATE.seconds));
      }
    }
    const figure = (name: string, unit: string, pick: (result: LoadResult) => number) => ({
      name,
      unit,
      relay: results[0]!.map(pick),
      parley: results[1]!.map(pick),
    });
    console.log(
      `\na room of ${ROOM} sockets, ${RATE.perSecond} messages a second, ${ROUNDS} rounds each`,
    );
    printFigures([
      figure('send→ack p50', 'ms', (result) => result.ackP50),
      figure('send→ack p99', 'ms', (result) => result.ackP99),
      figure('send→deliver p50', 'ms', (result) => result.deliverP50),
      figure('send→deliver p99', 'ms', (result) => result.deliverP99),
      figure('processor time per delivery', 'µs', (result) => result.cpuPerDelivery),
      figure('delivered', 'share', (result) => result.delivered / (result.sent * (ROOM - 1))),
    ]);
  } finally {
    await relay.stop();
    await parley.stop();
  }
};
