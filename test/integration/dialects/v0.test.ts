import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestServer, TestUser } from '../../support/server.js';
import { openChatBetween, registerUser, startServer } from '../../support/server.js';

const UNKNOWN_ID = '0123456789abcdef01234567';
const base = '/api/v0/chat';

describe('the v0 dialect over REST', () => {
  let server: TestServer;
  let alice: TestUser;
  let bob: TestUser;
  let eve: TestUser;
  beforeAll(async () => {
    server = await startServer();
    [alice, bob, eve] = await Promise.all([
      registerUser(server),
      registerUser(server),
      registerUser(server),
    ]);
  });
  afterAll(async () => {
    await server.close();
  });

  const send = async (by: TestUser, to: TestUser, message: string, more: object = {}) => {
    const response = await server.http
      .post(`${base}/send`)
      .set(by.auth)
      .send({ receiverId: to.id, message, ...more });
    return response.body as { data: { id: string; conversationId: string } };
  };
  const conversationOf = async (a: TestUser, b: TestUser): Promise<string> => {
    const response = await server.http.get(`${base}/conversation/${b.id}`).set(a.auth).expect(200);
    return (response.body as { data: { id: string } }).data.id;
  };

  it.each<['get' | 'post' | 'put' | 'delete', string]>([
    ['get', '/conversations'],
    ['get', '/unread-count'],
    ['get', `/conversation/${UNKNOWN_ID}`],
    ['get', `/conversation/${UNKNOWN_ID}/messages`],
    ['post', '/send'],
    ['put', `/message/${UNKNOWN_ID}/read`],
    ['put', `/conversation/${UNKNOWN_ID}/read`],
    ['delete', `/message/${UNKNOWN_ID}`],
  ])('%s %s requires authentication', async (method, path) => {
    const response = await server.http[method](`${base}${path}`).expect(401);
    expect(response.body).toMatchObject({ success: false, code: 'UNAUTHENTICATED' });
  });

  it('opens one conversation with a person, the same from both sides', async () => {
    const [carol, dave] = [await registerUser(server), await registerUser(server)];
    const mine = await conversationOf(carol, dave);
    expect(await conversationOf(dave, carol)).toBe(mine);
    const list = await server.http.get(`${base}/conversations`).set(carol.auth).expect(200);
    expect(list.body).toMatchObject({
      success: true,
      data: [
        {
          _id: mine,
          conversationId: mine,
          status: 'accepted',
          otherUser: { _id: dave.id, username: dave.username, isOnline: false },
          lastMessage: null,
        },
      ],
      pagination: { page: 1, limit: 50, total: 1, hasMore: false },
    });
  });

  it('answers for people who do not exist, and for oneself', async () => {
    const get = (id: string) => server.http.get(`${base}/conversation/${id}`).set(alice.auth);
    expect((await get(UNKNOWN_ID).expect(404)).body).toMatchObject({ code: 'NOT_FOUND' });
    expect((await get(alice.id).expect(400)).body).toMatchObject({ code: 'VALIDATION' });
    expect((await get('nobody').expect(400)).body).toMatchObject({ code: 'VALIDATION' });
  });

  it('sends, lists page by page, counts unread, and reads', async () => {
    const [carol, dave] = [await registerUser(server), await registerUser(server)];
    for (const text of ['one', 'two', 'three']) await send(carol, dave, text);
    const conversationId = await conversationOf(dave, carol);
    const unread = () => server.http.get(`${base}/unread-count`).set(dave.auth).expect(200);
    expect((await unread()).body).toEqual({ success: true, data: { unreadCount: 3 } });

    const messages = `${base}/conversation/${conversationId}/messages`;
    const newest = await server.http.get(`${messages}?page=1&limit=2`).set(dave.auth).expect(200);
    expect(newest.body).toMatchObject({
      data: [
        { message: 'two', senderId: carol.id, receiverId: dave.id, isRead: false },
        { message: 'three' },
      ],
      pagination: { page: 1, limit: 2, total: 3, hasMore: true },
    });
    const older = await server.http.get(`${messages}?page=2&limit=2`).set(dave.auth).expect(200);
    expect(older.body).toMatchObject({ data: [{ message: 'one' }] });

    const [{ id: second }] = newest.body.data as [{ id: string }];
    const read = await server.http.put(`${base}/message/${second}/read`).set(dave.auth).expect(200);
    expect(read.body.data).toMatchObject({ conversationId, lastReadSeq: 2 });
    expect((await unread()).body.data).toEqual({ unreadCount: 1 });
    await server.http.put(`${base}/conversation/${conversationId}/read`).set(dave.auth).expect(200);
    expect((await unread()).body.data).toEqual({ unreadCount: 0 });
    const seen = await server.http.get(messages).set(carol.auth).expect(200);
    expect(seen.body.data).toMatchObject(Array(3).fill({ isRead: true, status: 'read' }));
  });

  it('answers a retry with the same message', async () => {
    const clientMessageId = 'v0-retry-1';
    const first = await send(alice, bob, 'once', { clientMessageId });
    const again = await server.http
      .post(`${base}/send`)
      .set(alice.auth)
      .send({ receiverId: bob.id, message: 'once', clientMessageId })
      .expect(200);
    expect((again.body as typeof first).data).toEqual(first.data);
  });

  it('deletes for everyone when I sent it, and for me when I received it', async () => {
    const { data: mine } = await send(alice, bob, 'take this back');
    const { data: theirs } = await send(alice, bob, 'Bob does not want to see this');
    const remove = (id: string, by: TestUser) =>
      server.http.delete(`${base}/message/${id}`).set(by.auth);
    expect((await remove(mine.id, alice).expect(200)).body.data).toMatchObject({
      messageId: mine.id,
      deletedForEveryone: true,
    });
    expect((await remove(theirs.id, bob).expect(200)).body.data).toMatchObject({
      messageId: theirs.id,
      deletedForEveryone: false,
    });
    const seenBy = async (user: TestUser) => {
      const page = await server.http
        .get(`${base}/conversation/${mine.conversationId}/messages`)
        .set(user.auth)
        .expect(200);
      return page.body.data as { id: string; message: string; isDeleted: boolean }[];
    };
    expect((await seenBy(bob)).find(({ id }) => id === mine.id)).toMatchObject({
      message: '',
      isDeleted: true,
    });
    expect((await seenBy(bob)).some(({ id }) => id === theirs.id)).toBe(false);
    expect((await seenBy(alice)).find(({ id }) => id === theirs.id)).toMatchObject({
      message: 'Bob does not want to see this',
    });
  });

  it('shows a stranger nothing: not found, as if it were not there', async () => {
    const { data } = await send(alice, bob, 'secret');
    for (const [method, path] of [
      ['get', `/conversation/${data.conversationId}/messages`],
      ['put', `/conversation/${data.conversationId}/read`],
      ['put', `/message/${data.id}/read`],
      ['delete', `/message/${data.id}`],
    ] as const) {
      const response = await server.http[method](`${base}${path}`).set(eve.auth);
      expect([path, response.status, response.body.code]).toEqual([path, 404, 'NOT_FOUND']);
    }
  });

  it('leaves a chat closed that waits for consent, or was refused', async () => {
    const [carol, dave] = [await registerUser(server), await registerUser(server)];
    const opened = await server.http
      .post('/api/chats/or-create')
      .set(carol.auth)
      .send({ recipientId: dave.id })
      .expect(201);
    const { id } = (opened.body as { data: { id: string } }).data;
    const refused = () =>
      server.http
        .post(`${base}/send`)
        .set(carol.auth)
        .send({ receiverId: dave.id, message: 'let me in' })
        .expect(403);
    expect(await conversationOf(carol, dave)).toBe(id);
    expect((await refused()).body).toMatchObject({ code: 'CHAT_NOT_ACCEPTED' });
    await server.http.post(`/api/chats/${id}/reject`).set(dave.auth).expect(200);
    expect(await conversationOf(carol, dave)).toBe(id);
    expect((await refused()).body).toMatchObject({ code: 'CHAT_NOT_ACCEPTED' });
  });

  it('shares one chat with the native endpoints', async () => {
    const [carol, dave] = [await registerUser(server), await registerUser(server)];
    const chatId = await openChatBetween(server, carol, dave);
    expect(await conversationOf(carol, dave)).toBe(chatId);
  });
});

describe('the v0 dialect where every chat needs consent', () => {
  it('opens a request instead of a conversation', async () => {
    const server = await startServer({ env: { CHAT_REQUESTS: 'required' } });
    const [alice, bob] = [await registerUser(server), await registerUser(server)];
    const opened = await server.http
      .get(`${base}/conversation/${bob.id}`)
      .set(alice.auth)
      .expect(200);
    expect(opened.body.data).toMatchObject({ status: 'pending' });
    await server.close();
  });
});
