import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { io } from 'socket.io-client';
import { audiences } from '../../src/shared/audience.js';
import type { TestServer } from '../support/server.js';
import { openChatBetween, openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket, settled } from '../support/socket.js';

describe('the gateway', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ env: { TYPING_EXPIRES_MS: '300', PRESENCE_GRACE_MS: '50' } });
  });
  afterAll(async () => {
    await server.close();
  });

  const pair = async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const a = await TestSocket.connect(server, alice);
    const b = await TestSocket.connect(server, bob);
    const close = () => {
      a.close();
      b.close();
    };
    return { alice, bob, chatId, a, b, close };
  };

  it('takes the token from the Authorization header too', async () => {
    const alice = await registerUser(server);
    const socket = io(server.url, {
      extraHeaders: alice.auth,
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
    });
    await new Promise((resolve, reject) => {
      socket.once('connect', () => {
        resolve(undefined);
      });
      socket.once('connect_error', reject);
    });
    expect(socket.connected).toBe(true);
    socket.disconnect();
  });

  it("gives a message to the sender's other devices", async () => {
    const { alice, chatId, a, close } = await pair();
    const phone = await TestSocket.connect(server, alice);
    await phone.command('join_chat', { chatId });
    await a.command('send_message', { chatId, content: 'from the laptop' });
    expect(await phone.next('message_received')).toMatchObject({ content: 'from the laptop' });
    phone.close();
    close();
  });

  it('counts, per person, what is unread, and starts again after reading', async () => {
    const { chatId, a, b, close } = await pair();
    for (const content of ['1', '2', '3']) await a.command('send_message', { chatId, content });
    await b.next('unread_message', ({ unreadCount }) => unreadCount === 3);
    await b.command('mark_as_read', { chatId, seq: 2 });
    await a.command('send_message', { chatId, content: '4' });
    const isFourth = ({ message }: Record<string, unknown>) => {
      return (message as { seq: number }).seq === 4;
    };
    expect(await b.next('unread_message', isFourth)).toMatchObject({ unreadCount: 2 });
    close();
  });

  it('lets a position only move forward', async () => {
    const { chatId, a, b, close } = await pair();
    for (const content of ['1', '2', '3']) await a.command('send_message', { chatId, content });
    const far = await b.command('mark_as_read', { chatId });
    expect(far.data).toMatchObject({ lastReadSeq: 3 });
    const back = await b.command('mark_as_read', { chatId, seq: 1 });
    expect(back.data).toMatchObject({ lastReadSeq: 3 });
    await settled(a, b);
    expect(a.heard.filter(({ event }) => event === 'messages_read')).toHaveLength(1);
    close();
  });

  it('shows typing to the other, never to oneself, and ends it by itself', async () => {
    const { alice, chatId, a, b, close } = await pair();
    await a.command('typing', { chatId });
    expect(await b.next('user_typing')).toMatchObject({ chatId, userId: alice.id, isTyping: true });
    expect(await b.next('user_stop_typing')).toMatchObject({ chatId, userId: alice.id });
    await a.command('typing', { chatId });
    await a.command('stop_typing', { chatId });
    await settled(a, b);
    expect(b.count('user_stop_typing')).toBe(2);
    expect(a.count('user_typing')).toBe(0);
    close();
  });

  it('ends typing when the message is sent', async () => {
    const { chatId, a, b, close } = await pair();
    await a.command('typing', { chatId });
    await b.next('user_typing');
    await a.command('send_message', { chatId, content: 'done typing' });
    expect(await b.next('user_stop_typing')).toMatchObject({ chatId });
    close();
  });

  it('tells those who look at a chat who else comes and goes', async () => {
    const { bob, chatId, a, b, close } = await pair();
    await a.command('join_chat', { chatId });
    await b.command('join_chat', { chatId });
    expect(await a.next('user_online')).toEqual({ chatId, userId: bob.id });
    await b.command('leave_chat', { chatId });
    expect(await a.next('user_offline')).toEqual({ chatId, userId: bob.id });
    a.clear();
    await b.command('join_chat', { chatId });
    b.close();
    expect(await a.next('user_offline')).toEqual({ chatId, userId: bob.id });
    close();
  });

  it('tells those who look at a crowded chat how many do', async () => {
    const { chatId, a, b, close } = await pair();
    await a.command('join_chat', { chatId });
    server.app.bus.emit(
      'viewers.changed',
      { chatId, count: 212, audience: audiences.viewers(chatId) },
      { scope: 'node' },
    );
    expect(await a.next('viewers_changed')).toEqual({ chatId, count: 212 });
    await settled(b);
    expect(b.count('viewers_changed')).toBe(0);
    close();
  });

  it('tells people with a shared chat, and nobody else, who is here', async () => {
    const { alice, bob, a, b, close } = await pair();
    const stranger = await TestSocket.connect(server, await registerUser(server));
    b.close();
    await a.next('presence_changed', ({ userId, status }) => {
      return userId === bob.id && status === 'offline';
    });
    const active = await server.http.get('/api/chats/active').set(alice.auth).expect(200);
    expect(active.body.data[0].otherUser).toMatchObject({ isOnline: false });
    await settled(stranger);
    expect(stranger.count('presence_changed')).toBe(0);
    stranger.close();
    close();
  });

  it('tells nothing of a chat to somebody who is no member', async () => {
    const { chatId, a, close } = await pair();
    const stranger = await TestSocket.connect(server, await registerUser(server));
    const joined = await stranger.command('join_chat', { chatId });
    expect(joined).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
    await a.command('join_chat', { chatId });
    await a.command('send_message', { chatId, content: 'secret' });
    await a.command('typing', { chatId });
    await settled(a, stranger);
    expect(stranger.heard.map(({ event }) => event).filter((name) => name !== 'error')).toEqual([]);
    stranger.close();
    close();
  });

  it('keeps a pending chat closed until its recipient accepts', async () => {
    const [alice, bob] = [await registerUser(server), await registerUser(server)];
    const opened = await server.http
      .post('/api/chats/or-create')
      .set(alice.auth)
      .send({ recipientId: bob.id })
      .expect(201);
    const chatId = (opened.body as { data: { id: string } }).data.id;
    const a = await TestSocket.connect(server, alice);
    const refused = await a.command('send_message', { chatId, content: 'too early' });
    expect(refused).toMatchObject({ ok: false, error: { code: 'CHAT_NOT_ACCEPTED' } });
    await server.http.post(`/api/chats/${chatId}/accept`).set(alice.auth).expect(403);
    await server.http.post(`/api/chats/${chatId}/accept`).set(bob.auth).expect(200);
    const sent = await a.command('send_message', { chatId, content: 'now' });
    expect(sent).toMatchObject({ ok: true, data: { seq: 1 } });
    a.close();
  });

  it('refuses a reply to a message of another chat', async () => {
    const { alice, chatId, a, close } = await pair();
    const elsewhere = await openChatBetween(server, alice, await registerUser(server));
    const other = await a.command<{ id: string }>('send_message', {
      chatId: elsewhere,
      content: 'elsewhere',
    });
    const refused = await a.command('send_message', {
      chatId,
      content: 'a reply',
      replyTo: other.data.id,
    });
    expect(refused).toMatchObject({
      ok: false,
      error: { code: 'VALIDATION', errors: [{ path: 'replyTo' }] },
    });
    const own = await a.command<{ id: string }>('send_message', { chatId, content: 'first' });
    const reply = await a.command('send_message', {
      chatId,
      content: 'a reply',
      replyTo: own.data.id,
    });
    expect(reply.data).toMatchObject({ replyTo: own.data.id, replyToSeq: 1 });
    close();
  });

  it('closes the sockets of a login that ends, and only those', async () => {
    const { alice, a, close } = await pair();
    const login = await server.http
      .post('/api/auth/login')
      .send({ username: alice.username, password: 'test123' })
      .expect(200);
    const phone = await TestSocket.connect(server, login.body.data as { token: string });
    await server.http.post('/api/auth/logout').set(alice.auth).expect(200);
    await a.closed();
    expect(phone.raw.connected).toBe(true);
    await server.http
      .post('/api/auth/logout-all')
      .set({ Authorization: `Bearer ${(login.body.data as { token: string }).token}` })
      .expect(200);
    await phone.closed();
    close();
  });

  it('limits a socket that floods it, and ends one that does not stop', async () => {
    const limited = await startServer({ env: { RATE_LIMIT_EVENTS_PER_SECOND: '5' } });
    const socket = await TestSocket.connect(limited, await registerUser(limited));
    const acks = await Promise.all(
      Array.from({ length: 30 }, () => socket.command('leave_chat', { chatId: '0'.repeat(24) })),
    );
    expect(acks.some(({ ok }) => ok)).toBe(true);
    expect(acks.find(({ ok }) => !ok)?.error).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfter: 1,
    });
    const closed = socket.closed();
    for (let i = 0; i < 200; i++) socket.raw.emit('leave_chat', {});
    await closed;
    await limited.close();
  });

  it('counts messages per user over sockets and REST, and says when to try again', async () => {
    const limited = await startServer({ env: { RATE_LIMIT_MESSAGES_PER_MINUTE: '3' } });
    const { alice, chatId } = await openDirectChat(limited);
    const socket = await TestSocket.connect(limited, alice);
    for (const content of ['1', '2']) await socket.command('send_message', { chatId, content });
    const send = (content: string) =>
      limited.http
        .post('/api/messages')
        .set(alice.auth)
        .send({ chatId, content, clientMessageId: content });
    await send('3').expect(201);
    const refused = await socket.command('send_message', { chatId, content: '4' });
    expect(refused.error).toMatchObject({ code: 'RATE_LIMITED', retryAfter: expect.any(Number) });
    const byRest = await send('5').expect(429);
    expect(byRest.headers['retry-after']).toMatch(/^\d+$/);
    expect(byRest.body).toMatchObject({ code: 'RATE_LIMITED', retryAfter: expect.any(Number) });
    // A retry of what was sent costs nothing.
    await send('3').expect(200);
    socket.close();
    await limited.close();
  });
});
