import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Db } from 'mongodb';
import { MongoClient, ObjectId } from 'mongodb';
import { Types } from 'mongoose';
import { ChatsRepository, defineChatModels } from '../../src/modules/chats/index.js';
import { ChatPreviews, MessageLog, defineMessageModels } from '../../src/modules/messages/index.js';
import { LogRepository } from '../../src/modules/messages/log/index.js';
import { silentLogger } from '../support/logger.js';
import { createMetrics } from '../../src/platform/metrics.js';
import { connectDatabase } from '../../src/platform/mongo.js';
import { systemClock } from '../../src/shared/clock.js';
import { closeAfterEach } from '../support/closing.js';
import { eventually } from '../support/eventually.js';
import type { TestServer } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';

const closeAfter = closeAfterEach();
afterEach(() => {
  jest.restoreAllMocks();
});
/** A connection of the test's own to the database of a node. */
const openDatabase = async ({ mongodbUri }: TestServer): Promise<Db> => {
  const client = await MongoClient.connect(mongodbUri);
  closeAfter(() => client.close());
  return client.db();
};

describe('a node that starts after a crash', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(async () => {
    await server.close();
  });
  const restart = async (): Promise<TestServer> => {
    const node = await startServer({ mongodbUri: server.mongodbUri });
    closeAfter(() => node.close());
    return node;
  };

  it('shows in the lists what was written to the log just before', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    await server.http
      .post('/api/messages')
      .set(alice.auth)
      .send({ chatId, content: 'just before the crash' })
      .expect(201);
    const list = async (node: TestServer) =>
      (await node.http.get('/api/chats/active').set(bob.auth).expect(200)).body.data as unknown[];
    expect(await list(server)).toMatchObject([{ lastSeq: 1, unreadCount: 1 }]);

    // As the database is when the process dies between the message and its list.
    const database = await openDatabase(server);
    await database
      .collection('chats')
      .updateMany({ kind: 'direct' }, { $set: { lastSeq: 0, lastMessage: null } });
    expect(await list(server)).toMatchObject([{ lastSeq: 0, lastMessage: null, unreadCount: 0 }]);

    expect(await list(await restart())).toMatchObject([
      { lastSeq: 1, lastMessage: { content: 'just before the crash' }, unreadCount: 1 },
    ]);
  });

  it('shows nothing of an old message that was deleted just before', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const sent = await server.http
      .post('/api/messages')
      .set(alice.auth)
      .send({ chatId, content: 'better not said' })
      .expect(201);
    const database = await openDatabase(server);
    const [chats, messages] = [database.collection('chats'), database.collection('messages')];
    const _id = new ObjectId(chatId);
    const listed = async () =>
      (await chats.findOne({ _id }))!['lastMessage'] as {
        content: string;
        deleted: boolean;
      } | null;
    await eventually(async () => (await listed())?.content === 'better not said');
    const before = await listed();
    const { id } = sent.body.data as { id: string };
    await server.http.delete(`/api/messages/${id}`).set(alice.auth).expect(200);
    await eventually(async () => (await listed())?.deleted === true);

    // As the database is when the process dies between the change and the list, of an hour-old message.
    const old = ObjectId.createFromTime(Date.now() / 1000 - 3600);
    const message = await messages.findOneAndDelete({ _id: new ObjectId(id) });
    await messages.insertOne({ ...message!, _id: old });
    await chats.updateOne({ _id }, { $set: { lastMessage: { ...before, id: old } } });
    const { alice: carol, chatId: other } = await openDirectChat(server);
    await server.http
      .post('/api/messages')
      .set(carol.auth)
      .send({ chatId: other, content: 'others go on' })
      .expect(201);

    const restarted = await restart();
    const { body } = await restarted.http.get('/api/chats/active').set(bob.auth).expect(200);
    expect(body.data).toMatchObject([{ lastMessage: { content: '', deleted: true } }]);
  });
});

describe('a list that could not be written', () => {
  it('is written when the database takes it again, without another message', async () => {
    const uri = new URL(process.env.TEST_MONGODB_URI!);
    uri.pathname = `/lists_${randomUUID().slice(0, 8)}`;
    const logger = silentLogger();
    const { connection, close } = await connectDatabase(
      uri.href,
      { databaseTimeoutMs: 10_000 },
      logger,
      (connection) => {
        defineChatModels(connection);
        defineMessageModels(connection);
      },
    );
    closeAfter(close);
    closeAfter(() => connection.dropDatabase());
    const repository = new LogRepository(connection);
    const previews = new ChatPreviews(new ChatsRepository(connection), repository, logger);
    closeAfter(() => previews.close());
    const chatId = new Types.ObjectId();
    await connection
      .collection('chats')
      .insertOne({ _id: chatId, lastSeq: 0, lastMessage: null } as never);
    const log = new MessageLog(repository, systemClock, createMetrics());
    const { message } = await log.append(chatId.toHexString(), {
      senderId: chatId,
      messageType: 'text',
      content: 'not lost',
      media: [],
      mentions: [],
      reactions: [],
    });
    const write = jest
      .spyOn(connection.collection('chats'), 'bulkWrite')
      .mockRejectedValueOnce(new Error('the database is away'));
    previews.record(message);
    await previews.settle();
    expect(write).toHaveBeenCalledTimes(1);
    await eventually(async () => {
      const chat = await connection.collection('chats').findOne({ _id: chatId });
      return chat?.lastSeq === 1 && chat.lastMessage?.content === 'not lost';
    });
  });
});

describe('a node that goes on after another one has crashed', () => {
  let server: TestServer;
  let other: TestServer;
  beforeAll(async () => {
    server = await startServer();
    other = await startServer({ mongodbUri: server.mongodbUri });
  });
  afterAll(async () => {
    await other.close();
    await server.close();
  });

  it('brings up a list that lags, as soon as it writes to the log', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const sent: string[] = [];
    for (const content of ['first', 'the last before the crash']) {
      const { body } = await server.http
        .post('/api/messages')
        .set(alice.auth)
        .send({ chatId, content })
        .expect(201);
      sent.push((body as { data: { id: string } }).data.id);
    }
    await server.http.get('/api/chats/active').set(alice.auth).expect(200);
    const database = await openDatabase(server);
    await database
      .collection('chats')
      .updateMany({ kind: 'direct' }, { $set: { lastSeq: 0, lastMessage: null } });

    // A reaction to the older message touches neither the newest message nor its list.
    await other.http
      .post(`/api/messages/${sent[0]!}/react`)
      .set(bob.auth)
      .send({ emoji: '👍' })
      .expect(200);
    const { body } = await other.http.get('/api/chats/active').set(bob.auth).expect(200);
    expect(body.data).toMatchObject([
      { lastSeq: 2, lastMessage: { content: 'the last before the crash' }, unreadCount: 2 },
    ]);
  });
});
