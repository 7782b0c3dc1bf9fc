import { setTimeout as delay } from 'node:timers/promises';
import { startParley } from './parley-target.js';
import { startRelay } from './relay-target.js';
import { printFigures } from './report.js';
import type { Target } from './target.js';

const CONNECTIONS = 1000;
const ROUNDS = 2;
const SETTLE_MS = 3000;

/** Bytes of resident memory that each idle connection adds to a server that has just started. */
const measure = async (target: Target, enter: () => ReturnType<Target['room']>) => {
  await delay(SETTLE_MS);
  await target.server.collectGarbage();
  const before = await target.server.memoryBytes();
  const perConnection = async () => ((await target.server.memoryBytes()) - before) / CONNECTIONS;
  const peers = await enter();
  await delay(SETTLE_MS);
  const resident = await perConnection();
  await target.server.collectGarbage();
  const live = await perConnection();
  for (const peer of peers) peer.close();
  return { resident, live };
};

/** Memory per connection: each client is signed in, has joined its room, and is silent. */
export const bench = async (): Promise<void> => {
  const results: Record<string, Awaited<ReturnType<typeof measure>>[]> = { relay: [], parley: [] };
  const parley = await startParley();
  try {
    const enter = await parley.crowd(CONNECTIONS);
    for (let round = 0; round < ROUNDS; round++) {
      const relay = await startRelay();
      results.relay!.push(await measure(relay, await relay.crowd(CONNECTIONS)));
      await relay.stop();
      // A new process, whose memory has not been grown by making the accounts.
      await parley.restart();
      results.parley!.push(await measure(parley, enter));
    }
  } finally {
    await parley.stop();
  }
  console.log(`\n${CONNECTIONS} idle connections, ${ROUNDS} rounds each`);
  printFigures(
    (['resident', 'live'] as const).map((key) => ({
      name: key === 'resident' ? 'memory per connection' : 'the same after a collection',
      unit: 'bytes',
      relay: results.relay!.map((result) => result[key]),
      parley: results.parley!.map((result) => result[key]),
    })),
  );
};
