import { connectCouples } from './couples.js';
import type { LoadResult } from './load.js';
import { Stopwatch, applyLoad, percentile } from './load.js';
import { startServices } from './own-services.js';
import { PARLEY, startParley } from './parley-target.js';
import { startServerProcess } from './server-process.js';

const PAIRS = 20;
const PER_SECOND = 100;
const SECONDS = 10;
const ROUNDS = 3;

/** Delivery from one node to another, beside delivery on one node; both nodes run all the while. */
export const bench = async (): Promise<void> => {
  const services = await startServices();
  const parley = await startParley(services.env);
  const other = await startServerProcess(PARLEY, parley.env);
  const results: Record<'one' | 'two', LoadResult[]> = { one: [], two: [] };
  try {
    const run = async (url?: string) => {
      const stopwatch = new Stopwatch();
      const couples = await connectCouples(parley, PAIRS, stopwatch, url);
      const senders = couples.map(({ sender }) => sender);
      const load = { server: parley.server, senders, audience: 1, perSecond: PER_SECOND };
      await applyLoad({ ...load, seconds: 3 }, stopwatch);
      return () => applyLoad({ ...load, seconds: SECONDS }, stopwatch);
    };
    const [same, across] = [await run(), await run(other.url)];
    for (let round = 0; round < ROUNDS; round++) {
      results.one.push(await same());
      results.two.push(await across());
    }
  } finally {
    await other.stop();
    await parley.stop();
    await services.stop();
  }
  const median = (which: 'one' | 'two', key: 'deliverP50' | 'deliverP99') =>
    percentile(
      results[which].map((result) => result[key]),
      0.5,
    );
  console.log(`\n${PER_SECOND} messages a second, ${ROUNDS} rounds of ${SECONDS} s, medians`);
  for (const key of ['deliverP50', 'deliverP99'] as const) {
    const [one, two] = [median('one', key), median('two', key)];
    console.log(
      `${key}   one node ${one.toFixed(1)} ms   across nodes ${two.toFixed(1)} ms   ${(two / one).toFixed(2)}×`,
    );
  }
  const lost = results.two.reduce((sum, { sent, delivered }) => sum + sent - delivered, 0);
  console.log(`not delivered across nodes: ${lost}`);
};
