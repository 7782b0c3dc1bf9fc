import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestServer } from '../../support/server.js';
import { openDirectChat, startServer } from '../../support/server.js';
import { TestSocket, settled } from '../../support/socket.js';

describe('changes of messages in the dialects', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(async () => {
    await server.close();
  });

  /** A message of Alice's, and sockets of Bob's that hear one dialect each, or all. */
  const setUp = async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const a = await TestSocket.connect(server, alice, { dialect: 'native' });
    const v0 = await TestSocket.connect(server, bob, { dialect: 'v0' });
    const conversation = await TestSocket.connect(server, bob, { dialect: 'conversation' });
    const room = await TestSocket.connect(server, bob, { dialect: 'room' });
    const all = await TestSocket.connect(server, bob);
    const sent = await a.command<{ id: string }>('send_message', { chatId, content: 'frist' });
    const close = () => {
      for (const socket of [a, v0, conversation, room, all]) socket.close();
    };
    return { alice, bob, chatId, a, v0, conversation, room, all, messageId: sent.data.id, close };
  };

  it('tells each dialect of an edit in its own shape', async () => {
    const { chatId, a, v0, conversation, room, messageId, close } = await setUp();
    await a.command('edit_message', { messageId, content: 'first' });
    expect(await v0.next('message_edited')).toMatchObject({
      success: true,
      data: { id: messageId, conversationId: chatId, message: 'first', isEdited: true, version: 2 },
    });
    expect(await conversation.next('message:edited')).toMatchObject({
      conversationId: chatId,
      message: { _id: messageId, text: 'first', seq: 1, version: 2 },
    });
    expect(await room.next('message-edited')).toMatchObject({
      room: chatId,
      id: messageId,
      content: 'first',
      isEdited: true,
      version: 2,
    });
    close();
  });

  it('tells a socket that hears native and v0 once, with the fields of both', async () => {
    const { chatId, a, all, messageId, close } = await setUp();
    await a.command('edit_message', { messageId, content: 'first' });
    expect(await all.next('message_edited')).toMatchObject({
      messageId,
      chatId,
      content: 'first',
      data: { id: messageId, message: 'first' },
    });
    await settled(all);
    expect(all.count('message_edited')).toBe(1);
    close();
  });

  it('tells nobody who has hidden the message of its edit, in any dialect', async () => {
    const { a, v0, conversation, room, all, messageId, close } = await setUp();
    const devices = [v0, conversation, room, all];
    await conversation.command('delete:message', { messageId });
    await all.next('message_deleted');
    await settled(...devices);
    for (const device of devices) device.clear();
    await a.command('edit_message', { messageId, content: 'first' });
    await a.next('message_edited');
    await settled(...devices);
    for (const device of devices) {
      expect(device.heard.filter(({ event }) => /edited/.test(event))).toEqual([]);
    }
    close();
  });

  it('tells the room dialect of deletions, for everyone and for me', async () => {
    const { alice, bob, chatId, a, room, messageId, close } = await setUp();
    const again = await a.command<{ id: string }>('send_message', { chatId, content: 'second' });
    await a.command('delete_message', { messageId });
    const forAll = { room: chatId, messageId, deletedBy: alice.id, deleteForEveryone: true };
    expect(await room.next('message-deleted')).toEqual(forAll);
    const mine = { messageId: again.data.id, deleteForEveryone: false };
    expect(await room.command('delete_message', mine)).toMatchObject({ ok: true });
    expect(
      await room.next('message-deleted', (event) => event.messageId === again.data.id),
    ).toEqual({ room: chatId, deletedBy: bob.id, ...mine });
    close();
  });

  it('tells the room dialect of reactions and pins, which its messages show', async () => {
    const { alice, chatId, a, room, messageId, close } = await setUp();
    await a.command('add_reaction', { messageId, emoji: '👍' });
    expect(await room.next('message-reaction')).toMatchObject({
      room: chatId,
      messageId,
      userId: alice.id,
      emoji: '👍',
      isOn: true,
      reactions: [{ userId: alice.id, emoji: '👍' }],
    });
    await a.command('remove_reaction', { messageId, emoji: '👍' });
    expect(await room.next('message-reaction', ({ isOn }) => isOn === false)).toMatchObject({
      messageId,
      reactions: [],
    });
    await server.http.post(`/api/messages/${messageId}/pin`).set(alice.auth).expect(200);
    expect(await room.next('message-pinned')).toMatchObject({ id: messageId, isPinned: true });
    close();
  });
});
