/** What members do with chats: blocks, archive, deletion for oneself, settings, other people's chats. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAccounts } from '../support/accounts.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, openDirectChat, registerUser, startServer } from '../support/server.js';

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

const get = (path: string, user = alice) => server.http.get(path).set(user.auth);
const post = (path: string, body: object = {}, user = alice) =>
  server.http.post(path).set(user.auth).send(body);
const send = (content: string, user = alice, chat = chatId) =>
  post('/api/messages', { chatId: chat, content }, user);
const chat = async (user = alice, id = chatId) =>
  (await get(`/api/chats/${id}`, user).expect(200)).body.data as Record<string, unknown>;
const idsOf = async (path: string, user = alice) =>
  ((await get(path, user).expect(200)).body.data as { id: string }[]).map(({ id }) => id);

describe('blocking', () => {
  it('stops both from sending, and nothing else is lost', async () => {
    await send('before').expect(201);
    for (let i = 0; i < 2; i += 1) {
      const blocked = await post(`/api/chats/${chatId}/block`, {}, bob).expect(200);
      expect(blocked.body.data).toEqual({ userId: alice.id, blocked: true });
    }
    for (const user of [alice, bob]) {
      expect((await send('during', user).expect(403)).body.code).toBe('BLOCKED');
      expect(await chat(user)).toMatchObject({ isBlocked: true });
    }
    expect((await get('/api/users/blocked', bob).expect(200)).body.data).toMatchObject([
      { id: alice.id, username: alice.username },
    ]);
    expect((await get('/api/users/blocked', alice).expect(200)).body.data).toEqual([]);
    await post(`/api/chats/${chatId}/unblock`, {}, alice).expect(200);
    await send('still').expect(403);
    await post(`/api/chats/${chatId}/unblock`, {}, bob).expect(200);
    await send('after').expect(201);
  });

  it('covers editing and reacting, and hides the e-mail address; deleting stays possible', async () => {
    const sent = await send('mine').expect(201);
    const id = (sent.body as { data: { id: string } }).data.id;
    await post(`/api/chats/${chatId}/block`, {}, bob).expect(200);
    await server.http.put(`/api/messages/${id}`).set(alice.auth).send({ content: 'x' }).expect(403);
    await post(`/api/messages/${id}/react`, { emoji: '👍' }).expect(403);
    const profile = await get(`/api/users/${bob.id}`).expect(200);
    expect(profile.body.data.email).toBeUndefined();
    await server.http.delete(`/api/messages/${id}`).set(alice.auth).expect(200);
    await post(`/api/chats/${chatId}/unblock`, {}, bob).expect(200);
  });

  it('needs a member to be named outside direct chats, and is not for strangers', async () => {
    const room = await post('/api/rooms/general/join').expect(200);
    const roomId = (room.body as { data: { id: string } }).data.id;
    await post(`/api/chats/${roomId}/block`).expect(400);
    await post(`/api/chats/${roomId}/block`, { userId: bob.id }).expect(404);
    await post(`/api/chats/${roomId}/block`, { userId: alice.id }).expect(400);
    const stranger = await registerUser(server);
    await post(`/api/chats/${chatId}/block`, {}, stranger).expect(404);
    await post(`/api/chats/${chatId}/unblock`, {}, stranger).expect(404);
    await server.http.get('/api/users/blocked').expect(401);
  });
});

describe('archiving', () => {
  it('takes the chat out of the active list until a message comes', async () => {
    expect((await post(`/api/chats/${chatId}/archive`).expect(200)).body.data).toMatchObject({
      isArchived: true,
    });
    expect(await idsOf('/api/chats/active')).not.toContain(chatId);
    expect(await idsOf('/api/chats/archived')).toEqual([chatId]);
    expect(await idsOf('/api/chats/active', bob)).toContain(chatId);
    await send('wake up', bob).expect(201);
    expect(await idsOf('/api/chats/active')).toContain(chatId);
    expect(await idsOf('/api/chats/archived')).toEqual([]);
  });

  it('holds while the chat is muted, and ends with unarchive', async () => {
    const mutedUntil = new Date(Date.now() + 3_600_000).toISOString();
    const muted = await server.http
      .patch(`/api/chats/${chatId}/settings`)
      .set(alice.auth)
      .send({ mutedUntil })
      .expect(200);
    expect(muted.body.data.mutedUntil).toBe(mutedUntil);
    await post(`/api/chats/${chatId}/archive`).expect(200);
    await send('quietly', bob).expect(201);
    expect(await idsOf('/api/chats/archived')).toEqual([chatId]);
    await post(`/api/chats/${chatId}/unarchive`).expect(200);
    expect(await idsOf('/api/chats/active')).toContain(chatId);
    await server.http
      .patch(`/api/chats/${chatId}/settings`)
      .set(alice.auth)
      .send({ mutedUntil: null })
      .expect(200);
  });
});

describe('settings', () => {
  const patch = (body: object, user = alice) =>
    server.http.patch(`/api/chats/${chatId}/settings`).set(user.auth).send(body);

  it('pins for me alone: the chat comes first', async () => {
    const other = await openChatBetween(server, alice, await registerUser(server));
    await send('newer', alice, other).expect(201);
    expect((await idsOf('/api/chats/active'))[0]).toBe(other);
    await patch({ isPinned: true }).expect(200);
    expect((await idsOf('/api/chats/active'))[0]).toBe(chatId);
    expect(await chat(bob)).toMatchObject({ isPinned: false });
    await patch({ isPinned: false }).expect(200);
    expect((await idsOf('/api/chats/active'))[0]).toBe(other);
  });

  it('marks as unread until I read', async () => {
    await patch({ isMarkedUnread: true }).expect(200);
    expect(await chat()).toMatchObject({ isMarkedUnread: true });
  });

  it('refuses nothing, nonsense and strangers', async () => {
    await patch({}).expect(400);
    await patch({ mutedUntil: 'tomorrow' }).expect(400);
    await patch({ isPinned: true }, await registerUser(server)).expect(404);
    await server.http.patch(`/api/chats/${chatId}/settings`).send({}).expect(401);
  });
});

describe('deleting a chat', () => {
  it('clears it for me alone; a message brings it back, empty before it', async () => {
    await send('old', bob).expect(201);
    const deleted = await server.http.delete(`/api/chats/${chatId}`).set(alice.auth).expect(200);
    expect(deleted.body.data).toEqual({ chatId, deleted: true });
    expect(await idsOf('/api/chats/active')).not.toContain(chatId);
    expect(await idsOf('/api/chats/archived')).not.toContain(chatId);
    expect(await chat()).toMatchObject({ unreadCount: 0, lastMessage: null });
    expect((await get(`/api/chats/${chatId}/messages`).expect(200)).body.data).toEqual([]);
    const theirs = await get(`/api/chats/${chatId}/messages`, bob).expect(200);
    expect((theirs.body.data as unknown[]).length).toBeGreaterThan(3);

    await send('new', bob).expect(201);
    expect(await idsOf('/api/chats/active')).toContain(chatId);
    const mine = await get(`/api/chats/${chatId}/messages`).expect(200);
    expect(mine.body.data).toMatchObject([{ content: 'new' }]);
    expect(mine.body.pagination.total).toBe(1);
    expect(await chat()).toMatchObject({ unreadCount: 1, lastMessage: { content: 'new' } });
  });

  it('is for members', async () => {
    const stranger = await registerUser(server);
    for (const verb of ['archive', 'unarchive']) {
      await post(`/api/chats/${chatId}/${verb}`, {}, stranger).expect(404);
    }
    await server.http.delete(`/api/chats/${chatId}`).set(stranger.auth).expect(404);
    await server.http.delete(`/api/chats/${chatId}`).expect(401);
  });
});

describe('a message deleted for me', () => {
  it('is not what my list shows as the newest', async () => {
    const fresh = await openDirectChat(server);
    await send('first', fresh.alice, fresh.chatId).expect(201);
    const second = await send('second', fresh.alice, fresh.chatId).expect(201);
    const id = (second.body as { data: { id: string } }).data.id;
    await server.http
      .delete(`/api/messages/${id}?deleteForEveryone=false`)
      .set(fresh.bob.auth)
      .expect(200);
    expect(await chat(fresh.bob, fresh.chatId)).toMatchObject({
      lastMessage: { content: 'first' },
      unreadCount: 1,
    });
    expect(await chat(fresh.alice, fresh.chatId)).toMatchObject({
      lastMessage: { content: 'second' },
    });
  });
});

describe('mentions', () => {
  it('are counted while unread', async () => {
    const fresh = await openDirectChat(server);
    await send(`Hi @${fresh.bob.username}`, fresh.alice, fresh.chatId).expect(201);
    await send('and more', fresh.alice, fresh.chatId).expect(201);
    expect(await chat(fresh.bob, fresh.chatId)).toMatchObject({ unreadCount: 2, mentionCount: 1 });
    expect(await chat(fresh.alice, fresh.chatId)).toMatchObject({ mentionCount: 0 });
  });
});

describe("a user's history", () => {
  it('is all of mine, and of others what we share', async () => {
    const [carol, dave] = await Promise.all([registerUser(server), registerUser(server)]);
    const withCarol = await openChatBetween(server, dave, carol);
    const withBob = await openChatBetween(server, dave, bob);
    expect(await idsOf(`/api/chats/user/${dave.id}/history`, dave)).toEqual([withBob, withCarol]);
    expect(await idsOf(`/api/chats/user/${dave.id}/history`, carol)).toEqual([withCarol]);
    expect(await idsOf(`/api/chats/user/${dave.id}/history`, alice)).toEqual([]);
    await post(`/api/chats/${withBob}/archive`, {}, dave).expect(200);
    expect(await idsOf(`/api/chats/user/${dave.id}/history`, dave)).toHaveLength(2);
    await get('/api/chats/user/0123456789abcdef01234567/history').expect(404);
    await server.http.get(`/api/chats/user/${dave.id}/history`).expect(401);
  });

  it('is all of anybody for admins, and leaves a trace', async () => {
    const admin = await registerUser(server);
    const accounts = await openAccounts(server);
    await accounts.accounts.setRole(admin.id, 'admin');
    const login = await server.http
      .post('/api/auth/login')
      .send({ username: admin.username, password: 'test123' });
    const auth = { Authorization: `Bearer ${login.body.data.token as string}` };
    const history = await server.http
      .get(`/api/chats/user/${bob.id}/history`)
      .set(auth)
      .expect(200);
    expect((history.body.data as { id: string }[]).map(({ id }) => id)).toContain(chatId);
    const trace = await accounts.db.collection('auditevents').find().toArray();
    expect(trace.filter(({ action }) => action !== 'auth.login')).toMatchObject([
      { action: 'chats.read_history', subject: bob.id },
    ]);
    await accounts.close();
  });
});
