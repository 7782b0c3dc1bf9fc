/** Stars over the socket: the user's other devices hear of them, and nobody else does. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChatClient, Message } from '@parley-chat/client';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';
import { TestSocket, settled } from '../support/socket.js';

let server: TestServer;
let alice: TestUser;
let bob: TestUser;
let chatId: string;
let phone: TestSocket;
let laptop: TestSocket;
let b: TestSocket;
beforeAll(async () => {
  server = await startServer();
  ({ alice, bob, chatId } = await openDirectChat(server));
  phone = await TestSocket.connect(server, alice, { dialect: 'native' });
  laptop = await TestSocket.connect(server, alice, { dialect: 'native' });
  b = await TestSocket.connect(server, bob);
});
afterAll(async () => {
  for (const socket of [phone, laptop, b]) socket.close();
  await server.close();
});

const send = async (by = phone): Promise<string> =>
  (await by.command<{ id: string }>('send_message', { chatId, content: 'hello' })).data.id;
const about =
  (messageId: string, starred: boolean) =>
  (payload: Record<string, unknown>): boolean =>
    payload.messageId === messageId && payload.starred === starred;

describe('a star', () => {
  it('is told to the user’s other device, set and taken back, and never to the sender', async () => {
    const messageId = await send(b);
    const set = await phone.command('star_message', { messageId, chatId });
    expect(set).toMatchObject({ ok: true, data: { chatId, messageId, starred: true } });
    expect(await laptop.next('message_starred', about(messageId, true))).toEqual(set.data);
    const back = await phone.command('unstar_message', { messageId });
    expect(back.data).toEqual({ chatId, messageId, starred: false, starredAt: null });
    expect(await laptop.next('message_starred', about(messageId, false))).toEqual(back.data);
    await settled(b);
    expect(b.count('message_starred')).toBe(0);
  });

  it('is told when it is set by REST', async () => {
    const messageId = await send();
    const set = await server.http.post(`/api/messages/${messageId}/star`).set(alice.auth);
    expect(await laptop.next('message_starred', about(messageId, true))).toEqual(set.body.data);
    await server.http.delete(`/api/messages/${messageId}/star`).set(alice.auth).expect(200);
    await laptop.next('message_starred', about(messageId, false));
  });

  it('is told once, however often it is set or taken back', async () => {
    const messageId = await send();
    laptop.clear();
    for (const event of ['star_message', 'star_message', 'unstar_message', 'unstar_message']) {
      expect(await phone.command(event, { messageId })).toMatchObject({ ok: true });
    }
    await settled(laptop);
    const told = laptop.heard.filter(({ event }) => event === 'message_starred');
    expect(told.map(({ payload }) => payload.starred)).toEqual([true, false]);
  });

  it('is told once when several devices set it at the same moment', async () => {
    const messageId = await send();
    laptop.clear();
    const devices = Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? phone : laptop));
    const acks = await Promise.all(
      devices.map((device) => device.command('star_message', { messageId })),
    );
    expect(new Set(acks.map(({ data }) => data.starredAt)).size).toBe(1);
    await settled(laptop);
    expect(laptop.count('message_starred')).toBe(1);
  });

  it('is refused under the id of another chat', async () => {
    const messageId = await send();
    const other = { messageId, chatId: '0123456789abcdef01234567' };
    for (const event of ['star_message', 'unstar_message']) {
      const refused = await phone.command(event, other);
      expect(refused.error.code).toBe('NOT_FOUND');
    }
    await phone.command('star_message', { messageId });
    expect((await phone.command('unstar_message', other)).error.code).toBe('NOT_FOUND');
    const { body } = await server.http.get('/api/messages/starred?limit=1').set(alice.auth);
    expect(body.data).toMatchObject([{ message: { id: messageId } }]);
  });

  it('is in the list that another node shows', async () => {
    const second = await startServer({ mongodbUri: server.mongodbUri });
    try {
      const messageId = await send();
      await phone.command('star_message', { messageId });
      const list = await second.http.get('/api/messages/starred?limit=1').set(alice.auth);
      expect(list.body.data).toMatchObject([{ message: { id: messageId } }]);
    } finally {
      await second.close();
    }
  });

  it('is set and taken back by the client SDK', async () => {
    const client = new ChatClient(server.url, alice.token);
    await client.connect();
    const message = new Message(client, chatId);
    const { id } = await message.sendText('by the SDK');
    expect(await message.star(id)).toMatchObject({ messageId: id, starred: true });
    expect(await message.unstar(id)).toMatchObject({ messageId: id, starred: false });
    client.disconnect();
  });
});
