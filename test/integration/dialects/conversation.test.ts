import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestServer, TestUser } from '../../support/server.js';
import { registerUser, startServer } from '../../support/server.js';

const UNKNOWN_ID = '0123456789abcdef01234567';
const base = '/api/chat';

describe('the conversation dialect over REST', () => {
  let server: TestServer;
  let alice: TestUser;
  let bob: TestUser;
  let eve: TestUser;
  let conversationId: string;
  beforeAll(async () => {
    server = await startServer();
    [alice, bob, eve] = await Promise.all([
      registerUser(server),
      registerUser(server),
      registerUser(server),
    ]);
    const opened = await server.http
      .get(`${base}/conversation/${bob.id}`)
      .set(alice.auth)
      .expect(200);
    conversationId = (opened.body as { data: { _id: string } }).data._id;
  });
  afterAll(async () => {
    await server.close();
  });

  const send = async (by: TestUser, text: string, more: object = {}) => {
    const response = await server.http
      .post(`${base}/message`)
      .set(by.auth)
      .send({ conversationId, text, messageType: 'text', ...more })
      .expect(201);
    return (response.body as { data: { _id: string } }).data._id;
  };
  const messagesOf = async (user: TestUser) => {
    const page = await server.http
      .get(`${base}/conversation/${conversationId}/messages`)
      .set(user.auth)
      .expect(200);
    return page.body.data as { _id: string; text: string | null; deletedAt: string | null }[];
  };

  it.each<['get' | 'post' | 'delete', string]>([
    ['get', '/conversations'],
    ['get', '/unread-count'],
    ['get', `/conversation/${UNKNOWN_ID}`],
    ['get', `/conversation/${UNKNOWN_ID}/messages`],
    ['post', '/message'],
    ['post', '/messages/read'],
    ['delete', `/message/${UNKNOWN_ID}`],
  ])('%s %s requires authentication', async (method, path) => {
    const response = await server.http[method](`${base}${path}`).expect(401);
    expect(response.body).toMatchObject({ success: false, code: 'UNAUTHENTICATED' });
  });

  it('lists conversations as the sample shows them', async () => {
    const messageId = await send(bob, 'Hello!');
    const list = await server.http.get(`${base}/conversations`).set(alice.auth).expect(200);
    const person = {
      _id: expect.any(String),
      firstName: expect.any(String),
      lastName: expect.any(String),
      name: expect.any(String),
      profileImage: null,
      isOnline: false,
      lastSeen: null,
    };
    expect(list.body).toMatchObject({
      success: true,
      data: [
        {
          _id: conversationId,
          participants: [person, person],
          isGroup: false,
          lastMessage: {
            _id: messageId,
            text: 'Hello!',
            senderId: { _id: bob.id },
            status: 'sent',
            createdAt: expect.stringMatching(/Z$/),
          },
          lastMessageAt: expect.stringMatching(/Z$/),
          createdAt: expect.stringMatching(/Z$/),
          updatedAt: expect.stringMatching(/Z$/),
        },
      ],
    });
  });

  it('lists messages as the sample shows them, page 1 the newest', async () => {
    const first = await send(alice, 'A question?');
    const second = await send(bob, 'An answer.', { replyTo: first });
    const page = await server.http
      .get(`${base}/conversation/${conversationId}/messages?page=1&limit=2`)
      .set(alice.auth)
      .expect(200);
    expect(page.body).toMatchObject({
      success: true,
      data: [
        {
          _id: first,
          conversationId,
          senderId: { _id: alice.id, firstName: '', lastName: '', profileImage: null },
          text: 'A question?',
          media: [],
          messageType: 'text',
          replyTo: null,
          createdAt: expect.stringMatching(/Z$/),
        },
        { _id: second, replyTo: first, senderId: { _id: bob.id } },
      ],
      pagination: { page: 1, limit: 2, total: expect.any(Number) },
    });
  });

  it('reads some messages, then all', async () => {
    await server.http
      .post(`${base}/messages/read`)
      .set(bob.auth)
      .send({ conversationId })
      .expect(200);
    const first = await send(alice, 'one');
    await send(alice, 'two');
    const unread = async () =>
      (await server.http.get(`${base}/unread-count`).set(bob.auth).expect(200)).body as unknown;
    expect(await unread()).toEqual({ success: true, data: { unreadCount: 2 } });
    const read = (body: object) =>
      server.http.post(`${base}/messages/read`).set(bob.auth).send(body).expect(200);
    await read({ conversationId, messageIds: [first] });
    expect(await unread()).toEqual({ success: true, data: { unreadCount: 1 } });
    await read({ conversationId });
    expect(await unread()).toEqual({ success: true, data: { unreadCount: 0 } });
  });

  it('deletes for me alone unless told, and for everyone only what I sent', async () => {
    const messageId = await send(alice, 'delete me');
    const remove = (by: TestUser, body?: object) =>
      server.http.delete(`${base}/message/${messageId}`).set(by.auth).send(body);
    const refused = await remove(bob, { deleteForEveryone: true }).expect(403);
    expect(refused.body).toMatchObject({ success: false, code: 'FORBIDDEN' });

    expect((await remove(bob).expect(200)).body.data).toMatchObject({
      messageId,
      deletedForEveryone: false,
    });
    expect((await messagesOf(bob)).some(({ _id }) => _id === messageId)).toBe(false);
    expect((await messagesOf(alice)).find(({ _id }) => _id === messageId)?.text).toBe('delete me');

    await remove(alice, { deleteForEveryone: true }).expect(200);
    expect((await messagesOf(alice)).find(({ _id }) => _id === messageId)).toMatchObject({
      text: null,
      deletedAt: expect.stringMatching(/Z$/),
    });
  });

  it('shows a stranger nothing: not found, as if it were not there', async () => {
    const messageId = await send(alice, 'secret');
    for (const [method, path, body] of [
      ['get', `/conversation/${conversationId}/messages`, undefined],
      ['post', '/message', { conversationId, text: 'x' }],
      ['post', '/messages/read', { conversationId }],
      ['delete', `/message/${messageId}`, { deleteForEveryone: false }],
    ] as const) {
      const response = await server.http[method](`${base}${path}`).set(eve.auth).send(body);
      expect([path, response.status, response.body.code]).toEqual([path, 404, 'NOT_FOUND']);
    }
  });

  it.each<[string, object]>([
    ['nothing to say', {}],
    ['an empty text and no media', { text: '', media: [] }],
    ['white space', { text: ' \n ' }],
    ['a type there is none of', { text: 'x', messageType: 'system' }],
    ['an unknown field', { text: 'x', status: 'read' }],
    ['media without an address', { media: [{ type: 'image' }] }],
  ])('refuses a message with %s', async (_what, body) => {
    const response = await server.http
      .post(`${base}/message`)
      .set(alice.auth)
      .send({ conversationId, ...body })
      .expect(400);
    expect(response.body).toMatchObject({ success: false, code: 'VALIDATION' });
  });
});
