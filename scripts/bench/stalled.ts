import { loadOfCouples } from './couples.js';
import { startParley } from './parley-target.js';

const PAIRS = 20;
const STALLED = 50;
const PER_SECOND = 100;
const SECONDS = 15;
/** What the stalled clients are sent meanwhile, each of it, per second: 100 KB. */
const FLOOD_PER_SECOND = 50;
const FLOOD_TEXT = 'x'.repeat(2000);
const MB = 1024 * 1024;

/**
 * Clients that stop reading and keep their connection, in a chat that goes on: what they cost in memory,
 * and what they do to everybody else's delivery.
 */
export const bench = async (): Promise<void> => {
  const parley = await startParley();
  try {
    const others = await loadOfCouples(parley, { pairs: PAIRS, perSecond: PER_SECOND });
    const people = [await parley.register(), await parley.register()] as const;
    const chatId = await parley.openChat(...people);
    const talker = await parley.enter(people[0], chatId);
    const flood = () =>
      setInterval(() => {
        talker.send(FLOOD_TEXT).catch(() => undefined);
      }, 1000 / FLOOD_PER_SECOND);

    // The same flood to clients that read, so that only the stalling differs.
    const readers = await Promise.all(
      Array.from({ length: STALLED }, () => parley.enter(people[1], chatId)),
    );
    await others.run(5);
    let timer = flood();
    const before = await others.run(SECONDS);
    clearInterval(timer);
    await parley.server.collectGarbage();
    const memoryBefore = await parley.server.memoryBytes();

    for (const reader of readers) reader.stall();
    let peak = 0;
    const watch = setInterval(() => {
      void parley.server.memoryBytes().then((bytes) => (peak = Math.max(peak, bytes)));
    }, 200);
    timer = flood();
    const during = await others.run(SECONDS * 2);
    clearInterval(timer);
    clearInterval(watch);
    console.log(
      `\n${STALLED} of ${STALLED + PAIRS * 2 + 1} clients stop reading, ${FLOOD_PER_SECOND} messages of 2 KB a second each`,
    );
    console.log(`others' delivery p99   before ${before.deliverP99.toFixed(1)} ms`);
    console.log(
      `                       during ${during.deliverP99.toFixed(1)} ms   ${(during.deliverP99 / before.deliverP99).toFixed(2)}×`,
    );
    console.log(`memory at most         +${((peak - memoryBefore) / MB).toFixed(1)} MB`);
    console.log(`refused or lost        ${during.sent - during.delivered}`);
  } finally {
    await parley.stop();
  }
  // The stalled connections are half open on this side; nothing else would end them.
  process.exit();
};
