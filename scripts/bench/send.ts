import { applyLoad, Stopwatch } from './load.js';
import type { LoadResult } from './load.js';
import { startParley } from './parley-target.js';
import { startRelay } from './relay-target.js';
import { printFigures } from './report.js';
import type { Peer, Target } from './target.js';

const PAIRS = 50;
const ROUNDS = 3;
const EQUAL_RATE = { perSecond: 1000, seconds: 5 };
const STEPS = [500, 1000, 1500, 2000, 3000, 4000, 5000, 6000, 8000, 10_000, 12_000, 15_000, 20_000];
const STEP_SECONDS = 3;
const GOOD_P99_MS = 100;

interface Side {
  target: Target;
  senders: Peer[];
  stopwatch: Stopwatch;
}

const prepare = async (target: Target): Promise<Side> => {
  const stopwatch = new Stopwatch();
  const pairs = await target.pairs(PAIRS);
  for (const [, receiver] of pairs) {
    receiver.onMessage((content) => {
      stopwatch.hear(content);
    });
  }
  return { target, senders: pairs.map(([sender]) => sender), stopwatch };
};

const load = ({ target, senders, stopwatch }: Side, perSecond: number, seconds: number) =>
  applyLoad({ server: target.server, senders, audience: 1, perSecond, seconds }, stopwatch);

const isSustained = ({ sent, acknowledged, delivered, deliverP99, ackP99 }: LoadResult): boolean =>
  acknowledged === sent && delivered === sent && Math.max(deliverP99, ackP99) < GOOD_P99_MS;

/** One-to-one messages: latency and cost at an equal rate, then the rate each side sustains. */
export const bench = async (): Promise<void> => {
  const [relay, parley] = [await startRelay(), await startParley()];
  try {
    const sides = [await prepare(relay), await prepare(parley)];
    for (const side of sides) await load(side, 500, 2);
    const results: LoadResult[][] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, side] of sides.entries()) {
        results[index]!.push(await load(side, EQUAL_RATE.perSecond, EQUAL_RATE.seconds));
      }
    }
    const figure = (name: string, unit: string, pick: (result: LoadResult) => number) => ({
      name,
      unit,
      relay: results[0]!.map(pick),
      parley: results[1]!.map(pick),
    });
    console.log(
      `\n${PAIRS} pairs, ${EQUAL_RATE.perSecond} messages a second, ${ROUNDS} rounds each`,
    );
    printFigures([
      figure('send→ack p50', 'ms', (result) => result.ackP50),
      figure('send→ack p99', 'ms', (result) => result.ackP99),
      figure('send→deliver p50', 'ms', (result) => result.deliverP50),
      figure('send→deliver p99', 'ms', (result) => result.deliverP99),
      figure('processor time per delivery', 'µs', (result) => result.cpuPerDelivery),
      figure('delivered of those sent', 'share', (result) => result.delivered / result.sent),
    ]);

    const best = [0, 0];
    const isOut = [false, false];
    console.log(`\nsustained: everything delivered, p99 under ${GOOD_P99_MS} ms`);
    for (const rate of STEPS) {
      for (const [index, side] of sides.entries()) {
        if (isOut[index]) continue;
        const result = await load(side, rate, STEP_SECONDS);
        const isGood = isSustained(result);
        if (isGood) best[index] = rate;
        else isOut[index] = true;
        console.log(
          `  ${side.target.name} at ${rate}/s: ${isGood ? 'yes' : 'no'}, ` +
            `ack p99 ${result.ackP99.toFixed(1)} ms, deliver p99 ${result.deliverP99.toFixed(1)} ms, ` +
            `${result.acknowledged}/${result.sent} acknowledged, ${result.delivered} delivered, ` +
            `${result.cpuPerDelivery.toFixed(0)} µs each`,
        );
      }
    }
    printFigures([
      { name: 'sustained rate', unit: 'messages/s', relay: [best[0]!], parley: [best[1]!] },
    ]);
  } finally {
    await relay.stop();
    await parley.stop();
  }
};
