import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import type { TestServer, TestUser } from '../support/server.js';
import { registerUser, startServer } from '../support/server.js';

let server: TestServer;
let ada: TestUser;
let eve: TestUser;
beforeAll(async () => {
  server = await startServer({ env: ADMIN_ENV });
  [ada, eve] = await Promise.all([registerUser(server), registerUser(server)]);
});
afterAll(async () => {
  await server.close();
});

describe('public rooms', () => {
  it('has general from the start', async () => {
    const { body } = await server.http.get('/api/rooms').set(ada.auth).expect(200);
    expect(body.data).toMatchObject([{ slug: 'general', memberCount: 0, isMember: false }]);
  });

  it('lets anybody join and leave, once each', async () => {
    for (const name of ['general', 'General']) {
      const joined = await server.http.post(`/api/rooms/${name}/join`).set(ada.auth).expect(200);
      expect(joined.body.data).toMatchObject({ kind: 'room', slug: 'general', memberCount: 1 });
    }
    const left = await server.http.post('/api/rooms/general/leave').set(ada.auth).expect(200);
    expect(left.body.data).toMatchObject({ memberCount: 0, isMember: false });
    await server.http.post('/api/rooms/general/leave').set(ada.auth).expect(404);
  });

  it('shows its messages to people who have not joined, and takes messages from members only', async () => {
    const { body } = await server.http.post('/api/rooms/general/join').set(ada.auth).expect(200);
    const chatId = body.data.id as string;
    await server.http
      .post('/api/messages')
      .set(ada.auth)
      .send({ chatId, content: 'Hello, all' })
      .expect(201);
    await server.http
      .post('/api/messages')
      .set(eve.auth)
      .send({ chatId, content: 'Hi' })
      .expect(404);
    const page = await server.http.get(`/api/chats/${chatId}/messages`).set(eve.auth).expect(200);
    expect(page.body.data).toMatchObject([{ content: 'Hello, all', seq: 1 }]);
  });

  it('are found by the start of a name, however it is written', async () => {
    const name = 'Ｃafé Müller';
    await server.http.post('/api/chats').set(ada.auth).send({ kind: 'room', name }).expect(201);
    for (const q of ['café m', 'CAFÉ', 'Ｃafé'.normalize('NFD')]) {
      const { body } = await server.http.get('/api/rooms').query({ q }).set(ada.auth).expect(200);
      expect([q, body.data]).toMatchObject([q, [{ name }]]);
    }
  });

  it('starts a newcomer with nothing unread', async () => {
    const { body } = await server.http.post('/api/rooms/general/join').set(eve.auth).expect(200);
    expect(body.data).toMatchObject({ unreadCount: 0, lastSeq: 1, role: 'member' });
  });

  it('are listed each with its own members', async () => {
    const { body } = await server.http.get('/api/rooms').set(eve.auth).expect(200);
    const rooms = body.data as { slug: string; memberCount: number; isMember: boolean }[];
    expect(rooms.map(({ slug, memberCount, isMember }) => [slug, memberCount, isMember])).toEqual([
      ['café-müller', 1, false],
      ['general', 2, true],
    ]);
  });

  it('knows no room of an unknown name', async () => {
    await server.http.post('/api/rooms/nowhere/join').set(ada.auth).expect(404);
    await server.http.get('/api/rooms/nowhere').set(ada.auth).expect(404);
    await server.http.get('/api/rooms').expect(401);
  });
});

describe('an admin of the system who has not joined a room', () => {
  let root: TestUser;
  let chatId: string;
  beforeAll(async () => {
    root = await loginAdmin(server);
    const made = await server.http
      .post('/api/chats')
      .set(eve.auth)
      .send({ kind: 'room', name: 'Chess' })
      .expect(201);
    chatId = made.body.data.id as string;
    await server.http.post('/api/rooms/chess/join').set(ada.auth).expect(200);
  });

  const asRoot = (method: 'get' | 'post' | 'patch' | 'put' | 'delete', path = '') =>
    server.http[method](`/api/chats/${chatId}${path}`).set(root.auth);

  it('changes it, is shown it, and says so once', async () => {
    const description = 'Openings and endings';
    const changed = await asRoot('patch').send({ description }).expect(200);
    expect(changed.body.data).toMatchObject({
      id: chatId,
      description,
      role: null,
      memberCount: 2,
      unreadCount: 0,
    });
    const people = (changed.body.data.participants as { id: string }[]).map(({ id }) => id);
    expect(people.sort()).toEqual([ada.id, eve.id].sort());
    const picture = 'https://example.com/chess.png';
    const pictured = await asRoot('patch').send({ picture }).expect(200);
    expect(pictured.body.data).toMatchObject({ picture, role: null });
    const seen = await asRoot('get').expect(200);
    expect(seen.body.data).toMatchObject({ id: chatId, picture, description, lastSeq: 2 });
    const { body } = await asRoot('get', '/messages').expect(200);
    expect(body.data).toMatchObject([
      { system: { type: 'chat_changed', fields: ['description'] } },
      { system: { type: 'chat_changed', fields: ['picture'] } },
    ]);
    // It is not theirs for that.
    const mine = await server.http.get('/api/chats/active').set(root.auth).expect(200);
    expect(mine.body.data).toEqual([]);
  });

  it('rules its members', async () => {
    const { body } = await asRoot('get', '/members').expect(200);
    expect(body.data).toHaveLength(2);
    await asRoot('put', `/members/${ada.id}/role`).send({ role: 'admin' }).expect(200);
    await asRoot('delete', `/members/${eve.id}`).expect(200);
    await asRoot('post', '/members')
      .send({ userIds: [eve.id] })
      .expect(200);
    const { body: after } = await asRoot('get', '/members').expect(200);
    const roles = (after.data as { id: string; role: string }[]).map(({ id, role }) => [id, role]);
    expect(Object.fromEntries(roles)).toEqual({ [ada.id]: 'admin', [eve.id]: 'member' });
  });

  it('has no such place in a private group, and others have none in the room', async () => {
    const group = await server.http
      .post('/api/chats')
      .set(eve.auth)
      .send({ kind: 'group', name: 'Private' })
      .expect(201);
    const groupId = group.body.data.id as string;
    for (const path of [`/api/chats/${groupId}`, `/api/chats/${groupId}/members`]) {
      await server.http.get(path).set(root.auth).expect(404);
    }
    const rename = (id: string, user: TestUser) =>
      server.http.patch(`/api/chats/${id}`).set(user.auth).send({ name: 'Mine' });
    await rename(groupId, root).expect(404);
    const guest = await registerUser(server);
    await rename(chatId, guest).expect(404);
    for (const path of ['', '/members']) {
      await server.http.get(`/api/chats/${chatId}${path}`).set(guest.auth).expect(404);
    }
  });
});
