import { setTimeout as delay } from 'node:timers/promises';
import { loadOfCouples } from './couples.js';
import { startParley } from './parley-target.js';

const PAIRS = 50;
const PER_SECOND = 100;
/** Between two looks at the memory, in seconds. */
const SPELL_SECONDS = 20;
/** Devices that come and go during each spell. */
const COMERS_PER_SPELL = 50;
const MB = 1024 * 1024;

const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Load for many minutes (`npm run bench -- soak 30`), with devices that come and go: does memory grow? */
export const bench = async (): Promise<void> => {
  const minutes = Number(process.argv[3] ?? 5);
  const parley = await startParley();
  const resident: number[] = [];
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
      await parley.server.collectGarbage();
      resident.push((await parley.server.memoryBytes()) / MB);
      console.log(
        `${resident.length * SPELL_SECONDS} s: ${resident.at(-1)!.toFixed(0)} MB, delivery p99 ${result.deliverP99.toFixed(1)} ms`,
      );
    }
  } finally {
    await parley.stop();
  }
  const quarter = Math.max(1, Math.floor(resident.length / 4));
  const [second, last] = [resident.slice(quarter, 2 * quarter), resident.slice(-quarter)];
  console.log(`\n${minutes} minutes at ${PER_SECOND} messages a second`);
  console.log(
    `memory after a collection: second quarter ${mean(second).toFixed(1)} MB, last ${mean(last).toFixed(1)} MB, ${((mean(last) / mean(second) - 1) * 100).toFixed(1)} %`,
  );
  console.log(`not delivered: ${lost}`);
};
