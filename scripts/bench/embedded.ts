import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { MongoClient, ObjectId } from 'mongodb';
import type { Collection } from 'mongodb';
import { startEmbeddedDb } from '@parley-chat/embedded-mongo';
import { percentile } from './load.js';

/** The collection's sizes to compare; `SIZES=10000,100000` for a shorter run. */
const SIZES = (process.env.SIZES ?? '10000,1000000').split(',').map(Number);
const ROOM_SIZE = 200;
const IN_FLIGHT = 32;
const MEASURED_MS = 500;
const ROUNDS = 7;

interface Message {
  _id: ObjectId;
  chatId: number;
  seq: number;
  senderId: ObjectId;
  content: string;
  words: string[];
  createdAt: Date;
  reads: number;
}

const WORDS = Array.from({ length: 5000 }, (_, i) => `w${i.toString(36)}`);
const sender = new ObjectId();

/** About 400 bytes; every room has as many messages, every "rare" word as many places, at any size. */
function message(n: number): Message {
  const words = Array.from({ length: 40 }, (_, i) => WORDS[(n * 31 + i * i * 17) % WORDS.length]!);
  const rare = `rare${String(Math.floor(n / 20))}`;
  const chatId = Math.floor(n / ROOM_SIZE);
  return {
    _id: new ObjectId(),
    chatId,
    seq: n % ROOM_SIZE,
    senderId: sender,
    content: `${rare} ${words.join(' ')}`,
    words: [rare, ...words.slice(0, 7)],
    createdAt: new Date(),
    reads: 0,
  };
}

/** Runs an operation with some in flight for a while; answers with operations per second. */
async function rate(inFlight: number, operation: (n: number) => Promise<unknown>): Promise<number> {
  const until = performance.now() + MEASURED_MS;
  const startedAt = performance.now();
  let done = 0;
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (performance.now() < until) {
        await operation(next++);
        done += 1;
      }
    }),
  );
  return (done * 1000) / (performance.now() - startedAt);
}

const pick = (below: number) => Math.floor(Math.random() * below);

type Operation = (database: Filled, n: number) => Promise<unknown>;

/** What is measured on filled collections. Reads come before the writes that change them. */
const OPERATIONS: Record<string, Operation> = {
  'get by _id': ({ messages, ids }) => messages.findOne({ _id: ids[pick(ids.length)]! }),
  'newest 50 by compound index': ({ messages, size }) =>
    messages
      .find({ chatId: pick(size / ROOM_SIZE) })
      .sort({ seq: -1 })
      .limit(50)
      .toArray(),
  'word in an array, 20 hits': ({ messages, size }) =>
    messages.find({ words: `rare${String(pick(size / 20))}` }).toArray(),
  'count of a room': ({ messages, size }) =>
    messages.countDocuments({ chatId: pick(size / ROOM_SIZE), seq: { $gte: 50 } }),
  '$inc by _id': ({ messages, ids }) =>
    messages.updateOne({ _id: ids[pick(ids.length)]! }, { $inc: { reads: 1 } }),
  'insert, compound and multikey index': ({ messages, size }, n) =>
    messages.insertOne(message(size + n)),
  'insert, no further index': ({ plain }, n) => plain.insertOne(message(n)),
};

/** One database with as many documents as its size says. */
interface Filled {
  readonly size: number;
  readonly ids: ObjectId[];
  readonly messages: Collection<Message>;
  readonly plain: Collection<Message>;
  close(): Promise<void>;
}

async function openFilled(size: number): Promise<Filled> {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-bench-'));
  const embedded = await startEmbeddedDb({ dataDir });
  const client = await new MongoClient(embedded.uri, { maxPoolSize: IN_FLIGHT }).connect();
  const messages = client.db('bench').collection<Message>('messages');
  await messages.createIndex({ chatId: 1, seq: 1 });
  await messages.createIndex({ words: 1 });
  const ids = await fill(messages, size);
  return {
    size,
    ids,
    messages,
    plain: client.db('bench').collection<Message>('plain'),
    async close() {
      await client.close();
      await embedded.close();
      fs.rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function fill(collection: Collection<Message>, size: number): Promise<ObjectId[]> {
  const ids: ObjectId[] = [];
  const startedAt = performance.now();
  while (ids.length < size) {
    const batch = Array.from({ length: 1000 }, (_, i) => message(ids.length + i));
    await collection.insertMany(batch);
    for (const { _id } of batch) ids.push(_id);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(`${String(size)} documents filled at ${(size / seconds).toFixed(0)}/s`);
  return ids;
}

type Rates = Map<Filled, { alone: number; together: number }>;

/**
 * Measures one operation on all databases turn by turn, so that whatever else the machine does slows
 * them alike; answers with the medians.
 */
async function measure(databases: readonly Filled[], operation: Operation): Promise<Rates> {
  const samples = new Map<Filled, { alone: number[]; together: number[] }>();
  for (const one of databases) samples.set(one, { alone: [], together: [] });
  for (let round = 0; round < ROUNDS; round++) {
    for (const [database, { alone, together }] of samples) {
      const run = () => operation(database, used++);
      alone.push(await rate(1, run));
      together.push(await rate(IN_FLIGHT, run));
    }
  }
  return new Map(
    [...samples].map(([one, { alone, together }]) => [
      one,
      { alone: percentile(alone, 0.5), together: percentile(together, 0.5) },
    ]),
  );
}

/** Numbers the documents that measuring inserts. */
let used = 0;

/** `npm run bench -- embedded`: the embedded database at growing sizes, through the driver. */
export async function bench(): Promise<void> {
  const databases: Filled[] = [];
  try {
    for (const size of SIZES) databases.push(await openFilled(size));
    const [small, large] = [databases[0]!, databases.at(-1)!];
    console.log(`\noperations per second, one at a time / ${String(IN_FLIGHT)} in flight`);
    for (const [name, operation] of Object.entries(OPERATIONS)) {
      const rates = await measure(databases, operation);
      const cells = [...rates.values()].map(({ alone, together }) =>
        `${alone.toFixed(0)} / ${together.toFixed(0)}`.padStart(16),
      );
      const growth = rates.get(small)!.together / rates.get(large)!.together;
      console.log(`${name.padEnd(34)}${cells.join('')}   cost ×${growth.toFixed(2)}`);
    }
  } finally {
    for (const database of databases) await database.close();
  }
}
