import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { Types } from 'mongoose';
import { identityOf } from '../../src/modules/messages/idempotency.js';
import { objectId } from '../../src/platform/object-id.js';
import { eventually } from '../support/eventually.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket, settled } from '../support/socket.js';

interface SyncedMessage {
  id: string;
  seq: number;
  version: number;
  content: string;
  isDeleted: boolean;
  reactions: { emoji: string }[];
}

interface SyncedChat {
  chatId: string;
  isNew: boolean;
  isReset: boolean;
  error: { code: string } | null;
  chat: { id: string; unreadCount: number };
  settings: { clearedSeq: number };
  positions: { userId: string; lastReadSeq: number; lastDeliveredSeq: number }[];
  messages: SyncedMessage[];
  hidden: string[];
  version: number;
  hasMore: boolean;
  head: { seq: number; version: number };
  tag: string;
}

interface SyncAnswer {
  chats: SyncedChat[];
  removed: string[];
  hasMore: boolean;
}

describe('sync', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ env: { SYNC_MAX_CHANGES: '300', HEAD_DIGEST_MS: '100' } });
  });
  afterAll(async () => {
    await server.close();
  });

  const sync = async (user: TestUser, body: object = {}): Promise<SyncAnswer> => {
    const response = await server.http.post('/api/sync').set(user.auth).send(body).expect(200);
    return response.body.data as SyncAnswer;
  };
  const send = async (user: TestUser, chatId: string, content: string): Promise<SyncedMessage> => {
    const response = await server.http
      .post('/api/messages')
      .set(user.auth)
      .send({ chatId, content })
      .expect(201);
    return response.body.data as SyncedMessage;
  };
  const fill = async (user: TestUser, chatId: string, count: number): Promise<void> => {
    await Promise.all(Array.from({ length: count }, (_, i) => send(user, chatId, `m${i}`)));
  };
  const only = (answer: SyncAnswer): SyncedChat => {
    expect(answer.chats).toHaveLength(1);
    return answer.chats[0]!;
  };

  it('requires authentication', async () => {
    const response = await server.http.post('/api/sync').send({}).expect(401);
    expect(response.body).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('answers an empty request with my chats and their newest pages', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    await fill(alice, chatId, 40);
    const answer = await sync(bob);
    const chat = only(answer);
    expect(answer).toMatchObject({ removed: [], hasMore: false });
    expect(chat).toMatchObject({
      chatId,
      isNew: true,
      isReset: true,
      error: null,
      hasMore: false,
      version: 40,
      head: { seq: 40, version: 40 },
      chat: { id: chatId, unreadCount: 40 },
    });
    expect(chat.messages.map(({ seq }) => seq)).toEqual(
      Array.from({ length: 30 }, (_, i) => i + 11),
    );
  });

  it('brings what changed as it is now: new, edited, deleted, reacted', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const [first, second, third] = [
      await send(alice, chatId, 'one'),
      await send(alice, chatId, 'two'),
      await send(alice, chatId, 'three'),
    ];
    const { version } = only(await sync(bob));
    const socket = await TestSocket.connect(server, alice);
    await socket.command('edit_message', { messageId: first.id, content: 'one!' });
    await socket.command('delete_message', { messageId: second.id });
    await socket.command('add_reaction', { messageId: third.id, emoji: '👍' });
    const fourth = await send(alice, chatId, 'four');
    const chat = only(await sync(bob, { chats: { [chatId]: version } }));
    expect(chat).toMatchObject({ isNew: false, isReset: false, hasMore: false, version: 7 });
    expect(chat.messages).toMatchObject([
      { id: first.id, version: 4, content: 'one!' },
      { id: second.id, version: 5, content: '', isDeleted: true },
      { id: third.id, version: 6, reactions: [{ emoji: '👍' }] },
      { id: fourth.id, version: 7, content: 'four' },
    ]);
    socket.close();
  });

  it('answers nothing of a chat whose messages and state the client has', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    await send(alice, chatId, 'hello');
    // The first sync moves Bob's delivered position, so only the second one's tag stands.
    const { version } = only(await sync(bob));
    const { tag } = only(await sync(bob, { chats: { [chatId]: version } }));
    const have = { chats: { [chatId]: version }, tags: { [chatId]: tag } };
    expect((await sync(bob, have)).chats).toEqual([]);

    const socket = await TestSocket.connect(server, bob);
    await socket.command('mark_as_read', { chatId });
    const moved = only(await sync(bob, have));
    expect(moved).toMatchObject({ messages: [], version, chat: { unreadCount: 0 } });
    expect(moved.positions).toContainEqual({ userId: bob.id, lastReadSeq: 1, lastDeliveredSeq: 1 });
    socket.close();
  });

  it('pages through many changes, and ends', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const other = await openChatBetween(server, bob, await registerUser(server));
    await fill(alice, chatId, 120);
    await fill(bob, other, 20);
    const chats: Record<string, number> = { [chatId]: 0, [other]: 0 };
    const seen = new Map<string, number[]>();
    const tags: Record<string, string> = {};
    let answer: SyncAnswer;
    do {
      answer = await sync(bob, { chats, tags, limit: 25 });
      const total = answer.chats.reduce((sum, { messages }) => sum + messages.length, 0);
      expect(total).toBeLessThanOrEqual(25);
      for (const synced of answer.chats) {
        const seqs = synced.messages.map(({ seq }) => seq);
        seen.set(synced.chatId, [...(seen.get(synced.chatId) ?? []), ...seqs]);
        chats[synced.chatId] = synced.version;
        tags[synced.chatId] = synced.tag;
      }
    } while (answer.hasMore);
    expect(seen.get(chatId)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
    expect(seen.get(other)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it('ends a first load in pages too', async () => {
    const user = await registerUser(server);
    const ids: string[] = [];
    for (let i = 0; i < 12; i += 1) {
      ids.push(await openChatBetween(server, user, await registerUser(server)));
      await send(user, ids.at(-1)!, 'hello');
    }
    const chats: Record<string, number> = {};
    const tags: Record<string, string> = {};
    let answer: SyncAnswer;
    let rounds = 0;
    do {
      answer = await sync(user, { chats, tags, limit: 5 });
      for (const synced of answer.chats) {
        chats[synced.chatId] = synced.version;
        tags[synced.chatId] = synced.tag;
      }
      rounds += 1;
    } while (answer.hasMore && rounds < 20);
    expect(Object.keys(chats).sort()).toEqual(ids.sort());
    expect(rounds).toBe(3);
  });

  it('hides what I deleted for myself, from me alone', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const message = await send(alice, chatId, 'secret');
    const have = { chats: { [chatId]: 1 } };
    const socket = await TestSocket.connect(server, bob);
    await socket.command('delete_message', { messageId: message.id, deleteForEveryone: false });
    expect(only(await sync(bob, have))).toMatchObject({ hidden: [message.id], messages: [] });
    expect(only(await sync(alice, have))).toMatchObject({
      hidden: [],
      messages: [{ id: message.id }],
    });
    expect(only(await sync(bob)).messages).toEqual([]);
    socket.close();
  });

  it('tells nothing of chats that are not mine but that', async () => {
    const { alice, chatId } = await openDirectChat(server);
    await send(alice, chatId, 'private');
    const stranger = await registerUser(server);
    const missing = new Types.ObjectId().toHexString();
    const answer = await sync(stranger, { chats: { [chatId]: 0, [missing]: 0 } });
    expect(answer).toMatchObject({ chats: [], hasMore: false });
    expect(answer.removed.sort()).toEqual([chatId, missing].sort());
  });

  it('reports new chats, unless only listed ones are asked for', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const { version } = only(await sync(bob));
    const fresh = await openChatBetween(server, alice, await registerUser(server));
    const mine = await openChatBetween(server, bob, await registerUser(server));
    const chats = { [chatId]: version };
    const all = await sync(bob, { chats });
    expect(all.chats.filter(({ isNew }) => isNew).map((chat) => chat.chatId)).toEqual([mine]);
    expect(all.chats.map((chat) => chat.chatId)).not.toContain(fresh);
    const listed = await sync(bob, { chats, scope: 'listed' });
    expect(listed.chats.map((chat) => chat.chatId)).toEqual([chatId]);
  });

  it('answers in portions of the chat ids to who has more chats than one request may name', async () => {
    const bob = await registerUser(server);
    const chatIds: string[] = [];
    for (let i = 0; i < 4; i += 1) {
      chatIds.push(await openChatBetween(server, bob, await registerUser(server)));
    }
    const [one, two, three, four] = chatIds.sort() as [string, string, string, string];
    const told = async (body: object) =>
      (await sync(bob, body)).chats.map(({ chatId }) => chatId).sort();
    expect(await told({ until: two })).toEqual([one, two]);
    expect(await told({ after: two })).toEqual([three, four]);
    expect(await told({ after: one, until: three })).toEqual([two, three]);
    expect(await told({ after: one, until: one })).toEqual([]);
    const chats = { [one]: 0, [three]: 0 };
    expect(await told({ chats, scope: 'listed', after: two })).toEqual([three]);
    // What lies elsewhere is mine all the same; what is not mine is told wherever it lies.
    const foreign = (await openDirectChat(server)).chatId;
    const { removed } = await sync(bob, { chats: { [one]: 0, [foreign]: 0 }, until: one });
    expect(removed).toEqual([foreign]);
    const bad = await server.http.post('/api/sync').set(bob.auth).send({ after: 'x' });
    expect(bad.body).toMatchObject({ code: 'VALIDATION' });
  });

  it('says that a version is of no use: ahead of the log, or too far behind', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    await send(alice, chatId, 'only');
    const ahead = only(await sync(bob, { chats: { [chatId]: 5 } }));
    expect(ahead).toMatchObject({
      isReset: true,
      isNew: false,
      error: { code: 'CURSOR_TOO_OLD' },
      version: 1,
      messages: [{ seq: 1 }],
    });
    await fill(alice, chatId, 305);
    const behind = only(await sync(bob, { chats: { [chatId]: 1 } }));
    expect(behind).toMatchObject({
      isReset: true,
      error: { code: 'CURSOR_TOO_OLD' },
      version: 306,
    });
    expect(behind.messages).toHaveLength(30);
    expect(only(await sync(bob, { chats: { [chatId]: 6 } }))).toMatchObject({ error: null });
  });

  it('counts as delivery', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const socket = await TestSocket.connect(server, alice);
    await send(alice, chatId, 'one');
    await sync(bob, { chats: { [chatId]: 0 } });
    expect(await socket.next('messages_delivered')).toMatchObject({ deliveredTo: bob.id, seq: 1 });
    const page = await server.http.get(`/api/chats/${chatId}/messages`).set(alice.auth).expect(200);
    expect(page.body.data).toMatchObject([{ status: 'delivered' }]);
    socket.close();
  });

  it('answers the same over a socket', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    await send(alice, chatId, 'hello');
    const overRest = await sync(bob);
    const settledAnswer = await sync(bob);
    const socket = await TestSocket.connect(server, bob, { dialect: 'native' });
    const { data } = await socket.command<SyncAnswer>('sync', {});
    expect(only(overRest).messages[0]).toMatchObject({ content: 'hello' });
    expect(only(data).messages).toEqual(only(settledAnswer).messages);
    socket.close();
  });

  it('refuses broken requests by name', async () => {
    const user = await registerUser(server);
    const broken = [
      { chats: [] },
      { chats: { nonsense: 1 } },
      { chats: { '665f1c2e9b1e8a3d4c5b6a79': -1 } },
      { chats: { '665f1c2e9b1e8a3d4c5b6a79': { $gt: 0 } } },
      { limit: 1e9 },
      { scope: 'everything' },
    ];
    for (const body of broken) {
      const response = await server.http.post('/api/sync').set(user.auth).send(body);
      expect([body, response.status]).toEqual([body, 400]);
    }
  });

  it('tells connected members, and nobody else, how far their chats are', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const [a, b, c] = [
      await TestSocket.connect(server, alice),
      await TestSocket.connect(server, bob, { dialect: 'v0' }),
      await TestSocket.connect(server, await registerUser(server)),
    ];
    await send(alice, chatId, 'one');
    const isAbout = (chats: unknown) => Object.hasOwn(chats as object, chatId);
    const digest = await a.next('heads', ({ chats }) => isAbout(chats));
    expect(digest).toEqual({ chats: { [chatId]: [1, 1] } });
    await send(alice, chatId, 'two');
    await a.next('heads', ({ chats }) => (chats as Record<string, number[]>)[chatId]?.[1] === 2);
    await settled(b, c);
    expect([b.count('heads'), c.count('heads')]).toEqual([0, 0]);
    expect(
      a.heard.filter(({ event, payload }) => event === 'heads' && isAbout(payload.chats)),
    ).toHaveLength(2);
    for (const socket of [a, b, c]) socket.close();
  });

  it('tells of every kind of change also where the database is its own', async () => {
    const own = await startServer({ env: { HEAD_DIGEST_MS: '100' }, isDatabasePrivate: true });
    const { alice, chatId } = await openDirectChat(own);
    const a = await TestSocket.connect(own, alice);
    const told = () =>
      a.heard
        .filter(({ event }) => event === 'heads')
        .map(({ payload }) => (payload.chats as Record<string, number[]>)[chatId]?.[1]);
    const until = (version: number) => eventually(() => told().includes(version));
    const sent = await a.command('send_message', { chatId, content: 'one' });
    const messageId = (sent.data as { id: string }).id;
    await until(1);
    await a.command('edit_message', { messageId, content: 'two' });
    await until(2);
    await a.command('add_reaction', { messageId, emoji: '👍' });
    await until(3);
    await a.command('delete_message', { messageId, deleteForEveryone: false });
    await until(4);
    expect(told()).toEqual([1, 2, 3, 4]);
    a.close();
    await own.close();
  });

  it('tells of a message that was written although its sender was told of a failure', async () => {
    const own = await startServer({ env: { HEAD_DIGEST_MS: '100' }, isDatabasePrivate: true });
    const { alice, bob, chatId } = await openDirectChat(own);
    const b = await TestSocket.connect(own, bob);
    const clientMessageId = 'answer-lost';
    const input = { chatId, content: 'one', messageType: 'text' as const, media: [] };
    const client = await MongoClient.connect(own.mongodbUri);
    try {
      await client
        .db()
        .collection('messages')
        .insertOne({
          chatId: objectId(chatId),
          seq: 1,
          version: 1,
          versions: [1],
          senderId: objectId(alice.id),
          ...identityOf({ ...input, clientMessageId }),
          ...{ messageType: 'text', content: 'one', media: [], mentions: [], reactions: [] },
          createdAt: new Date(),
          updatedAt: new Date(),
        });
      await own.http
        .post('/api/messages')
        .set(alice.auth)
        .send({ chatId, content: 'one', clientMessageId })
        .expect(200);
      const digest = await b.next('heads');
      expect(digest).toEqual({ chats: { [chatId]: [1, 1] } });
      expect(b.count('unread_message')).toBe(0);
    } finally {
      b.close();
      await client.close();
      await own.close();
    }
  });

  it('asks clients to sync when events between the nodes may have been lost', async () => {
    const { alice } = await openDirectChat(server);
    const socket = await TestSocket.connect(server, alice);
    server.app.bus.emit('cluster.gap', { since: new Date().toISOString() }, { scope: 'cluster' });
    const { delayMs } = await socket.next('sync_hint');
    expect(delayMs).toEqual(expect.any(Number));
    expect(delayMs as number).toBeLessThanOrEqual(1000);
    socket.close();
  });
});
