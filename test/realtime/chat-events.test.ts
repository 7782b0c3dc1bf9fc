/** Chat requests, and what a member's devices hear of chats. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket, settled } from '../support/socket.js';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server.close();
});

const post = (user: TestUser, path: string, body: object = {}) =>
  server.http.post(path).set(user.auth).send(body);
const idsOf = async (user: TestUser, path: string) => {
  const { body } = await server.http.get(path).set(user.auth).expect(200);
  return (body.data as { id: string }[]).map(({ id }) => id);
};

describe('a chat request', () => {
  it('waits for its recipient, who alone answers it', async () => {
    const [asker, asked, stranger] = [
      await registerUser(server),
      await registerUser(server),
      await registerUser(server),
    ];
    const socket = await TestSocket.connect(server, asked);
    const opened = await post(asker, '/api/chats/or-create', { recipientId: asked.id }).expect(201);
    const chatId = (opened.body as { data: { id: string } }).data.id;
    expect(await socket.next('chat_created')).toMatchObject({
      chatId,
      chat: { status: 'pending' },
    });
    await post(asked, '/api/chats/or-create', { recipientId: asker.id }).expect(200);

    expect(await idsOf(asked, '/api/chats/requests')).toEqual([chatId]);
    expect(await idsOf(asker, '/api/chats/requests')).toEqual([]);
    expect(await idsOf(asker, '/api/chats/requests?direction=outgoing')).toEqual([chatId]);
    for (const user of [asker, asked]) {
      const refused = await post(user, '/api/messages', { chatId, content: 'x' }).expect(403);
      expect(refused.body.code).toBe('CHAT_NOT_ACCEPTED');
      expect(await idsOf(user, '/api/chats/active')).toEqual([]);
    }
    await post(asker, `/api/chats/${chatId}/accept`).expect(403);
    await post(asker, `/api/chats/${chatId}/reject`).expect(403);
    await post(stranger, `/api/chats/${chatId}/accept`).expect(404);

    await post(asked, `/api/chats/${chatId}/reject`).expect(200);
    expect(await socket.next('chat_rejected')).toMatchObject({ chatId, userId: asked.id });
    await post(asker, '/api/messages', { chatId, content: 'x' }).expect(403);
    expect(await idsOf(asked, '/api/chats/requests')).toEqual([]);

    await post(asked, `/api/chats/${chatId}/accept`).expect(200);
    expect(await socket.next('chat_accepted')).toMatchObject({
      chatId,
      chat: { status: 'accepted' },
    });
    await post(asker, '/api/messages', { chatId, content: 'x' }).expect(201);
    expect(await idsOf(asked, '/api/chats/active')).toEqual([chatId]);
    await post(asked, `/api/chats/${chatId}/reject`).expect(409);
    socket.close();
  });

  it('that one of the two deletes is gone for them alone', async () => {
    const [asker, asked] = [await registerUser(server), await registerUser(server)];
    const opened = await post(asker, '/api/chats/or-create', { recipientId: asked.id });
    const chatId = (opened.body as { data: { id: string } }).data.id;
    const lists = () =>
      Promise.all([
        idsOf(asked, '/api/chats/requests'),
        idsOf(asker, '/api/chats/requests?direction=outgoing'),
      ]);
    expect(await lists()).toEqual([[chatId], [chatId]]);
    await server.http.delete(`/api/chats/${chatId}`).set(asked.auth).expect(200);
    expect(await lists()).toEqual([[], [chatId]]);
    await server.http.delete(`/api/chats/${chatId}`).set(asker.auth).expect(200);
    expect(await lists()).toEqual([[], []]);
  });

  it('is one, however many ask at the same moment', async () => {
    const [a, b] = [await registerUser(server), await registerUser(server)];
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        i % 2 === 0
          ? post(a, '/api/chats/or-create', { recipientId: b.id })
          : post(b, '/api/chats/or-create', { recipientId: a.id }),
      ),
    );
    const ids = answers.map(({ body }) => (body as { data: { id: string } }).data.id);
    expect(new Set(ids).size).toBe(1);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  });

  it('goes to another user who exists, and not across a block', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    await post(alice, '/api/chats/or-create', { recipientId: alice.id }).expect(400);
    await post(alice, '/api/chats/or-create', { recipientId: chatId }).expect(404);
    await post(alice, '/api/chats/or-create', {}).expect(400);
    const room = await post(bob, '/api/rooms/general/join').expect(200);
    const dan = await registerUser(server);
    await post(dan, '/api/rooms/general/join').expect(200);
    const roomId = (room.body as { data: { id: string } }).data.id;
    await post(bob, `/api/chats/${roomId}/block`, { userId: dan.id }).expect(200);
    const refused = await post(dan, '/api/chats/or-create', { recipientId: bob.id }).expect(403);
    expect(refused.body.code).toBe('BLOCKED');
  });
});

describe('what I do with a chat for myself', () => {
  it('reaches my other devices and nobody else', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const mine = await TestSocket.connect(server, alice);
    const theirs = await TestSocket.connect(server, bob);
    await server.http
      .patch(`/api/chats/${chatId}/settings`)
      .set(alice.auth)
      .send({ isPinned: true })
      .expect(200);
    expect(await mine.next('chat_settings_changed')).toEqual({ chatId });
    await post(alice, `/api/chats/${chatId}/block`).expect(200);
    expect(await mine.next('block_changed')).toEqual({ userId: bob.id, blocked: true });
    await server.http.delete(`/api/chats/${chatId}`).set(alice.auth).expect(200);
    expect(await mine.next('chat_deleted')).toEqual({ chatId, clearedSeq: 0 });
    await settled(theirs);
    const told = theirs.heard.map(({ event }) => event).filter((event) => event !== 'error');
    expect(told.filter((event) => /settings|block|deleted/.test(event))).toEqual([]);
    mine.close();
    theirs.close();
  });

  it('is known to my other devices when it is reading and no position tells them', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const marked = { isMarkedUnread: true };
    const path = `/api/chats/${chatId}/settings`;
    await server.http.patch(path).set(bob.auth).send(marked).expect(200);
    await post(alice, '/api/messages', { chatId, content: 'x' }).expect(201);
    const phone = await TestSocket.connect(server, bob);
    const laptop = await TestSocket.connect(server, bob);
    await laptop.command('mark_as_read', { chatId });
    await phone.next('chat_settings_changed');
    await laptop.command('mark_as_read', { chatId });
    await server.http.patch(path).set(bob.auth).send(marked).expect(200);
    await laptop.command('mark_as_read', { chatId });
    await settled(phone);
    expect(phone.count('chat_settings_changed')).toBe(3);

    await post(alice, '/api/messages', { chatId, content: 'y' }).expect(201);
    await post(alice, `/api/chats/${chatId}/block`).expect(200);
    phone.clear();
    await laptop.command('mark_as_read', { chatId });
    expect(await phone.next('chat_settings_changed')).toEqual({ chatId });
    expect(phone.count('messages_read')).toBe(0);
    phone.close();
    laptop.close();
  });

  it('silences typing and reading at once when it is a block', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    await post(alice, '/api/messages', { chatId, content: 'x' }).expect(201);
    const a = await TestSocket.connect(server, alice);
    const b = await TestSocket.connect(server, bob);
    await post(alice, `/api/chats/${chatId}/block`).expect(200);
    await b.command('typing', { chatId });
    await b.command('mark_as_read', { chatId });
    await settled(a);
    expect([a.count('user_typing'), a.count('messages_read')]).toEqual([0, 0]);
    a.close();
    b.close();
  });
});
