/** Whom people find (USER_DIRECTORY), and who makes public rooms (ROOM_CREATION). */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

let everyone: TestServer;
let contacts: TestServer;
let none: TestServer;
let alice: TestUser;
/** Shares a direct chat with Alice. */
let bob: TestUser;
let stranger: TestUser;
let admin: TestUser;

beforeAll(async () => {
  everyone = await startServer({ env: ADMIN_ENV });
  const { mongodbUri } = everyone;
  contacts = await startServer({
    mongodbUri,
    env: { USER_DIRECTORY: 'contacts', ROOM_CREATION: 'admins' },
  });
  none = await startServer({ mongodbUri, env: { USER_DIRECTORY: 'none' } });
  [alice, bob, stranger] = await Promise.all([
    registerUser(everyone, 'finder_alice'),
    registerUser(everyone, 'finder_bob'),
    registerUser(everyone, 'finder_stranger'),
  ]);
  await openChatBetween(everyone, alice, bob);
  admin = await loginAdmin(everyone);
});
afterAll(async () => {
  await contacts.close();
  await none.close();
  await everyone.close();
});

const found = async (server: TestServer, by: TestUser): Promise<string[]> => {
  const { body } = await server.http
    .get('/api/users/search')
    .query({ q: 'finder' })
    .set(by.auth)
    .expect(200);
  const { data, pagination } = body as {
    data: { username: string }[];
    pagination: { total: number };
  };
  expect(pagination.total).toBe(data.length);
  return data.map(({ username }) => username);
};

const statusOfProfile = async (server: TestServer, by: TestUser, { id }: TestUser) => {
  const byPath = await server.http.get(`/api/users/${id}`).set(by.auth);
  const byQuery = await server.http.get('/api/users/profile').query({ userId: id }).set(by.auth);
  expect(byQuery.status).toBe(byPath.status);
  return byPath.status;
};

describe('a search for people', () => {
  it('finds everybody with USER_DIRECTORY=everyone', async () => {
    expect(await found(everyone, alice)).toEqual(['finder_bob', 'finder_stranger']);
  });

  it('finds only those with whom one shares a chat with USER_DIRECTORY=contacts', async () => {
    expect(await found(contacts, alice)).toEqual(['finder_bob']);
    expect(await found(contacts, stranger)).toEqual([]);
  });

  it('finds nobody with USER_DIRECTORY=none', async () => {
    expect(await found(none, alice)).toEqual([]);
  });

  it('finds everybody for an admin, whatever the setting', async () => {
    const all = ['finder_alice', 'finder_bob', 'finder_stranger'];
    expect(await found(contacts, admin)).toEqual(all);
    expect(await found(none, admin)).toEqual(all);
  });
});

describe('the profile behind an id', () => {
  it('is shown to oneself, to admins and to those who share a chat, and to no others', async () => {
    for (const server of [contacts, none]) {
      expect(await statusOfProfile(server, alice, alice)).toBe(200);
      expect(await statusOfProfile(server, alice, bob)).toBe(200);
      expect(await statusOfProfile(server, admin, stranger)).toBe(200);
      expect(await statusOfProfile(server, alice, stranger)).toBe(404);
    }
    expect(await statusOfProfile(everyone, alice, stranger)).toBe(200);
  });

  it('is shown to somebody who is asked for a chat', async () => {
    const asker = await registerUser(everyone);
    const open = { recipientId: bob.id };
    await everyone.http.post('/api/chats/or-create').set(asker.auth).send(open).expect(201);
    expect(await statusOfProfile(none, bob, asker)).toBe(200);
  });
});

describe('a room that is not there', () => {
  it('is not found for those who may not make it, on every path', async () => {
    const room = 'nobody-made-this';
    const socket = await TestSocket.connect(contacts, alice);
    const joined = await socket.command('join-room', room);
    expect(joined).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
    const sent = await socket.command('send-message', { room, content: 'Hello?' });
    expect(sent).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
    socket.close();
    const posted = { room, content: 'Hello?' };
    await contacts.http.post('/api/messages').set(alice.auth).send(posted).expect(404);
    await contacts.http.get(`/api/rooms/${room}`).set(alice.auth).expect(404);
  });

  it('cannot be made over REST by others than admins', async () => {
    const room = { kind: 'room', name: 'Made by REST' };
    const refused = await contacts.http.post('/api/chats').set(alice.auth).send(room).expect(403);
    expect(refused.body).toMatchObject({ code: 'FORBIDDEN' });
    await contacts.http.post('/api/chats').set(admin.auth).send(room).expect(201);
    const group = { kind: 'group', name: 'Our group' };
    await contacts.http.post('/api/chats').set(alice.auth).send(group).expect(201);
  });

  it('is made by an admin who enters it, and others then join it', async () => {
    const root = await TestSocket.connect(contacts, admin);
    expect(await root.command('join-room', 'made-by-root')).toMatchObject({ ok: true });
    root.close();
    const socket = await TestSocket.connect(contacts, alice);
    expect(await socket.command('join-room', 'made-by-root')).toMatchObject({ ok: true });
    socket.close();
  });

  it('cannot be made by somebody who was an admin when the socket was opened', async () => {
    const former = await registerUser(everyone);
    const role = (name: string) =>
      everyone.http
        .put(`/api/admin/users/${former.id}/role`)
        .set(admin.auth)
        .send({ role: name })
        .expect(200);
    await role('admin');
    const socket = await TestSocket.connect(contacts, former);
    await role('user');
    const joined = await socket.command('join-room', 'made-by-a-former-admin');
    expect(joined).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
    socket.close();
  });
});
