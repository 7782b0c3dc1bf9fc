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

describe('the unread count', () => {
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

  it('of 1,000 more chats that are read takes no document more, and pending and archived ones do not count', async () => {
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
});
