import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Types } from 'mongoose';
import type { Collection } from 'mongoose';
import { startEmbeddedDb } from '@parley-chat/embedded-mongo';
import type { StoredMessage } from '../../src/modules/messages/index.js';
import {
  UnreadCounter,
  UnreadCountsRepository,
  defineMessageModels,
} from '../../src/modules/messages/index.js';
import { createLogger } from '../../src/platform/logger.js';
import { connectDatabase } from '../../src/platform/mongo.js';
import { percentile } from './load.js';

/** How many messages of a chat are unread. */
const SPANS = [50, 100, 200, 1000, 10_000, 100_000];
const NEWEST = SPANS.at(-1)!;
const BATCH = 1000;
const ROUNDS = 15;

const chatId = new Types.ObjectId();
const userId = new Types.ObjectId();
const other = new Types.ObjectId();

/** Every fifth message is the reader's own, every fiftieth one of the system. */
const fill = async (messages: Collection<StoredMessage>): Promise<void> => {
  for (let first = 1; first <= NEWEST; first += BATCH) {
    const docs = Array.from({ length: BATCH }, (_, i) => {
      const seq = first + i;
      const isSystem = seq % 50 === 0;
      return {
        _id: new Types.ObjectId(),
        chatId,
        seq,
        version: seq,
        versions: [seq],
        senderId: seq % 5 === 1 ? userId : other,
        messageType: isSystem ? ('system' as const) : ('text' as const),
        ...(isSystem && { uncounted: true as const }),
        content:
          'a message as people write them, of about one hundred characters, give or take a few',
        media: [],
        mentions: [],
        reactions: [],
        createdAt: new Date(),
        updatedAt: new Date(),
      };
    });
    await messages.insertMany(docs);
  }
};

const medians = async (tasks: (() => Promise<number>)[]): Promise<number[]> => {
  const times = tasks.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, task] of tasks.entries()) {
      const startedAt = performance.now();
      await task();
      times[index]!.push(performance.now() - startedAt);
    }
  }
  return times.map((taken) => percentile(taken, 0.5));
};

/** Counting unread messages one by one beside working their number out, on the embedded database. */
export const bench = async (): Promise<void> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-bench-'));
  const database = await startEmbeddedDb({ dataDir });
  const { connection, close } = await connectDatabase(
    database.uri,
    { databaseTimeoutMs: 60_000 },
    createLogger({ logLevel: 'error', nodeEnv: 'production' }),
    defineMessageModels,
  );
  try {
    await fill(connection.collection<StoredMessage>('messages'));
    const stored = new UnreadCountsRepository(connection);
    const counter = new UnreadCounter(stored, () => Promise.resolve(NEWEST));
    console.log(`unread messages${'looked at'.padStart(14)}${'worked out'.padStart(14)}   ratio`);
    for (const size of SPANS) {
      const span = { chatId, userId, afterSeq: NEWEST - size, upToSeq: NEWEST };
      const tasks = [() => stored.unread(span), () => counter.computeUnread(span)];
      const [counted, computed] = await Promise.all(tasks.map((task) => task()));
      if (counted !== computed) throw new Error(`${counted} and ${computed} are not the same`);
      const [looking, working] = await medians(tasks);
      const cells = [looking!, working!].map((ms) => `${ms.toFixed(1)} ms`.padStart(14)).join('');
      console.log(`${String(size).padStart(15)}${cells}   ${(looking! / working!).toFixed(1)}×`);
    }
  } finally {
    await close();
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  }
};
