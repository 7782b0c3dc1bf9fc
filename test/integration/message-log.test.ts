/**
 * The numbered log under two writers at once, as two nodes on one database would be: numbers without
 * holes, no version twice, nothing written twice, and nothing that a reader with a cursor could miss.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { Types, mongo } from 'mongoose';
import type { StoredMessage } from '../../src/modules/messages/index.js';
import { MessageLog, defineMessageModels } from '../../src/modules/messages/index.js';
import { LogRepository } from '../../src/modules/messages/log/index.js';
import { silentLogger } from '../support/logger.js';
import type { Metrics } from '../../src/platform/metrics.js';
import { createMetrics } from '../../src/platform/metrics.js';
import type { Database } from '../../src/platform/mongo.js';
import { connectDatabase } from '../../src/platform/mongo.js';
import type { Clock } from '../../src/shared/clock.js';
import { systemClock } from '../../src/shared/clock.js';
import { Random } from '../support/random.js';
import { SEED } from '../support/seed.js';

const uri = new URL(process.env.TEST_MONGODB_URI!);
uri.pathname = `/log_${randomUUID().slice(0, 8)}`;
const logger = silentLogger();

let databases: Database[];
beforeAll(async () => {
  // Refused as OVERLOADED is who waits for long: a busy machine may leave the database alone for as long.
  jest.spyOn(performance, 'now').mockReturnValue(0);
  const connect = () =>
    connectDatabase(uri.href, { databaseTimeoutMs: 10_000 }, logger, defineMessageModels);
  databases = [await connect(), await connect()];
});
afterAll(async () => {
  jest.restoreAllMocks();
  await Promise.all(databases.map((database) => database.close()));
  const client = await MongoClient.connect(uri.href);
  await client.db().dropDatabase();
  await client.close();
});

const newLogs = (clock: Clock = systemClock) =>
  databases.map(
    ({ connection }) => new MessageLog(new LogRepository(connection), clock, createMetrics()),
  );
const newChat = () => new Types.ObjectId().toHexString();
const senderId = new Types.ObjectId();
const draft = (content: string, clientMessageId?: string) => ({
  senderId,
  messageType: 'text' as const,
  content,
  media: [],
  mentions: [],
  reactions: [],
  ...(clientMessageId !== undefined && { clientMessageId, fingerprint: content }),
});
/** The messages, over the connection of the first log. */
const storedMessages = () => databases[0]!.connection.collection<StoredMessage>('messages');
const logOf = (chatId: string) =>
  storedMessages()
    .find({ chatId: new Types.ObjectId(chatId) })
    .sort({ seq: 1 })
    .toArray();
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

/** Follows a chat by its versions alone, as a client that syncs does. */
class Follower {
  readonly state = new Map<string, { version: number; content: string }>();
  private cursor = 0;

  constructor(
    private readonly log: MessageLog,
    private readonly chatId: string,
    private readonly pageSize: number,
  ) {}

  async read(): Promise<number> {
    const page = await this.log.changedSince(this.chatId, this.cursor, this.pageSize);
    for (const { _id, version, content } of page) {
      this.state.set(_id.toHexString(), { version, content });
      this.cursor = version;
    }
    return page.length;
  }

  async readUntil(isOver: () => boolean): Promise<void> {
    while (!isOver()) await this.read();
    while ((await this.read()) > 0);
  }
}

