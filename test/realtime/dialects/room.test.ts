import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestServer } from '../../support/server.js';
import { openDirectChat, registerUser, startServer } from '../../support/server.js';
import { TestSocket, settled } from '../../support/socket.js';

const UNKNOWN_ID = '0123456789abcdef01234567';

describe('the room dialect over a socket', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(async () => {
    await server.close();
  });

  const roomName = () => `room-${randomUUID().slice(0, 8)}`;
  const connect = async () => {
    const user = await registerUser(server);
    return { user, socket: await TestSocket.connect(server, user) };
  };
  /** Two people who have joined a new room. */
  const joined = async () => {
    const room = roomName();
    const [a, b] = await Promise.all([connect(), connect()]);
    await a.socket.command('join-room', { room });
    await b.socket.command('join-room', { room });
    return { room, a, b };
  };

  it('has a general room from the start, that a bare name joins', async () => {
    const { user, socket } = await connect();
    const ack = await socket.command('join-room', 'general');
    expect(ack).toMatchObject({ ok: true, data: { room: 'general' } });
    expect(await socket.next('online-users')).toMatchObject({
      room: 'general',
      users: expect.arrayContaining([
        expect.objectContaining({ userId: user.id, username: user.username, status: 'online' }),
      ]),
    });
    socket.close();
  });

  it('makes a room with the first join, and tells the others who comes and goes', async () => {
    const { room, a, b } = await joined();
    expect(await a.socket.next('user-online', (payload) => payload.room === room)).toEqual({
      userId: b.user.id,
      room,
    });
    const list = await a.socket.command<{ count: number }>('online-users', { room });
    expect(list.data.count).toBe(2);
    await b.socket.command('leave-room', { room });
    expect(await a.socket.next('user-offline', (payload) => payload.room === room)).toEqual({
      userId: b.user.id,
      room,
    });
    a.socket.close();
    b.socket.close();
  });

  it('sends to a room by its name: everybody in it hears new-message', async () => {
    const { room, a, b } = await joined();
    const ack = await a.socket.command('send-message', { room, content: 'Hello room' });
    expect(ack).toMatchObject({ ok: true, data: { room, content: 'Hello room' } });
    for (const { socket } of [a, b]) {
      expect(await socket.next('new-message')).toMatchObject({
        room,
        content: 'Hello room',
        messageType: 'text',
        senderId: a.user.id,
        sender: { username: a.user.username },
        createdAt: expect.stringMatching(/Z$/),
      });
      socket.close();
    }
  });

  it('tells nothing to those who have not joined, nor to those who have left', async () => {
    const { room, a, b } = await joined();
    const stranger = await connect();
    await b.socket.command('leave-room', room);
    await a.socket.command('send-message', { room, content: 'only for members' });
    await a.socket.command('typing-start', { room });
    await settled(b.socket, stranger.socket);
    for (const { socket } of [b, stranger]) {
      expect(socket.count('new-message')).toBe(0);
      expect(socket.count('user-typing')).toBe(0);
      expect(await socket.command('typing-start', { room })).toMatchObject({
        ok: false,
        error: { code: 'NOT_FOUND' },
      });
      expect(await socket.command('online-users', { room })).toMatchObject({
        ok: false,
        error: { code: 'NOT_FOUND' },
      });
    }
    for (const { socket } of [a, b, stranger]) socket.close();
  });

  it('lets anybody read and post over REST; the first post joins', async () => {
    const { room, a, b } = await joined();
    const { user: carol, socket } = await connect();
    await a.socket.command('send-message', { room, content: 'before Carol' });
    const page = await server.http.get(`/api/messages?room=${room}`).set(carol.auth).expect(200);
    expect(page.body.data).toMatchObject([{ content: 'before Carol' }]);
    expect(socket.count('new-message')).toBe(0);
    const { id } = (page.body as { data: [{ id: string }] }).data[0];
    const takePart = async () => [
      (await server.http.post(`/api/messages/${id}/read`).set(carol.auth)).status,
      (await server.http.post(`/api/messages/${id}/react`).set(carol.auth).send({ emoji: '👍' }))
        .status,
    ];
    expect(await takePart()).toEqual([404, 404]);

    await server.http
      .post('/api/messages')
      .set(carol.auth)
      .send({ room, content: 'Carol is here' })
      .expect(201);
    expect(
      await b.socket.next('new-message', ({ content }) => content === 'Carol is here'),
    ).toMatchObject({ senderId: carol.id });
    await a.socket.command('send-message', { room, content: 'Welcome' });
    expect(await socket.next('new-message', ({ content }) => content === 'Welcome')).toMatchObject({
      room,
    });
    expect(await takePart()).toEqual([200, 200]);
    for (const one of [a.socket, b.socket, socket]) one.close();
  });

  it('shows typing and confirms reading', async () => {
    const { room, a, b } = await joined();
    await a.socket.command('typing-start', { room });
    expect(await b.socket.next('user-typing')).toMatchObject({
      room,
      userId: a.user.id,
      username: a.user.username,
      isTyping: true,
    });
    await a.socket.command('typing-stop', room);
    expect(await b.socket.next('user-typing', ({ isTyping }) => isTyping === false)).toMatchObject({
      room,
    });
    const { data } = await a.socket.command<{ id: string }>('send-message', {
      room,
      content: 'read me',
    });
    await b.socket.command('message-read', { messageId: data.id });
    expect(await a.socket.next('message-read-receipt')).toMatchObject({
      room,
      messageId: data.id,
      userId: b.user.id,
    });
    a.socket.close();
    b.socket.close();
  });

  it('reaches any chat by its id, and shows a status to those who share one', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const a = await TestSocket.connect(server, alice);
    const b = await TestSocket.connect(server, bob);
    await a.command('send-message', { room: chatId, content: 'between us' });
    expect(await b.next('new-message')).toMatchObject({ room: chatId, content: 'between us' });

    for (const status of ['away', 'busy', 'offline', 'online']) {
      expect(await a.command('user-status', { status })).toMatchObject({ ok: true });
      expect(
        await b.next('user-status-update', (payload) => payload.status === status),
      ).toMatchObject({ userId: alice.id, isOnline: status !== 'offline' });
      b.clear();
    }
    a.close();
    b.close();
  });

  it('keeps chats by id from people who are not in them', async () => {
    const { alice, chatId } = await openDirectChat(server);
    const { socket } = await connect();
    for (const [event, payload] of [
      ['join-room', chatId],
      ['join-room', chatId.toUpperCase()],
      ['leave-room', { room: chatId }],
      ['send-message', { room: chatId, content: 'x' }],
      ['typing-start', { room: chatId }],
      ['typing-stop', { room: chatId }],
      ['online-users', { room: chatId }],
    ] as const) {
      expect([event, await socket.command(event, payload)]).toMatchObject([
        event,
        { ok: false, error: { code: 'NOT_FOUND' } },
      ]);
    }
    for (const method of ['get', 'post'] as const) {
      const call = server.http[method]('/api/messages').set((await connect()).user.auth);
      await (
        method === 'get' ? call.query({ room: chatId }) : call.send({ room: chatId, content: 'x' })
      ).expect(404);
    }
    const page = await server.http
      .get('/api/messages')
      .query({ room: chatId })
      .set(alice.auth)
      .expect(200);
    expect(page.body.data).toEqual([]);
    socket.close();
  });

  it.each<[string, unknown]>([
    ['join-room', null],
    ['join-room', { room: '' }],
    ['join-room', { room: '../etc' }],
    ['join-room', { room: { $ne: null } }],
    ['join-room', 'x'.repeat(65)],
    ['join-room', 7],
    ['leave-room', {}],
    ['send-message', { room: 'general' }],
    ['send-message', { room: 'general', content: '  ' }],
    ['send-message', { content: 'no room' }],
    ['send-message', { room: 'general', content: 'x', seq: 1 }],
    ['typing-start', ['general']],
    ['typing-stop', { room: 1 }],
    ['message-read', {}],
    ['message-read', { messageId: 'x' }],
    ['user-status', 'asleep'],
    ['user-status', { status: null }],
    ['online-users', {}],
  ])('refuses %s %j', async (event, payload) => {
    const { socket } = await connect();
    expect(await socket.command(event, payload)).toMatchObject({
      ok: false,
      error: { code: 'VALIDATION' },
    });
    expect(await socket.next('error')).toMatchObject({ code: 'VALIDATION', event });
    socket.close();
  });

  it('answers for rooms and messages that do not exist', async () => {
    const { socket } = await connect();
    for (const [event, payload] of [
      ['leave-room', roomName()],
      ['typing-start', roomName()],
      ['message-read', { messageId: UNKNOWN_ID }],
      ['join-room', UNKNOWN_ID],
    ] as const) {
      expect([event, await socket.command(event, payload)]).toMatchObject([
        event,
        { ok: false, error: { code: 'NOT_FOUND' } },
      ]);
    }
    socket.close();
  });
});
