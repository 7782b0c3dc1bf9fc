import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient, ObjectId } from 'mongodb';
import type * as EmbeddedDb from '@parley-chat/embedded-mongo';
import { percentile } from './load.js';
import { startParley } from './parley-target.js';
import type { Account, ParleyTarget } from './parley-target.js';

/** Messages in the chat that is searched, and in the whole store (`BENCH_STORE`). */
const CHAT_SIZE = 10_000;
const STORE_SIZE = Number(process.env.BENCH_STORE ?? 100_000);
const QUERIES = 200;
/** Searches before those that are measured, as a server that has been up for a while has had. */
const WARM_UP = 50;
const BATCH = 500;
const YEAR_MS = 365 * 86_400_000;

/** Words with the uneven spread of a language: the first ones come often, the last ones hardly ever. */
const WORDS = Array.from({ length: 5000 }, (_, i) => `w${i.toString(36)}ord`);
const word = (): string => WORDS[Math.floor(WORDS.length * Math.random() ** 3)]!;
const sentence = (): string => Array.from({ length: 8 }, word).join(' ');

/** The database as it is built, like Parley itself. */
const BUILT_DATABASE = new URL('../../packages/embedded-mongo/dist/index.js', import.meta.url).href;

const databaseNamed = (uri: string, name: string): string =>
  uri.replace(/^(mongodb:\/\/[^/]+)\/?[^?]*/, `$1/${name}`);

const fill = async (uri: string, chatId: string, senderId: string): Promise<void> => {
  // A busy machine may not answer the driver's watch in time; the preparation can wait.
  const patience = { connectTimeoutMS: 60_000, heartbeatFrequencyMS: 60_000 };
  const client = await MongoClient.connect(uri, patience);
  const messages = client.db().collection('messages');
  for (let seq = 0; seq < CHAT_SIZE; seq += BATCH) {
    // A store of this size has been written over a year: what is news is read by other services, too.
    const sentAt = new Date(Date.now() - YEAR_MS * (1 - seq / CHAT_SIZE));
    await messages.insertMany(
      Array.from({ length: BATCH }, (_, i) => ({
        chatId: new ObjectId(chatId),
        seq: seq + i + 1,
        version: seq + i + 1,
        versions: [seq + i + 1],
        senderId: new ObjectId(senderId),
        messageType: 'text',
        content: sentence(),
        media: [],
        mentions: [],
        reactions: [],
        createdAt: sentAt,
        updatedAt: sentAt,
      })),
    );
  }
  await client
    .db()
    .collection('chats')
    .updateOne({ _id: new ObjectId(chatId) }, { $set: { lastSeq: CHAT_SIZE } });
  await client.close();
};

/** Preparing a million messages keeps a small machine busy: what is refused for now is tried again. */
const insist = async <T>(prepare: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await prepare();
    } catch (error) {
      if (attempt === 60) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
};

/** Processor time of the server, and of this process, in which the database runs, in milliseconds. */
const cpuMs = async ({ server }: ParleyTarget): Promise<number> => {
  const { user, system } = process.cpuUsage();
  return (await server.cpuMs()) + (user + system) / 1000;
};

/** One word, two words, and the beginning of a word by turns. */
const queryNumber = (i: number): string =>
  [word(), `${word()} ${word()}`, word().slice(0, 3)][i % 3]!;

const measure = async (
  name: string,
  parley: ParleyTarget,
  run: (query: string) => Promise<unknown>,
): Promise<void> => {
  const times: number[] = [];
  for (let i = 0; i < WARM_UP; i += 1) await run(encodeURIComponent(queryNumber(i)));
  const cpuBefore = await cpuMs(parley);
  for (let i = 0; i < QUERIES; i += 1) {
    const query = queryNumber(i);
    const start = performance.now();
    await run(encodeURIComponent(query));
    times.push(performance.now() - start);
  }
  const cpu = ((await cpuMs(parley)) - cpuBefore) / QUERIES;
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)];
  console.log(
    `${name}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ` +
      `${cpu.toFixed(1)} ms of processor time each, database and client included (${QUERIES} queries)`,
  );
};

/** Search in a chat of 10,000 messages, alone and in a large store, and over all of a user's chats. */
export const bench = async (): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-search-'));
  const { startEmbeddedDb } = (await import(BUILT_DATABASE)) as typeof EmbeddedDb;
  const given = process.env.MONGODB_URI;
  const database = given
    ? { uri: given, close: () => Promise.resolve() }
    : await startEmbeddedDb({ dataDir: folder });
  process.env.MONGODB_URI = database.uri;
  const parley = await startParley();
  try {
    // startParley keeps its data under this name.
    const own = databaseNamed(database.uri, `bench_${process.pid}`);
    const register = () => insist(() => parley.register());
    const [a, b] = [await register(), await register()];
    let size = 0;
    const addChat = async (one: Account, other: Account): Promise<string> => {
      const chatId = await insist(() => parley.openChat(one, other));
      await fill(own, chatId, one.id);
      // The first search makes the index take the chat in.
      await insist(() => parley.api('GET', `/api/chats/${chatId}/search?q=warm`, one.token));
      size += CHAT_SIZE;
      return chatId;
    };
    const chatId = await addChat(a, b);
    const inChat = (query: string) =>
      parley.api('GET', `/api/chats/${chatId}/search?q=${query}`, a.token);
    await measure(`one chat of ${CHAT_SIZE}, store of ${size}`, parley, inChat);
    await addChat(a, await register());
    while (size < STORE_SIZE) await addChat(await register(), await register());
    await measure(`one chat of ${CHAT_SIZE}, store of ${size}`, parley, inChat);
    await measure(`two chats of ${CHAT_SIZE}, store of ${size}`, parley, (query) =>
      parley.api('GET', `/api/search/messages?q=${query}`, a.token),
    );
  } finally {
    await parley.stop();
    await database.close();
    await rm(folder, { recursive: true, force: true });
  }
};
