import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DIALECTS } from '../../../src/transport/socket/dialect.js';
import type { DialectName } from '../../../src/transport/socket/dialect.js';
import type { TestServer, TestUser } from '../../support/server.js';
import { openDirectChat, startServer } from '../../support/server.js';
import { TestSocket, settled } from '../../support/socket.js';

interface Pair {
  alice: TestUser;
  bob: TestUser;
  chatId: string;
}

/** What each dialect's sample code sends. */
const SEND: Record<DialectName, (pair: Pair, text: string) => [event: string, payload: object]> = {
  native: ({ chatId }, content) => ['send_message', { chatId, content }],
  v0: ({ bob }, message) => ['send_message', { receiverId: bob.id, message, messageType: 'text' }],
  conversation: ({ chatId: conversationId }, text) => [
    'send:message',
    { conversationId, text, messageType: 'text' },
  ],
  room: ({ chatId: room }, content) => ['send-message', { room, content }],
};

/** What each dialect's sample code listens to, and where it finds text and sender. */
const HEAR: Record<DialectName, { event: string; shape: (pair: Pair, text: string) => object }> = {
  native: {
    event: 'unread_message',
    shape: ({ alice, chatId }, content) => ({ chatId, message: { senderId: alice.id, content } }),
  },
  v0: {
    event: 'new_message',
    shape: ({ alice, bob }, message) => ({
      success: true,
      data: { message, senderId: alice.id, receiverId: bob.id, messageType: 'text' },
    }),
  },
  conversation: {
    event: 'new:message',
    shape: ({ alice, chatId: conversationId }, text) => ({
      message: { text, conversationId, senderId: { _id: alice.id }, media: [], status: 'sent' },
    }),
  },
  room: {
    event: 'new-message',
    shape: ({ alice, chatId: room }, content) => ({
      room,
      content,
      senderId: alice.id,
      sender: { username: alice.username },
    }),
  },
};
const EVENTS = DIALECTS.map((dialect) => HEAR[dialect].event);

/** Of the four events of a new message, those that a socket has heard. */
const heardOf = (socket: TestSocket): string[] => EVENTS.filter((event) => socket.count(event) > 0);

