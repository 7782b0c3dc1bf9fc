import { loadOfCouples } from './couples.js';
import type { LoadResult } from './load.js';
import { percentile } from './load.js';
import { startServices } from './own-services.js';
import { PARLEY, startParley } from './parley-target.js';
import { startServerProcess } from './server-process.js';

const PAIRS = 20;
const PER_SECOND = 100;
const SECONDS = 10;
const WARM_UP_SECONDS = 3;
const ROUNDS = 3;

/** Delivery from one node to another, beside delivery on one node; both nodes run all the while. */
export const bench = async (): Promise<void> => {
  const services = await startServices();
  const parley = await startParley(services.env);
  const other = await startServerProcess(PARLEY, parley.env);
  const results: Record<'one' | 'two', LoadResult[]> = { one: [], two: [] };
  try {
    const load = { pairs: PAIRS, perSecond: PER_SECOND };
    const same = await loadOfCouples(parley, load);
    const across = await loadOfCouples(parley, { ...load, receiverUrl: other.url });
    for (const talk of [same, across]) await talk.run(WARM_UP_SECONDS);
    for (let round = 0; round < ROUNDS; round++) {
      results.one.push(await same.run(SECONDS));
      results.two.push(await across.run(SECONDS));
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
