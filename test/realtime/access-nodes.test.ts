/**
 * Two nodes that cannot hear each other, because their Redis is not there: whoever is removed, signed
 * out, closed or blocked on one of them hears nothing more on the other, and whoever is added does.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { freePort } from '../support/parley-process.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket, settled } from '../support/socket.js';

describe('on a node that hears nothing of the others', () => {
  let one: TestServer;
  let two: TestServer;
  const open: TestSocket[] = [];
  beforeAll(async () => {
    const env = { ...ADMIN_ENV, REDIS_URL: `redis://127.0.0.1:${await freePort()}` };
    one = await startServer({ env });
    two = await startServer({ env, mongodbUri: one.mongodbUri });
  });
  afterEach(() => {
    for (const socket of open.splice(0)) socket.close();
  });
  afterAll(async () => {
    await two.close();
    await one.close();
  });

  const connect = async (user: TestUser): Promise<TestSocket> => {
    const socket = await TestSocket.connect(two, user, { dialect: 'native' });
    open.push(socket);
    return socket;
  };
  const newGroup = async (owner: TestUser, members: TestUser[]): Promise<string> => {
    for (const member of members) await openChatBetween(one, owner, member);
    const response = await one.http
      .post('/api/chats')
      .set(owner.auth)
      .send({ kind: 'group', name: 'Team', memberIds: members.map(({ id }) => id) })
      .expect(201);
    return (response.body as { data: { id: string } }).data.id;
  };
  const hasHeard = (socket: TestSocket, content: string) =>
    socket.heard.some(({ payload }) => JSON.stringify(payload).includes(content));

  it('a member who is removed leaves the chat', async () => {
    const [owner, bob, carol] = [
      await registerUser(one),
      await registerUser(one),
      await registerUser(one),
    ];
    const groupId = await newGroup(owner, [bob, carol]);
    const [b, c] = [await connect(bob), await connect(carol)];
    await b.command('join_chat', { chatId: groupId });
    await c.command('join_chat', { chatId: groupId });
    await c.command('send_message', { chatId: groupId, content: 'everybody here' });
    await b.next('message_received');

    await one.http.delete(`/api/chats/${groupId}/members/${bob.id}`).set(owner.auth).expect(200);
    expect(await b.next('members_removed')).toMatchObject({ chatId: groupId, userIds: [bob.id] });
    expect(await c.next('members_removed')).toMatchObject({ userIds: [bob.id] });
    await c.command('send_message', { chatId: groupId, content: 'among ourselves' });
    await c.command('typing', { chatId: groupId });
    await c.next('message_received', ({ content }) => content === 'among ourselves');
    await settled(b);
    expect(hasHeard(b, 'among ourselves')).toBe(false);
    expect(b.count('user_typing')).toBe(0);
    expect(await b.command('send_message', { chatId: groupId, content: 'me too' })).toMatchObject({
      ok: false,
      error: { code: 'NOT_FOUND' },
    });
  });

  it('a member who is added hears the chat at once, and a chat that is opened is there', async () => {
    const [owner, bob, carol] = [
      await registerUser(one),
      await registerUser(one),
      await registerUser(one),
    ];
    const groupId = await newGroup(owner, [carol]);
    const [b, c] = [await connect(bob), await connect(carol)];
    const chatId = await openChatBetween(one, owner, bob);
    await b.next('members_added', (event) => event.chatId === chatId);
    await one.http
      .post(`/api/chats/${groupId}/members`)
      .set(owner.auth)
      .send({ userIds: [bob.id] })
      .expect(200);
    await b.next('members_added', (event) => event.chatId === groupId);
    await c.command('send_message', { chatId: groupId, content: 'welcome' });
    expect(await b.next('unread_message')).toMatchObject({ message: { content: 'welcome' } });
  });

  it('a login that ends takes its sockets along, and only those', async () => {
    const { alice } = await openDirectChat(one);
    const phone = await connect(alice);
    const login = await one.http
      .post('/api/auth/login')
      .send({ username: alice.username, password: 'test123' })
      .expect(200);
    const laptop = await connect({
      ...alice,
      token: (login.body as { data: TestUser }).data.token,
    });
    await one.http.post('/api/auth/logout').set(alice.auth).expect(200);
    await phone.closed();
    await settled(laptop);
    expect([phone.raw.connected, laptop.raw.connected]).toEqual([false, true]);
    await one.http
      .post('/api/auth/logout-all')
      .set({ Authorization: `Bearer ${(login.body as { data: TestUser }).data.token}` })
      .expect(200);
    await laptop.closed();
  });

  it('a login whose used refresh token comes again takes its sockets along', async () => {
    const alice = await registerUser(one);
    const here = await TestSocket.connect(one, alice, { dialect: 'native' });
    open.push(here);
    const there = await connect(alice);
    const refresh = async (refreshToken: string): Promise<string> => {
      const { body } = await one.http.post('/api/auth/refresh').send({ refreshToken });
      return (body as { data?: TestUser }).data?.refreshToken ?? (body as { code: string }).code;
    };
    let newest = alice.refreshToken;
    for (let i = 0; i < 3; i += 1) newest = await refresh(newest);
    expect(await refresh(alice.refreshToken)).toBe('REFRESH_REUSED');
    await Promise.all([here.closed(), there.closed()]);
    expect(await refresh(newest)).toBe('UNAUTHENTICATED');
  });

  it('an account that is closed takes its sockets along', async () => {
    const admin = await loginAdmin(one);
    const bob = await registerUser(one);
    const b = await connect(bob);
    await one.http.post(`/api/admin/users/${bob.id}/deactivate`).set(admin.auth).expect(200);
    await b.closed();
    await expect(TestSocket.connect(two, bob)).rejects.toMatchObject({
      data: { code: 'ACCOUNT_DEACTIVATED' },
    });
  });

  it('an admin who is one no longer cannot act as one', async () => {
    const admin = await loginAdmin(one);
    const bob = await registerUser(one);
    const setRole = (role: string) =>
      one.http.put(`/api/admin/users/${bob.id}/role`).set(admin.auth).send({ role }).expect(200);
    await setRole('admin');
    const b = await connect(bob);
    const roleOnTwo = () =>
      two.app.sockets.registry.socketsIn(`user:${bob.id}`)[0]?.data.actor.role;
    expect(roleOnTwo()).toBe('admin');
    await setRole('user');
    while (roleOnTwo() === 'admin') await settled(b);
    expect(roleOnTwo()).toBe('user');
  });

  it('a block silences both', async () => {
    const { alice, bob, chatId } = await openDirectChat(one);
    const [a, b] = [await connect(alice), await connect(bob)];
    await a.command('join_chat', { chatId });
    await b.command('send_message', { chatId, content: 'hello' });
    await one.http.post(`/api/chats/${chatId}/block`).set(alice.auth).expect(200);
    let answer = await b.command('send_message', { chatId, content: 'again' });
    while (answer.ok) answer = await b.command('send_message', { chatId, content: 'again' });
    expect(answer.error.code).toBe('BLOCKED');
    a.clear();
    await b.command('typing', { chatId });
    await settled(a);
    expect(a.count('user_typing')).toBe(0);
  });
});
