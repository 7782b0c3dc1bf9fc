import { setTimeout as delay } from 'node:timers/promises';
import { loadOfCouples } from './couples.js';
import { startParley } from './parley-target.js';
import type { ParleyTarget } from './parley-target.js';

const PAIRS = 50;
const PER_SECOND = 100;
/** Between two looks at the memory, in seconds. */
const SPELL_SECONDS = 20;
/** Devices that come and go during each spell. */
const COMERS_PER_SPELL = 50;
const MB = 1024 * 1024;
const METRICS_TOKEN = 'soak-metrics-token';

/** Memory after a collection, in MB: of the process, and what of it the server's own objects are. */
interface Memory {
  resident: number;
  heap: number;
}

const memoryOf = async ({ server }: ParleyTarget): Promise<Memory> => {
  await server.collectGarbage();
  const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
  const metrics = await (await fetch(`${server.url}/metrics`, { headers })).text();
  const [, heap] = /^nodejs_heap_size_used_bytes (\S+)$/m.exec(metrics) ?? [];
  return { resident: (await server.memoryBytes()) / MB, heap: Number(heap) / MB };
};

const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** The last quarter beside the second: by then everything is compiled and every cache in use. */
const growth = (name: string, values: number[]): string => {
  const quarter = Math.max(1, Math.floor(values.length / 4));
  const [second, last] = [values.slice(quarter, 2 * quarter), values.slice(-quarter)].map(mean);
  const percent = ((last! / second! - 1) * 100).toFixed(1);
  return `${name}: second quarter ${second!.toFixed(1)} MB, last ${last!.toFixed(1)} MB, ${percent} %`;
};

/** Load for many minutes (`npm run bench -- soak 30`), with devices that come and go: does memory grow? */
export const bench = async (): Promise<void> => {
  const minutes = Number(process.argv[3] ?? 5);
  const parley = await startParley({ METRICS_TOKEN });
  const memory: Memory[] = [];
  let lost = 0;
  try {
    const { couples, run } = await loadOfCouples(parley, { pairs: PAIRS, perSecond: PER_SECOND });
    const end = performance.now() + minutes * 60_000;
    while (performance.now() < end) {
      const comers = (async () => {
        for (let i = 0; i < COMERS_PER_SPELL; i++) {
          const { accounts, chatId } = couples[i % couples.length]!;
          (await parley.enter(accounts[0], chatId)).close();
          await delay((SPELL_SECONDS * 1000) / COMERS_PER_SPELL / 2);
        }
      })();
      const result = await run(SPELL_SECONDS);
      await comers;
      lost += result.sent - result.delivered;
      const now = await memoryOf(parley);
      memory.push(now);
      console.log(
        `${memory.length * SPELL_SECONDS} s: ${now.resident.toFixed(0)} MB, heap ${now.heap.toFixed(1)} MB, ` +
          `delivery p99 ${result.deliverP99.toFixed(1)} ms`,
      );
    }
  } finally {
    await parley.stop();
  }
  console.log(`\n${minutes} minutes at ${PER_SECOND} messages a second, after a collection`);
  for (const part of ['resident', 'heap'] as const) {
    console.log(
      growth(
        part,
        memory.map((taken) => taken[part]),
      ),
    );
  }
  console.log(`not delivered: ${lost}`);
};
