import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestServer } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

describe('two people chat', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(async () => {
    await server.close();
  });

  it('delivers to those who look at the chat, and notes to those who do not', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const a = await TestSocket.connect(server, alice);
    const b = await TestSocket.connect(server, bob);

    const first = await a.command('send_message', { chatId, content: 'Hello!' });
    expect(first).toMatchObject({ ok: true, data: { seq: 1, content: 'Hello!', chatId } });
    expect(await b.next('unread_message')).toMatchObject({
      chatId,
      unreadCount: 1,
      message: { content: 'Hello!', senderId: alice.id },
    });

    await b.command('join_chat', { chatId });
    expect(await b.next('join_chat_success')).toEqual({ chatId });
    await a.command('send_message', { chatId, content: 'Again' });
    expect(await b.next('message_received')).toMatchObject({ content: 'Again', seq: 2 });

    await b.command('mark_as_read', { chatId });
    expect(await a.next('messages_read')).toMatchObject({ readBy: bob.id, seq: 2 });
    const page = await server.http.get(`/api/chats/${chatId}/messages`).set(alice.auth).expect(200);
    expect(page.body.data).toMatchObject([
      { seq: 1, status: 'read' },
      { seq: 2, status: 'read' },
    ]);
    a.close();
    b.close();
  });
});