describe('two writers on one chat', () => {
  it('give every message and change a number of its own, and readers miss nothing', async () => {
    const random = new Random(SEED);
    const pick = <T>(list: T[]): T => random.pick(list);
    const logs = newLogs();
    const chatId = newChat();
    const written: StoredMessage[] = [];
    let isOver = false;
    const followers = [1, 7, 100].map((size, i) => new Follower(logs[i % 2]!, chatId, size));
    const reading = followers.map((follower) => follower.readUntil(() => isOver));

    let changes = 0;
    const work = async (worker: number) => {
      for (let step = 0; step < 20; step += 1) {
        const log = pick(logs);
        if (written.length === 0 || random.next() < 0.5) {
          const id = random.next() < 0.5 ? randomUUID() : undefined;
          const text = draft(`${worker}.${step}`, id);
          // A client that is not sure sends again, through whatever node it reaches.
          const sends = id
            ? logs.map((each) => each.append(chatId, text))
            : [log.append(chatId, text)];
          const sent = await Promise.all(sends);
          expect(new Set(sent.map(({ message }) => message.seq)).size).toBe(1);
          expect(sent.filter(({ isReplay }) => !isReplay)).toHaveLength(1);
          written.push(sent[0]!.message);
        } else {
          // Often out of date by now.
          const read = pick(written);
          const { changed } = await log.change(
            chatId,
            read._id.toHexString(),
            (current) => ({ $set: { content: `${current.content}+` } }),
            random.next() < 0.7 ? read : undefined,
          );
          expect(changed).toBe(true);
          changes += 1;
        }
      }
    };
    await Promise.all(upTo(12).map(work));
    isOver = true;
    await Promise.all(reading);

    const log = await logOf(chatId);
    expect(log.map(({ seq }) => seq)).toEqual(upTo(written.length));
    const versions = log.flatMap((message) => message.versions).sort((a, b) => a - b);
    expect(versions).toEqual(upTo(written.length + changes));
    const canonical = log.map(({ _id, version, content }) => [
      _id.toHexString(),
      { version, content },
    ]);
    const pluses = log.map(({ content }) => content.split('+').length - 1);
    expect(pluses.reduce((sum, count) => sum + count, 0)).toBe(changes);
    for (const { state } of followers) {
      expect(state).toEqual(new Map(canonical as never));
    }
  });

  it('never give out a number again that a message has moved on from', async () => {
    const [a, b] = newLogs() as [MessageLog, MessageLog];
    const chatId = newChat();
    const { message: first } = await b.append(chatId, draft('first'));
    const id = first._id.toHexString();
    for (let i = 0; i < 5; i += 1) {
      await a.change(chatId, id, () => ({ $set: { content: `edit ${i}` } }));
    }
    // The message stands at version 6 now; the other writer still believes that 1 is the newest.
    const { message: second } = await b.append(chatId, draft('second'));
    expect(second).toMatchObject({ seq: 2, version: 7 });
  });

  it('forgets old numbers of a message that changes without end, never those just taken', async () => {
    let now = Date.now();
    const [log] = newLogs({ now: () => now });
    const chatId = newChat();
    const { message } = await log!.append(chatId, draft('busy'));
    const lengths: number[] = [];
    for (let minute = 0; minute < 60; minute += 1) {
      now += 60_000;
      const { message: changed } = await log!.change(chatId, message._id.toHexString(), () => ({
        $set: { content: `minute ${minute}` },
      }));
      lengths.push(changed.versions.length);
      const recent = upTo(changed.version).slice(-Math.min(10, changed.version));
      expect(changed.versions).toEqual(expect.arrayContaining(recent));
    }
    expect(Math.max(...lengths)).toBeLessThanOrEqual(21);
  });

  it('answers that nothing is to change, or may be, of the message as it is and not as it was read', async () => {
    const [log] = newLogs() as [MessageLog];
    const chatId = newChat();
    const { message: read } = await log.append(chatId, draft('one'));
    const id = read._id.toHexString();
    const become = (content: string) => (current: StoredMessage) =>
      current.content === content ? undefined : { $set: { content } };
    await log.change(chatId, id, become('two'), read);
    const back = await log.change(chatId, id, become('one'), read);
    expect(back).toMatchObject({ changed: true, message: { content: 'one', version: 3 } });
    const refuse = (current: StoredMessage) => {
      if (current.version === 1) throw new Error('refused');
      return { $set: { content: 'three' } };
    };
    expect(await log.change(chatId, id, refuse, read)).toMatchObject({ changed: true });
  });

  it('recognises its own write when the first answer to it was lost', async () => {
    const [log] = newLogs() as [MessageLog];
    const messages = storedMessages();
    const insertMany = messages.insertMany.bind(messages);
    // The driver tries again by itself after a broken connection; a server without retryable writes
    // then meets the first attempt.
    const twice = jest.spyOn(messages, 'insertMany').mockImplementation(async (docs, options) => {
      await insertMany(docs, options);
      return insertMany(docs, options);
    });
    const chatId = newChat();
    const sent = await Promise.all(['a', 'b', 'c'].map((text) => log.append(chatId, draft(text))));
    twice.mockRestore();
    expect(sent.map(({ isReplay }) => isReplay)).toEqual([false, false, false]);
    const stored = await logOf(chatId);
    expect(stored.map(({ seq, content }) => [seq, content])).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]);
  });

  it('refuses what it cannot know, and writes a retry of it once', async () => {
    const [log] = newLogs() as [MessageLog];
    const messages = storedMessages();
    const insertMany = messages.insertMany.bind(messages);
    const cut = jest.spyOn(messages, 'insertMany').mockImplementation(async (docs, options) => {
      await insertMany(docs, options);
      throw new mongo.MongoNetworkError('cut after the write');
    });
    const chatId = newChat();
    await expect(log.append(chatId, draft('x', 'id-1'))).rejects.toThrow('cut after the write');
    cut.mockRestore();
    const retry = await log.append(chatId, draft('x', 'id-1'));
    expect(retry).toMatchObject({ isReplay: true, message: { seq: 1 } });
    expect(await log.append(chatId, draft('y'))).toMatchObject({ message: { seq: 2, version: 2 } });
    expect(await logOf(chatId)).toHaveLength(2);
  });

  it.each([
    ['before the write', (metrics: Metrics) => jest.spyOn(metrics.commitSize, 'observe'), 0],
    ['after the write', (metrics: Metrics) => jest.spyOn(metrics.messagesSent, 'inc'), 3],
  ])('answers every send when something fails %s that should not', async (_, spy, written) => {
    const metrics = createMetrics();
    spy(metrics).mockImplementationOnce(() => {
      throw new Error('out of order');
    });
    const log = new MessageLog(new LogRepository(databases[0]!.connection), systemClock, metrics);
    const chatId = newChat();
    const sendAll = () =>
      Promise.allSettled(['a', 'b', 'c'].map((text) => log.append(chatId, draft(text, text))));
    for (const outcome of await sendAll()) {
      expect(outcome).toEqual({ status: 'rejected', reason: new Error('out of order') });
    }
    await log.drained();
    expect(await logOf(chatId)).toHaveLength(written);

    for (const outcome of await sendAll()) {
      expect(outcome).toMatchObject({ status: 'fulfilled', value: { isReplay: written > 0 } });
    }
    await log.drained();
    expect((await logOf(chatId)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it('gives readers newest numbers whose messages hold every change up to the version', async () => {
    const [log, other] = newLogs() as [MessageLog, MessageLog];
    const chatId = newChat();
    await other.append(chatId, draft('first'));
    // Another node writes after the first of the two reads, and before the second.
    const collection = storedMessages();
    const findOne = collection.findOne.bind(collection) as (...args: unknown[]) => Promise<unknown>;
    let written: (() => void) | undefined;
    const between = new Promise<void>((resolve) => (written = resolve));
    let reads = 0;
    const spy = jest.spyOn(collection, 'findOne').mockImplementation((async (
      ...args: unknown[]
    ) => {
      reads += 1;
      if (reads > 1) {
        await between;
        return findOne(...args);
      }
      const answer = await findOne(...args);
      for (const text of ['second', 'third']) await other.append(chatId, draft(text));
      written!();
      return answer;
    }) as never);
    const newest = await log.readNewest(chatId);
    spy.mockRestore();
    expect(reads).toBe(2);
    const held = (await logOf(chatId)).filter(({ seq }) => seq <= newest.seq);
    const changes = (await logOf(chatId)).filter(({ version }) => version <= newest.version);
    expect(held.map(({ content }) => content)).toEqual(
      expect.arrayContaining(changes.map(({ content }) => content)),
    );
  });

  it('keeps going while another node fills the same chat', async () => {
    const [a, b] = newLogs() as [MessageLog, MessageLog];
    const chatId = newChat();
    const many = upTo(2000).map((i) => a.append(chatId, draft(`bulk ${i}`)));
    const few: number[] = [];
    for (let i = 0; i < 20; i += 1) {
      few.push((await b.append(chatId, draft(`single ${i}`))).message.seq);
    }
    await Promise.all(many);
    const log = await logOf(chatId);
    expect(log.map(({ seq }) => seq)).toEqual(upTo(2020));
    expect(new Set(few).size).toBe(20);
  });
});
