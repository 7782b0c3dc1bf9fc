import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { channels } from '../../../src/transport/socket/channels.js';
import { eventually } from '../../support/eventually.js';
import type { TestServer } from '../../support/server.js';
import { registerUser, startServer } from '../../support/server.js';
import { TestSocket, settled } from '../../support/socket.js';

const UNKNOWN_ID = '0123456789abcdef01234567';

describe('the conversation dialect over a socket', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(async () => {
    await server.close();
  });

  const pair = async () => {
    const [alice, bob] = await Promise.all([registerUser(server), registerUser(server)]);
    const opened = await server.http
      .get(`/api/chat/conversation/${bob.id}`)
      .set(alice.auth)
      .expect(200);
    const conversationId = (opened.body as { data: { _id: string } }).data._id;
    const a = await TestSocket.connect(server, alice);
    const b = await TestSocket.connect(server, bob);
    const send = (text: string) =>
      a.command<{ _id: string }>('send:message', { conversationId, text, messageType: 'text' });
    return { alice, bob, conversationId, a, b, send };
  };

  it('sends: new:message to everybody in it, message:sent to the sender', async () => {
    const { alice, conversationId, a, b, send } = await pair();
    await a.command('join:conversation', { conversationId });
    const { data } = await send('Hello!');
    const shown = {
      message: {
        _id: data._id,
        conversationId,
        senderId: { _id: alice.id, firstName: '', lastName: '', profileImage: null },
        text: 'Hello!',
        media: [],
        messageType: 'text',
        status: 'sent',
        replyTo: null,
      },
    };
    expect(await b.next('new:message')).toMatchObject(shown);
    expect(await a.next('new:message')).toMatchObject(shown);
    expect(await a.next('message:sent')).toMatchObject({ messageId: data._id, conversationId });
    a.close();
    b.close();
  });

  it('sends media as the sample does, by an https address of elsewhere', async () => {
    const { conversationId, a, b, send } = await pair();
    const { data: first } = await send('What I answer');
    const image = {
      url: 'https://example.com/image.jpg',
      type: 'image',
      filename: 'image.jpg',
      size: 1024000,
    };
    const sent = await a.command<{ _id: string }>('send:message', {
      conversationId,
      text: 'Hello!',
      media: [image],
      messageType: 'text',
      replyTo: first._id,
    });
    expect(sent.ok).toBe(true);
    expect(
      await b.next(
        'new:message',
        ({ message }) => (message as { _id: string })._id === sent.data._id,
      ),
    ).toMatchObject({
      message: { text: 'Hello!', media: [{ ...image, external: true }], replyTo: first._id },
    });
    const alone = await a.command('send:message', { conversationId, media: [image] });
    expect(alone).toMatchObject({ ok: true, data: { text: null, messageType: 'image' } });
    for (const url of ['javascript:alert(1)', 'data:text/html,x', 'http://example.com/a.jpg']) {
      const refused = await a.command('send:message', {
        conversationId,
        media: [{ ...image, url }],
      });
      expect([url, refused]).toMatchObject([url, { ok: false, error: { code: 'VALIDATION' } }]);
    }
    a.close();
    b.close();
  });

  it('goes from sent to delivered to read', async () => {
    const { alice, bob, conversationId, a, b, send } = await pair();
    const { data } = await send('Hello!');
    expect(await a.next('message:delivered')).toMatchObject({
      messageId: data._id,
      conversationId,
      deliveredTo: bob.id,
    });
    const messages = () =>
      server.http.get(`/api/chat/conversation/${conversationId}/messages`).set(alice.auth);
    expect((await messages()).body.data).toMatchObject([{ status: 'delivered' }]);
    await b.command('message:read', { messageIds: [data._id], conversationId });
    expect(await a.next('messages:read')).toMatchObject({
      messageIds: [data._id],
      readBy: bob.id,
      conversationId,
    });
    expect((await messages()).body.data).toMatchObject([{ status: 'read' }]);
    a.close();
    b.close();
  });

  it('delivers to somebody who was offline when they fetch, and does not read for them', async () => {
    const { alice, bob, conversationId, a, b, send } = await pair();
    b.close();
    const { registry } = server.app.sockets;
    await eventually(() => registry.countIn(channels.user(bob.id)) === 0);
    const { data } = await send('while you were away');
    expect(a.count('message:delivered')).toBe(0);
    await server.http
      .get(`/api/chat/conversation/${conversationId}/messages?page=1&limit=50`)
      .set(bob.auth)
      .expect(200);
    expect(await a.next('message:delivered')).toMatchObject({ messageId: data._id });
    const list = await server.http.get('/api/chat/conversations').set(alice.auth).expect(200);
    expect(list.body.data).toMatchObject([{ lastMessage: { status: 'delivered' } }]);
    const unread = await server.http.get('/api/chat/unread-count').set(bob.auth).expect(200);
    expect(unread.body).toEqual({ success: true, data: { unreadCount: 1 } });
    a.close();
  });

  it('shows typing to the other side by userId', async () => {
    const { alice, conversationId, a, b } = await pair();
    await a.command('typing:start', { conversationId });
    expect(await b.next('typing:start')).toMatchObject({ userId: alice.id, conversationId });
    await a.command('typing:stop', { conversationId });
    expect(await b.next('typing:stop')).toMatchObject({ userId: alice.id, conversationId });
    a.close();
    b.close();
  });

  it('lets only participants join, send, type and read', async () => {
    const { conversationId, a, b } = await pair();
    const eve = await TestSocket.connect(server, await registerUser(server));
    for (const [event, payload] of [
      ['join:conversation', { conversationId }],
      ['send:message', { conversationId, text: 'x' }],
      ['typing:start', { conversationId }],
      ['typing:stop', { conversationId }],
      ['message:read', { conversationId }],
    ] as const) {
      expect([event, await eve.command(event, payload)]).toMatchObject([
        event,
        { ok: false, error: { code: 'NOT_FOUND' } },
      ]);
    }
    await settled(a, b);
    expect(b.count('new:message')).toBe(0);
    for (const socket of [a, b, eve]) socket.close();
  });

  it.each<[string, unknown]>([
    ['send:message', { conversationId: UNKNOWN_ID }],
    ['send:message', { conversationId: UNKNOWN_ID, text: '', media: [] }],
    ['send:message', { conversationId: UNKNOWN_ID, text: ' ' }],
    ['send:message', { conversationId: 'x', text: 'x' }],
    ['send:message', { conversationId: UNKNOWN_ID, text: 'x', status: 'read' }],
    ['send:message', { conversationId: UNKNOWN_ID, media: [{ type: 'image' }] }],
    ['send:message', [UNKNOWN_ID, 'x']],
    ['join:conversation', null],
    ['join:conversation', { conversationId: { $gt: '' } }],
    ['leave:conversation', {}],
    ['typing:start', UNKNOWN_ID],
    ['typing:stop', { conversationId: 1 }],
    ['message:read', { messageIds: [UNKNOWN_ID] }],
    ['message:read', { conversationId: UNKNOWN_ID, messageIds: ['x'] }],
  ])('refuses %s %j', async (event, payload) => {
    const socket = await TestSocket.connect(server, await registerUser(server));
    expect(await socket.command(event, payload)).toMatchObject({
      ok: false,
      error: { code: 'VALIDATION' },
    });
    expect(await socket.next('error')).toMatchObject({ code: 'VALIDATION', event });
    socket.close();
  });
});
