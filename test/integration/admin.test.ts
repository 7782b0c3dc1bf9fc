import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ObjectId } from 'mongodb';
import { openAccounts } from '../support/accounts.js';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { closeAfterEach } from '../support/closing.js';
import { eventually } from '../support/eventually.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

describe('administration', () => {
  const closeAfter = closeAfterEach();
  let server: TestServer;
  let admin: TestUser;
  beforeAll(async () => {
    server = await startServer({ env: ADMIN_ENV });
    admin = await loginAdmin(server);
  });
  afterAll(async () => {
    await server.close();
  });

  const post = (path: string, body: object = {}, by = admin) =>
    server.http.post(path).set(by.auth).send(body);
  const setRole = (user: TestUser, role: string, by = admin) =>
    server.http.put(`/api/admin/users/${user.id}/role`).set(by.auth).send({ role });
  const me = (user: TestUser) => server.http.get('/api/auth/me').set(user.auth);

  it('refuses everybody else', async () => {
    const user = await registerUser(server);
    await server.http.get('/api/admin/users').expect(401);
    const refused = await server.http.get('/api/admin/users').set(user.auth).expect(403);
    expect(refused.body.code).toBe('FORBIDDEN');
    const socket = await TestSocket.connect(server, user);
    for (const [event, payload] of [
      ['admin_broadcast', { message: 'x' }],
      ['admin_message_user', { message: 'x', userId: admin.id }],
    ] as const) {
      expect(await socket.command(event, payload)).toMatchObject({
        ok: false,
        error: { code: 'FORBIDDEN' },
      });
    }
    socket.close();
  });

  it('lists and finds accounts, closed ones too', async () => {
    const user = await registerUser(server, `finn_${Date.now().toString(36)}`);
    await post(`/api/admin/users/${user.id}/deactivate`).expect(200);
    const found = await server.http
      .get('/api/admin/users')
      .query({ q: user.username, status: 'deactivated' })
      .set(admin.auth)
      .expect(200);
    expect(found.body.data).toEqual([
      expect.objectContaining({
        id: user.id,
        email: `${user.username}@example.com`,
        role: 'user',
        isActive: false,
      }),
    ]);
    expect(found.body.data[0]).not.toHaveProperty('passwordHash');
    const admins = await server.http
      .get('/api/admin/users')
      .query({ role: 'admin' })
      .set(admin.auth);
    expect(admins.body.pagination).toMatchObject({ total: 1 });
  });

  it('closes an account with its connections, and opens it again', async () => {
    const user = await registerUser(server);
    const socket = await TestSocket.connect(server, user);
    await post(`/api/admin/users/${user.id}/deactivate`).expect(200);
    await socket.closed();
    expect((await me(user)).status).not.toBe(200);
    const login = { username: user.username, password: 'test123' };
    expect((await server.http.post('/api/auth/login').send(login)).status).not.toBe(200);
    await post(`/api/admin/users/${user.id}/reactivate`).expect(200);
    await server.http.post('/api/auth/login').send(login).expect(200);
  });

  it('opens an account without the logins that a server left which stopped while closing it', async () => {
    const user = await registerUser(server);
    await post(`/api/admin/users/${user.id}/deactivate`).expect(200);
    const accounts = await openAccounts(server);
    closeAfter(() => accounts.close());
    const sessions = accounts.db.collection('refreshtokens');
    const mine = { userId: new ObjectId(user.id) };
    // The logins end right after the account.
    await eventually(
      async () => (await sessions.countDocuments({ ...mine, revokedAt: null })) === 0,
    );
    await sessions.updateMany(mine, { $set: { revokedAt: null } });
    await post(`/api/admin/users/${user.id}/reactivate`).expect(200);
    await me(user).expect(401);
    const { refreshToken } = user;
    await server.http.post('/api/auth/refresh').send({ refreshToken }).expect(401);
  });

  it('leaves the logins of an account that is open when it is opened again', async () => {
    const user = await registerUser(server);
    await post(`/api/admin/users/${user.id}/reactivate`).expect(200);
    await me(user).expect(200);
  });

  it('ends all logins of a user', async () => {
    const user = await registerUser(server);
    const socket = await TestSocket.connect(server, user);
    const ended = await post(`/api/admin/users/${user.id}/logout-all`).expect(200);
    expect(ended.body.data).toEqual({ ended: 1 });
    await socket.closed();
    await me(user).expect(401);
  });

  it('never lets the last admin go, also when two remove each other', async () => {
    for (const refused of [
      await setRole(admin, 'user'),
      await post(`/api/admin/users/${admin.id}/deactivate`),
    ]) {
      expect([refused.status, refused.body.code]).toEqual([409, 'LAST_ADMIN']);
    }
    const other = await registerUser(server);
    await setRole(other, 'admin').expect(200);
    await Promise.all([setRole(admin, 'user', other), setRole(other, 'user', admin)]);
    const left = await Promise.all([me(admin), me(other)]);
    expect(left.map(({ body }) => body.data.role as string)).toContain('admin');
    const [first] = left[0].body.data.role === 'admin' ? [admin] : [other];
    await setRole(admin, 'admin', first).expect(200);
    await setRole(other, 'user').expect(200);
  });

  it('writes to a person whatever became of their request, by REST and socket', async () => {
    const user = await registerUser(server);
    const listener = await TestSocket.connect(server, user, { dialect: 'v0' });
    const request = await post('/api/chats/or-create', { recipientId: user.id }).expect(201);
    expect(request.body.data.status).toBe('pending');
    const body = { userId: user.id, message: 'Hello from admin', messageType: 'text' };
    const sent = await post('/api/admin/send-to-user', body).expect(201);
    expect(sent.body.data).toMatchObject({ content: 'Hello from admin', senderId: admin.id });
    expect(await listener.next('new_message')).toMatchObject({
      data: { message: 'Hello from admin', senderId: admin.id },
    });
    const socket = await TestSocket.connect(server, admin);
    expect(await socket.command('admin_message_user', { ...body, message: 'More' })).toMatchObject({
      ok: true,
      data: { content: 'More', chatId: request.body.data.id as string },
    });
    socket.close();
    listener.close();
  });

  it('keeps what a reported message said, and resolves a report once', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const sent = await post('/api/messages', { chatId, content: 'You fool' }, alice);
    const messageId = sent.body.data.id as string;
    const path = `/api/messages/${messageId}/report`;
    const reported = await post(path, { reason: 'rude' }, bob).expect(201);
    const again = await post(path, { reason: 'very rude' }, bob).expect(200);
    expect(again.body.data).toEqual(reported.body.data);
    await post(path, { reason: 'mine' }, alice).expect(403);
    await post(path, { reason: 'nosy' }, await registerUser(server)).expect(404);

    await server.http
      .put(`/api/messages/${messageId}`)
      .set(alice.auth)
      .send({ content: 'You friend' })
      .expect(200);
    await server.http.delete(`/api/messages/${messageId}`).set(alice.auth).expect(200);
    await post(path, { reason: 'late' }, bob).expect(410);

    const queue = await server.http
      .get('/api/admin/reports')
      .query({ status: 'open' })
      .set(admin.auth)
      .expect(200);
    expect(queue.body.data[0]).toMatchObject({
      id: reported.body.data.reportId as string,
      reason: 'rude',
      reporter: { id: bob.id },
      snapshot: { content: 'You fool', sender: { id: alice.id } },
    });
    const resolve = `/api/admin/reports/${reported.body.data.reportId as string}/resolve`;
    const resolved = await post(resolve, { note: 'Warned' }).expect(200);
    expect(resolved.body.data).toMatchObject({
      status: 'resolved',
      note: 'Warned',
      resolvedBy: admin.id,
    });
    expect((await post(resolve, { note: 'Again' }).expect(409)).body.code).toBe('CONFLICT');
  });

  it('notes every action, newest first, page by page', async () => {
    const user = await registerUser(server);
    await setRole(user, 'admin').expect(200);
    await setRole(user, 'user').expect(200);
    await post(`/api/admin/users/${user.id}/logout-all`).expect(200);
    // Logins are noted a little later than they happen, so in between.
    const ofUser = { userId: user.id, action: 'users.' };
    const page = await server.http
      .get('/api/admin/audit')
      .query({ ...ofUser, limit: 2 })
      .set(admin.auth)
      .expect(200);
    const events = page.body.data as { id: string; action: string; subject: string }[];
    expect(events).toMatchObject([
      {
        action: 'users.end_sessions',
        subject: user.id,
        actorId: admin.id,
        outcome: 'done',
        details: { ended: 1 },
      },
      { action: 'users.set_role', subject: user.id, details: { role: 'user' } },
    ]);
    expect(page.body.hasMore).toBe(true);
    const next = await server.http
      .get('/api/admin/audit')
      .query({ ...ofUser, limit: 1, before: events[1]!.id })
      .set(admin.auth)
      .expect(200);
    expect(next.body.data).toMatchObject([
      { action: 'users.set_role', subject: user.id, details: { role: 'admin' } },
    ]);
  });

  it('notes an action before it is done, and how it ended', async () => {
    const accounts = await openAccounts(server);
    closeAfter(() => accounts.close());
    const events = accounts.db.collection('auditevents');
    const user = await registerUser(server);
    const action = 'users.deactivate';
    const noted = new Promise<unknown>((resolve) => {
      server.app.bus.subscribe([
        {
          event: 'user.deactivated',
          phase: 'effects',
          on: 'origin',
          does: 'reads what is noted by now',
          run: async ({ userId }) => {
            if (userId === user.id) resolve(await events.findOne({ subject: userId, action }));
          },
        },
      ]);
    });
    await post(`/api/admin/users/${user.id}/deactivate`).expect(200);
    expect(await noted).toMatchObject({ outcome: 'begun' });
    expect(await events.findOne({ subject: user.id, action })).toMatchObject({ outcome: 'done' });

    await setRole(admin, 'user').expect(409);
    expect(
      await events.findOne({ subject: admin.id, action: 'users.set_role' }, { sort: { _id: -1 } }),
    ).toMatchObject({
      outcome: 'failed',
      details: { role: 'user', code: 'LAST_ADMIN' },
    });
  });

  it('leaves an entry of what the server did not live to end', async () => {
    const accounts = await openAccounts(server);
    closeAfter(() => accounts.close());
    const user = await registerUser(server);
    const events = accounts.db.collection('auditevents');
    await events.insertOne({
      actorId: new ObjectId(admin.id),
      action: 'users.deactivate',
      subject: user.id,
      outcome: 'begun',
      at: new Date(),
    });
    const filter = { action: 'users.deactivate', limit: 1 };
    const page = await server.http.get('/api/admin/audit').query(filter).set(admin.auth);
    expect(page.body.data).toMatchObject([{ subject: user.id, outcome: 'begun' }]);
  });
});