describe('which dialects a socket hears', () => {
  let server: TestServer;
  let pair: Pair;
  let alice: TestSocket;
  beforeAll(async () => {
    server = await startServer();
    pair = await openDirectChat(server);
    alice = await TestSocket.connect(server, pair.alice, { dialect: 'native' });
  });
  afterAll(async () => {
    alice.close();
    await server.close();
  });

  /** Sends to Bob; resolves when his socket has heard of it what is not looked up first. */
  const sendToBob = async (bob: TestSocket) => {
    await alice.command(...SEND.native(pair, 'Hello'));
    await settled(bob);
  };

  describe.each(DIALECTS)('a message sent in %s', (sent) => {
    it('arrives in all four, at a socket that has not spoken yet', async () => {
      const sender = await TestSocket.connect(server, pair.alice);
      const listener = await TestSocket.connect(server, pair.bob);
      const text = `said in ${sent}`;
      const ack = await sender.command(...SEND[sent](pair, text));
      expect(ack.ok).toBe(true);
      for (const dialect of DIALECTS) {
        const { event, shape } = HEAR[dialect];
        expect(await listener.next(event)).toMatchObject(shape(pair, text));
      }
      await settled(listener);
      for (const event of EVENTS) expect([event, listener.count(event)]).toEqual([event, 1]);
      sender.close();
      listener.close();
    });

    it('arrives at four sockets that have each declared another dialect', async () => {
      const listeners = await Promise.all(
        DIALECTS.map((dialect) => TestSocket.connect(server, pair.bob, { dialect })),
      );
      const sender = await TestSocket.connect(server, pair.alice, { dialect: sent });
      const text = `declared ${sent}`;
      await sender.command(...SEND[sent](pair, text));
      for (const [index, dialect] of DIALECTS.entries()) {
        const { event, shape } = HEAR[dialect];
        expect(await listeners[index]!.next(event)).toMatchObject(shape(pair, text));
        expect(heardOf(listeners[index]!)).toEqual([event]);
        listeners[index]!.close();
      }
      sender.close();
    });
  });

  it('hears what it has spoken, once a command was accepted', async () => {
    const bob = await TestSocket.connect(server, pair.bob);
    await bob.command('join:conversation', { conversationId: pair.chatId });
    await sendToBob(bob);
    expect(heardOf(bob)).toEqual(['new:message']);

    // Commands of other dialects are answered, and change nothing in what is heard.
    for (const [event, payload] of [
      ['typing-stop', { room: pair.chatId }],
      ['stop_typing', { chatId: pair.chatId }],
      ['typing_stop', { receiverId: pair.alice.id }],
    ] as const) {
      bob.clear();
      expect(await bob.command(event, payload)).toMatchObject({ ok: true });
      await sendToBob(bob);
      expect([event, heardOf(bob)]).toEqual([event, ['new:message']]);
      expect(bob.count('new:message')).toBe(1);
    }
    bob.close();
  });

  it.each([
    ['has declared another dialect', { dialect: 'v0' }],
    ['has not spoken yet', {}],
  ])(
    'hears what set_dialect names when it %s, and learns nothing after it',
    async (_when, hello) => {
      const bob = await TestSocket.connect(server, pair.bob, hello);
      await bob.command('join:conversation', { conversationId: pair.chatId });
      bob.clear();
      expect(await bob.command('set_dialect', { dialects: ['room', 'v0'] })).toEqual({
        ok: true,
        data: { dialects: ['room', 'v0'] },
      });
      await bob.command('typing:stop', { conversationId: pair.chatId });
      await sendToBob(bob);
      expect(heardOf(bob)).toEqual(['new_message', 'new-message']);
      bob.clear();
      expect(await bob.command('set_dialect', { dialects: ['native'] })).toMatchObject({
        ok: true,
      });
      await sendToBob(bob);
      // It looks at the chat still.
      await bob.next('message_received');
      expect(heardOf(bob)).toEqual([]);
      bob.close();
    },
  );

  it.each([[{}], [{ dialects: [] }], [{ dialects: ['v0', 'v0'] }], [{ dialects: ['klingon'] }]])(
    'refuses to set_dialect %j, and goes on as before',
    async (payload) => {
      const bob = await TestSocket.connect(server, pair.bob, { dialect: 'v0' });
      const refused = await bob.command('set_dialect', payload);
      expect(refused).toMatchObject({ ok: false, error: { code: 'VALIDATION' } });
      await sendToBob(bob);
      expect(heardOf(bob)).toEqual(['new_message']);
      bob.close();
    },
  );

  it('learns nothing from a command that was refused', async () => {
    const bob = await TestSocket.connect(server, pair.bob);
    await bob.command('join:conversation', { conversationId: '0123456789abcdef01234567' });
    await bob.command('typing-start', {});
    await sendToBob(bob);
    await bob.next('unread_message');
    expect(heardOf(bob)).toEqual(EVENTS);
    bob.close();
  });

  it('learns nothing when it has declared its dialect, whatever it sends', async () => {
    const bob = await TestSocket.connect(server, pair.bob, { dialect: 'v0' });
    const ack = await bob.command('typing:stop', { conversationId: pair.chatId });
    expect(ack.ok).toBe(true);
    await sendToBob(bob);
    expect(heardOf(bob)).toEqual(['new_message']);
    bob.close();
  });

  it('refuses a dialect that there is none of', async () => {
    await expect(
      TestSocket.connect(server, pair.bob, { dialect: 'klingon' }),
    ).rejects.toMatchObject({ data: { code: 'VALIDATION' } });
  });

  it('keeps its rooms when what it hears changes: chats joined, chats looked at', async () => {
    const bob = await TestSocket.connect(server, pair.bob);
    await bob.command('join_chat', { chatId: pair.chatId });
    await bob.command('set_dialect', { dialects: ['native', 'conversation'] });
    await sendToBob(bob);
    await bob.next('message_received');
    expect(bob.count('unread_message')).toBe(0);
    expect(heardOf(bob)).toEqual(['new:message']);
    bob.close();
  });

  it('hears user_typing once, with the fields of native and v0', async () => {
    const bob = await TestSocket.connect(server, pair.bob);
    await alice.command('typing', { chatId: pair.chatId });
    const typing = await bob.next('user_typing');
    expect(typing).toMatchObject({
      chatId: pair.chatId,
      userId: pair.alice.id,
      senderId: pair.alice.id,
      senderName: pair.alice.username,
      isTyping: true,
    });
    await alice.command('stop_typing', { chatId: pair.chatId });
    await bob.next('user_stop_typing');
    await bob.next('user_typing', ({ isTyping }) => isTyping === false);
    expect(bob.count('user_typing')).toBe(2);
    bob.close();
  });

  it('forgets a socket that goes while its command is under way', async () => {
    const bob = await TestSocket.connect(server, pair.bob);
    const left = bob.closed();
    bob.raw.emit('typing:stop', { conversationId: pair.chatId });
    bob.close();
    await left;
    const watcher = await TestSocket.connect(server, pair.bob, { dialect: 'native' });
    await sendToBob(watcher);
    const { registry } = server.app.sockets;
    expect([...registry.activeMasks()]).toEqual([1]);
    watcher.close();
  });
});
