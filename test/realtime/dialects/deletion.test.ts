import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestServer } from '../../support/server.js';
import { openDirectChat, startServer } from '../../support/server.js';
import { TestSocket, settled } from '../../support/socket.js';

describe('deleting in the dialects', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(async () => {
    await server.close();
  });

  const chat = async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const a = await TestSocket.connect(server, alice, { dialect: 'conversation' });
    const v0 = await TestSocket.connect(server, bob, { dialect: 'v0' });
    const conversation = await TestSocket.connect(server, bob, { dialect: 'conversation' });
    const both = await TestSocket.connect(server, bob);
    const { data } = await a.command<{ _id: string }>('send:message', {
      conversationId: chatId,
      text: 'delete me',
    });
    const close = () => {
      for (const socket of [a, v0, conversation, both]) socket.close();
    };
    return { alice, bob, chatId, a, v0, conversation, both, messageId: data._id, close };
  };

  it('tells everybody in the chat of a deletion for everyone, each once', async () => {
    const { alice, chatId, a, v0, conversation, both, messageId, close } = await chat();
    const ack = await a.command('delete:message', { messageId, deleteForEveryone: true });
    expect(ack).toMatchObject({ ok: true, data: { messageId, deletedForEveryone: true } });
    expect(await v0.next('message_deleted')).toEqual({
      messageId,
      conversationId: chatId,
      deletedBy: alice.id,
    });
    expect(await conversation.next('message:deleted')).toEqual({
      messageId,
      conversationId: chatId,
      deletedBy: alice.id,
      deletedForEveryone: true,
    });
    // A socket that hears native and v0 gets what they call alike once, with the fields of both.
    expect(await both.next('message_deleted')).toMatchObject({
      messageId,
      chatId,
      conversationId: chatId,
    });
    await settled(both);
    expect(both.count('message_deleted')).toBe(1);
    close();
  });

  it('tells a socket of several dialects once, and in no dialect who has hidden the message', async () => {
    const { alice, bob, chatId, a, v0, conversation, both, messageId, close } = await chat();
    const all = await TestSocket.connect(server, alice);
    const room = await TestSocket.connect(server, bob, { dialect: 'room' });
    await conversation.command('delete:message', { messageId, conversationId: chatId });
    await both.next('message_deleted');
    await settled(v0, conversation, both, room);
    for (const socket of [v0, conversation, both, room]) socket.clear();
    await a.command('delete:message', { messageId, deleteForEveryone: true });
    expect(await all.next('message_deleted')).toMatchObject({
      messageId,
      chatId,
      conversationId: chatId,
      deletedBy: alice.id,
      deleteForEveryone: true,
    });
    await settled(all, v0, conversation, both, room);
    expect(all.count('message_deleted')).toBe(1);
    for (const socket of [v0, conversation, both, room]) {
      expect(socket.heard.filter(({ payload }) => payload?.messageId === messageId)).toEqual([]);
    }
    all.close();
    room.close();
    close();
  });

  it('tells my own devices alone of a deletion for me', async () => {
    const { bob, chatId, a, v0, conversation, messageId, close } = await chat();
    await conversation.command('delete:message', { messageId, conversationId: chatId });
    expect(await conversation.next('message:deleted')).toMatchObject({
      messageId,
      deletedBy: bob.id,
      deletedForEveryone: false,
    });
    expect(await v0.next('message_deleted')).toMatchObject({ messageId, conversationId: chatId });
    await settled(a);
    expect(a.count('message:deleted')).toBe(0);
    close();
  });

  it('refuses to delete for everyone what somebody else has sent', async () => {
    const { conversation, messageId, close } = await chat();
    const refused = await conversation.command('delete:message', {
      messageId,
      deleteForEveryone: true,
    });
    expect(refused).toMatchObject({ ok: false, error: { code: 'FORBIDDEN' } });
    close();
  });
});
