/** Reading over REST. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, openDirectChat, registerUser, startServer } from '../support/server.js';

describe('reading', () => {
  let server: TestServer;
  let alice: TestUser;
  let bob: TestUser;
  let chatId: string;
  beforeAll(async () => {
    server = await startServer();
    ({ alice, bob, chatId } = await openDirectChat(server));
  });
  afterAll(async () => {
    await server.close();
  });

  const post = (path: string, body: object = {}, user = bob) =>
    server.http.post(path).set(user.auth).send(body);
  const send = async (content: string) =>
    (await post('/api/messages', { chatId, content }, alice)).body.data as { id: string };
  const unread = async () =>
    (await server.http.get(`/api/chats/${chatId}`).set(bob.auth)).body.data.unreadCount as number;

  it('a message reads what came before it, and never takes back a later read', async () => {
    const sent = [await send('1'), await send('2'), await send('3')];
    const read = await post(`/api/messages/${sent[1]!.id}/read`).expect(200);
    expect(read.body.data).toEqual({
      chatId,
      lastReadSeq: 2,
      messageIds: [sent[0]!.id, sent[1]!.id],
    });
    expect(await unread()).toBe(1);
    const earlier = await post(`/api/messages/${sent[0]!.id}/read`).expect(200);
    expect(earlier.body.data).toEqual({ chatId, lastReadSeq: 2, messageIds: [] });
    expect(await unread()).toBe(1);
  });

  it('a chat reads up to a number, to some messages, or everything', async () => {
    const { id } = await send('4');
    await send('5');
    expect((await post(`/api/chats/${chatId}/read`, { seq: 3 })).body.data.lastReadSeq).toBe(3);
    await post(`/api/chats/${chatId}/read`, { messageIds: [id] }).expect(200);
    expect(await unread()).toBe(1);
    await post(`/api/chats/${chatId}/read`).expect(200);
    expect(await unread()).toBe(0);
    await post(`/api/chats/${chatId}/read`, { seq: 1, messageIds: [id] }).expect(400);
  });

  it('many chats at once, all or none', async () => {
    const second = await openChatBetween(server, await registerUser(server), bob);
    const foreign = (await openDirectChat(server)).chatId;
    await send('6');
    await post('/api/chats/bulk-read', { chatIds: [chatId, foreign] }).expect(404);
    expect(await unread()).toBe(1);
    const done = await post('/api/chats/bulk-read', { chatIds: [chatId, second] }).expect(200);
    expect(done.body.data).toMatchObject([{ chatId, lastReadSeq: 6 }, { chatId: second }]);
    expect(await unread()).toBe(0);
  });

  it('ends the mark as unread', async () => {
    await server.http
      .patch(`/api/chats/${chatId}/settings`)
      .set(bob.auth)
      .send({ isMarkedUnread: true })
      .expect(200);
    await post(`/api/chats/${chatId}/read`).expect(200);
    const { body } = await server.http.get(`/api/chats/${chatId}`).set(bob.auth);
    expect(body.data.isMarkedUnread).toBe(false);
  });

  it('is for members', async () => {
    const { id } = await send('7');
    const stranger = await registerUser(server);
    await post(`/api/messages/${id}/read`, {}, stranger).expect(404);
    await post(`/api/chats/${chatId}/read`, {}, stranger).expect(404);
    await server.http.post(`/api/messages/${id}/read`).expect(401);
    await server.http.post(`/api/chats/${chatId}/read`).expect(401);
    await server.http.post('/api/chats/bulk-read').send({}).expect(401);
  });

  it('tells nobody across a block, not even who looks; the reader knows it', async () => {
    const { id } = await send('8');
    await post(`/api/chats/${chatId}/read`).expect(200);
    const { id: later } = await send('9');
    const status = async (messageId: string) =>
      (await server.http.get(`/api/messages/${messageId}`).set(alice.auth)).body.data.status;
    const synced = async () => {
      const { body } = await post('/api/sync', {}, alice).expect(200);
      const chats = body.data.chats as {
        chatId: string;
        positions: { userId: string; lastReadSeq: number }[];
      }[];
      const { positions } = chats.find((chat) => chat.chatId === chatId)!;
      return positions.find(({ userId }) => userId === bob.id)!.lastReadSeq;
    };
    const conversation = async () => {
      const { body } = await server.http.get('/api/chat/conversations').set(alice.auth).expect(200);
      const all = body.data as { id: string; lastMessage: { status: string } }[];
      return all.find((one) => one.id === chatId)!.lastMessage.status;
    };
    const before = await synced();
    await post(`/api/chats/${chatId}/block`).expect(200);

    const read = await post(`/api/chats/${chatId}/read`).expect(200);
    expect(read.body.data).toMatchObject({ lastReadSeq: before + 1, messageIds: [later] });
    expect(await unread()).toBe(0);
    const again = await post(`/api/messages/${later}/read`).expect(200);
    expect(again.body.data).toMatchObject({ lastReadSeq: before + 1, messageIds: [] });
    expect([await status(id), await status(later)]).toEqual(['read', 'sent']);
    expect(await conversation()).toBe('sent');
    expect(await synced()).toBe(before);

    await post(`/api/chats/${chatId}/unblock`).expect(200);
    expect(await unread()).toBe(0);
    await post(`/api/chats/${chatId}/read`).expect(200);
    expect(await status(later)).toBe('read');
  });
});
