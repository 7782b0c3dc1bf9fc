/** What a person with many chats costs: documents that the database hands over, on every machine the same. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CommandSucceededEvent } from 'mongodb';
import { Types } from 'mongoose';
import { monitored } from '../support/operation-counts.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

const MANY = 1000;
const NEWEST = 7;

describe('of many chats', () => {
  let server: TestServer;
  let alice: TestUser;
  let handedOver = 0;
  beforeAll(async () => {
    server = await startServer();
    const { mongodbUri } = server;
    await server.close();
    server = await startServer({ mongodbUri: monitored(mongodbUri) });
    server.app.connection.getClient().on('commandSucceeded', (event) => {
      const { reply } = event as CommandSucceededEvent & {
        reply: { cursor?: { firstBatch?: unknown[]; nextBatch?: unknown[] } };
      };
      const { firstBatch = [], nextBatch = [] } = reply.cursor ?? {};
      handedOver += firstBatch.length + nextBatch.length;
    });
    alice = await registerUser(server);
  });
  afterAll(async () => {
    await server.app.connection.dropDatabase();
    await server.close();
  });

  const collection = (name: string) => server.app.connection.collection(name);

  /** Copies a chat with its memberships many times, with some fields changed. */
  const copy = async (chatId: string, times: number, chatFields: object, fields: object) => {
    const id = new Types.ObjectId(chatId);
    const chat = await collection('chats').findOne({ _id: id });
    const rows = await collection('memberships').find({ chatId: id }).toArray();
    const ids = Array.from({ length: times }, () => new Types.ObjectId());
    await collection('chats').insertMany(
      ids.map((_id) => ({ ...chat, _id, directKey: _id.toHexString(), ...chatFields })),
    );
    await collection('memberships').insertMany(
      ids.flatMap((copyId) =>
        rows.map((row) => ({ ...row, _id: new Types.ObjectId(), chatId: copyId, ...fields })),
      ),
    );
  };

  const unreadCount = async (): Promise<number> => {
    const { body } = await server.http.get('/api/v0/chat/unread-count').set(alice.auth).expect(200);
    return (body as { data: { unreadCount: number } }).data.unreadCount;
  };

  it('the unread count takes no document for those that are read, and pending and archived ones do not count', async () => {
    const bob = await registerUser(server);
    const chatId = await openChatBetween(server, alice, bob);
    const socket = await TestSocket.connect(server, bob);
    for (let n = 0; n < 3; n++) await socket.command('send_message', { chatId, content: `${n}` });
    socket.close();
    expect(await unreadCount()).toBe(3);
    const before = handedOver;
    expect(await unreadCount()).toBe(3);
    const few = handedOver - before;

    const read = { lastReadSeq: NEWEST };
    await copy(chatId, MANY, { lastSeq: NEWEST }, read);
    await copy(chatId, 5, { lastSeq: NEWEST }, { lastReadSeq: 0, privateReadSeq: NEWEST });
    await copy(chatId, 5, { lastSeq: NEWEST }, { lastReadSeq: 0, clearedSeq: NEWEST });
    await copy(chatId, 5, { lastSeq: NEWEST, status: 'pending' }, { lastReadSeq: 0 });
    await copy(chatId, 5, { lastSeq: NEWEST }, { lastReadSeq: 0, archivedSeq: NEWEST });
    await copy(chatId, 5, { lastSeq: NEWEST }, { lastReadSeq: 0, hiddenSeq: NEWEST });
    const start = handedOver;
    expect(await unreadCount()).toBe(3);
    // One of fifty at most, whatever the node looks up by itself meanwhile.
    expect(handedOver - start).toBeLessThanOrEqual(few + MANY / 50);
  });

  it('a page of the active ones takes as many documents as it shows', async () => {
    const page = async (query: string) => {
      const { body } = await server.http
        .get(`/api/chats/active?${query}`)
        .set(alice.auth)
        .expect(200);
      return body as { data: { id: string }[]; pagination: { total: number; hasMore: boolean } };
    };
    const [newest] = (await page('limit=1')).data;
    const { total } = (await page('limit=1')).pagination;
    const chatId = newest!.id;
    const inAnHour = new Date(Date.now() + 3_600_000);
    // Those that were archived before the newest message are back, unless they are muted.
    const archived = { archivedSeq: 1, archivedAt: new Date() };
    await copy(chatId, 3, { lastSeq: NEWEST }, { ...archived, mutedUntil: new Date(0) });
    await copy(chatId, 4, { lastSeq: NEWEST }, { ...archived, mutedUntil: inAnHour });
    const longAgo = new Date(0);
    await copy(chatId, 1, { lastMessageAt: longAgo, name: 'old' }, { pinnedAt: new Date() });
    await copy(chatId, 1, { lastMessageAt: longAgo, name: 'older' }, {});

    const start = handedOver;
    const first = await page('limit=50&page=1');
    expect(handedOver - start).toBeLessThanOrEqual(50 + MANY / 50);
    expect(first.data).toHaveLength(50);
    expect(first.pagination).toMatchObject({ total: total + 5, hasMore: true });
    expect(first.data[0]).toMatchObject({ isPinned: true });
    const last = await page(`limit=1&page=${total + 5}`);
    expect(last.data).toMatchObject([{ lastMessageAt: longAgo.toISOString(), isPinned: false }]);
    expect(last.pagination.hasMore).toBe(false);
    const behind = await page('limit=50&page=1000');
    expect([behind.data, behind.pagination.total]).toEqual([[], total + 5]);
  });
});
