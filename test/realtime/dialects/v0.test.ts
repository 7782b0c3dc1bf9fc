import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestServer } from '../../support/server.js';
import { registerUser, startServer } from '../../support/server.js';
import { TestSocket, settled } from '../../support/socket.js';

describe('the v0 dialect over a socket', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(async () => {
    await server.close();
  });

  const pair = async () => {
    const [alice, bob] = await Promise.all([registerUser(server), registerUser(server)]);
    const a = await TestSocket.connect(server, alice);
    const b = await TestSocket.connect(server, bob);
    const send = (receiverId: string, message: string, more: object = {}) =>
      a.command<{ id: string; conversationId: string }>('send_message', {
        receiverId,
        message,
        messageType: 'text',
        ...more,
      });
    return { alice, bob, a, b, send };
  };

  it('sends to a person: new_message on both sides, message_sent to the sender', async () => {
    const { alice, bob, a, b, send } = await pair();

    const first = await send(bob.id, 'Hello!');
    const answer = await send(bob.id, 'Hello again', { replyTo: first.data.id });

    expect(answer.ok).toBe(true);
    const shown = {
      success: true,
      data: {
        _id: answer.data.id,
        message: 'Hello again',
        messageType: 'text',
        replyTo: first.data.id,
        senderId: alice.id,
        senderName: alice.username,
        sender: { _id: alice.id, username: alice.username },
        receiverId: bob.id,
        conversationId: answer.data.conversationId,
        status: 'sent',
        isRead: false,
        seq: 2,
      },
    };
    const isAnswer = (payload: Record<string, unknown>) =>
      (payload.data as { seq: number }).seq === 2;
    expect(await b.next('new_message', isAnswer)).toMatchObject(shown);
    expect(await a.next('new_message', isAnswer)).toMatchObject(shown);
    expect(await a.next('message_sent', isAnswer)).toMatchObject(shown);
    expect(b.count('message_sent')).toBe(0);
    a.close();
    b.close();
  });

  it('sends without an ack: the sample code does not ask for one', async () => {
    const { bob, a, b } = await pair();
    a.raw.emit('send_message', { receiverId: bob.id, message: 'Hello!', messageType: 'text' });
    expect(await b.next('new_message')).toMatchObject({ data: { message: 'Hello!' } });
    a.close();
    b.close();
  });

  it('shows who types by name, and that they have stopped', async () => {
    const { alice, bob, a, b, send } = await pair();
    await send(bob.id, 'opens the chat');

    await a.command('typing_start', { receiverId: bob.id });
    expect(await b.next('user_typing', ({ isTyping }) => isTyping === true)).toMatchObject({
      senderId: alice.id,
      senderName: alice.username,
    });
    await a.command('typing_stop', { receiverId: bob.id });
    expect(await b.next('user_typing', ({ isTyping }) => isTyping === false)).toMatchObject({
      senderId: alice.id,
    });
    await settled(a);
    expect(a.count('user_typing')).toBe(0);
    a.close();
    b.close();
  });

  it('tells nobody of typing before there is a chat, and opens none', async () => {
    const { alice, bob, a, b } = await pair();
    expect(await a.command('typing_start', { receiverId: bob.id })).toMatchObject({ ok: true });
    await settled(b);
    expect(b.count('user_typing')).toBe(0);
    const list = await server.http.get('/api/v0/chat/conversations').set(alice.auth).expect(200);
    expect(list.body.data).toEqual([]);
    a.close();
    b.close();
  });

  it('tells the sender that a message was read', async () => {
    const { bob, a, b, send } = await pair();
    const { data } = await send(bob.id, 'read me');
    await b.command('mark_message_read', { messageId: data.id });
    expect(await a.next('message_read')).toMatchObject({
      messageId: data.id,
      messageIds: [data.id],
      conversationId: data.conversationId,
      readBy: bob.id,
    });
    a.close();
    b.close();
  });

  it('keeps messages from people who are not in the conversation', async () => {
    const { bob, a, b, send } = await pair();
    const eve = await TestSocket.connect(server, await registerUser(server));
    const { data } = await send(bob.id, 'secret');
    const refused = await eve.command('mark_message_read', { messageId: data.id });
    expect(refused).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
    await settled(eve);
    expect(eve.count('new_message')).toBe(0);
    for (const socket of [a, b, eve]) socket.close();
  });

  it.each<[string, unknown]>([
    ['send_message', { receiverId: 'nobody', message: 'x' }],
    ['send_message', { receiverId: '0123456789abcdef01234567' }],
    ['send_message', { receiverId: '0123456789abcdef01234567', message: '   ' }],
    ['send_message', { receiverId: { $ne: null }, message: 'x' }],
    ['send_message', { receiverId: '0123456789abcdef01234567', message: 'x', senderId: 'me' }],
    ['send_message', { receiverId: '0123456789abcdef01234567', message: 'x', messageType: 'sys' }],
    ['send_message', null],
    ['typing_start', {}],
    ['typing_start', 'text'],
    ['typing_stop', { receiverId: 7 }],
    ['mark_message_read', {}],
    ['mark_message_read', { messageId: ['0123456789abcdef01234567'] }],
  ])('refuses %s %j', async (event, payload) => {
    const socket = await TestSocket.connect(server, await registerUser(server));
    expect(await socket.command(event, payload)).toMatchObject({
      ok: false,
      error: { code: 'VALIDATION' },
    });
    expect(await socket.next('error')).toMatchObject({ code: 'VALIDATION', event });
    socket.close();
  });

  it('answers for a receiver that does not exist', async () => {
    const socket = await TestSocket.connect(server, await registerUser(server));
    const refused = await socket.command('send_message', {
      receiverId: '0123456789abcdef01234567',
      message: 'x',
    });
    expect(refused).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
    socket.close();
  });
});
