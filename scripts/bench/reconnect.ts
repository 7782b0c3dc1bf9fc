import { startParley } from './parley-target.js';
import { startRelay } from './relay-target.js';
import { printFigures } from './report.js';
import type { Target } from './target.js';

const CLIENTS = 1000;
const ROUNDS = 3;

const measure = async (target: Target, enter: () => ReturnType<Target['room']>) => {
  const cpuBefore = await target.server.cpuMs();
  const start = performance.now();
  const peers = await enter();
  const seconds = (performance.now() - start) / 1000;
  const cpuMs = ((await target.server.cpuMs()) - cpuBefore) / CLIENTS;
  for (const peer of peers) peer.close();
  return { seconds, cpuMs };
};

/** All clients come back at the same moment: until every one is signed in and in its room. */
export const bench = async (): Promise<void> => {
  const [relay, parley] = [await startRelay(), await startParley()];
  const results: Record<string, { seconds: number; cpuMs: number }[]> = { relay: [], parley: [] };
  try {
    const enterRelay = await relay.crowd(CLIENTS);
    const enterParley = await parley.crowd(CLIENTS);
    for (let round = 0; round < ROUNDS; round++) {
      results.relay!.push(await measure(relay, enterRelay));
      results.parley!.push(await measure(parley, enterParley));
    }
  } finally {
    await relay.stop();
    await parley.stop();
  }
  console.log(`\n${CLIENTS} clients reconnect at once, ${ROUNDS} rounds each`);
  printFigures(
    (['seconds', 'cpuMs'] as const).map((key) => ({
      name: key === 'seconds' ? 'until the last is in its room' : 'processor time per client',
      unit: key === 'seconds' ? 's' : 'ms',
      relay: results.relay!.map((result) => result[key]),
      parley: results.parley!.map((result) => result[key]),
    })),
  );
};
