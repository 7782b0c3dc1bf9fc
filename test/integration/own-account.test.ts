/** One's own logins: listed and ended; and one's own account: closed. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import type { TestServer, TestUser } from '../support/server.js';
import { registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

let server: TestServer;
/** Another node over the same database; it hears of changes through the database alone. */
let other: TestServer;
let admin: TestUser;
/** Minutes that the clocks are ahead. */
let ahead = 0;
const clock = { now: () => Date.now() + ahead * 60_000 };

beforeAll(async () => {
  server = await startServer({ env: ADMIN_ENV, clock });
  other = await startServer({ mongodbUri: server.mongodbUri, clock });
  admin = await loginAdmin(server);
});
afterAll(async () => {
  await other.close();
  await server.close();
});

interface Login {
  id: string;
  device: string;
  isCurrent: boolean;
  createdAt: string;
}

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

const loginOf = async (
  { username }: TestUser,
  userAgent = FIREFOX,
): Promise<TestUser['auth'] & { token: string }> => {
  const { body } = await server.http
    .post('/api/auth/login')
    .set('User-Agent', userAgent)
    .send({ username, password: 'test123' })
    .expect(200);
  const { token } = (body as { data: { token: string } }).data;
  return { Authorization: `Bearer ${token}`, token };
};
const list = async (auth: { Authorization: string }): Promise<Login[]> => {
  const { Authorization } = auth;
  const { body } = await server.http.get('/api/auth/sessions').set({ Authorization }).expect(200);
  return (body as { data: Login[] }).data;
};
const isGone = (socket: TestSocket) => eventually(() => !socket.raw.connected);

describe('the logins of a user', () => {
  it('are listed with their devices, and one of them is this one', async () => {
    const user = await registerUser(server);
    await loginOf(user);
    const logins = await list(user.auth);
    expect(logins.length).toBe(2);
    expect(logins.filter(({ isCurrent }) => isCurrent).length).toBe(1);
    expect(logins.find(({ isCurrent }) => !isCurrent)).toMatchObject({
      device: 'Firefox on Linux',
      userAgent: FIREFOX,
      ip: expect.stringContaining('127.0.0.1'),
    });
  });

  it('end one by one, with their sockets, on every node within a second', async () => {
    const user = await registerUser(server);
    const thief = await loginOf(user);
    const sockets = await Promise.all([
      TestSocket.connect(server, thief),
      TestSocket.connect(other, thief),
      TestSocket.connect(other, user),
    ]);
    const { id } = (await list(user.auth)).find(({ isCurrent }) => !isCurrent)!;
    const stranger = await registerUser(server);
    const end = (by: TestUser, on = server) =>
      on.http.delete(`/api/auth/sessions/${id}`).set(by.auth);
    await end(stranger).expect(404);
    await end(user).expect(200);
    const start = Date.now();
    await Promise.all([isGone(sockets[0]), isGone(sockets[1])]);
    expect(Date.now() - start).toBeLessThan(3000);
    const { Authorization } = thief;
    await other.http.get('/api/auth/me').set({ Authorization }).expect(401);
    await end(user).expect(404);
    expect(sockets[2].raw.connected).toBe(true);
    sockets[2].close();
    expect((await list(user.auth)).length).toBe(1);
  });

  it('end all but this one', async () => {
    const user = await registerUser(server);
    const others = [await loginOf(user), await loginOf(user, '')];
    const { body } = await server.http.delete('/api/auth/sessions').set(user.auth).expect(200);
    expect(body).toMatchObject({ data: { endedSessions: 2 } });
    for (const { Authorization } of others) {
      await server.http.get('/api/auth/me').set({ Authorization }).expect(401);
    }
    expect(await list(user.auth)).toMatchObject([{ isCurrent: true }]);
  });
});

describe('one’s own account', () => {
  const close = (user: TestUser, body: object = {}) =>
    server.http.delete('/api/users/me').set(user.auth).send(body);

  it('is closed by the password, or by a fresh login, and by nothing else', async () => {
    const user = await registerUser(server);
    const fresh = await registerUser(server);
    await close(fresh).expect(200);
    await server.http
      .get('/api/auth/me')
      .set(fresh.auth)
      .expect((answer) => {
        expect([401, 403]).toContain(answer.status);
      });
    ahead += 11;
    const stale = await close(user).expect(403);
    expect(stale.body).toMatchObject({ code: 'FRESH_LOGIN_REQUIRED' });
    const wrong = await close(user, { password: 'not it' }).expect(401);
    expect(wrong.body).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    await close(user, { password: 'test123' }).expect(200);
    const credentials = { username: user.username, password: 'test123' };
    const login = await server.http.post('/api/auth/login').send(credentials).expect(403);
    expect(login.body).toMatchObject({ code: 'ACCOUNT_DEACTIVATED' });
    const { body } = await server.http.get('/api/admin/audit').set(admin.auth).expect(200);
    expect((body as { data: object[] }).data).toContainEqual(
      expect.objectContaining({ action: 'users.close_own', subject: user.id, outcome: 'done' }),
    );
  });

  it('passes its groups on, and ends its sockets', async () => {
    const [owner, member] = await Promise.all([registerUser(server), registerUser(server)]);
    const group = { kind: 'group', name: 'Passed on' };
    const made = await server.http.post('/api/chats').set(owner.auth).send(group).expect(201);
    const chatId = (made.body as { data: { id: string } }).data.id;
    const invite = await server.http
      .post(`/api/chats/${chatId}/invites`)
      .set(owner.auth)
      .send({})
      .expect(201);
    const { code } = (invite.body as { data: { code: string } }).data;
    await server.http.post(`/api/invites/${code}/accept`).set(member.auth).expect(200);
    const socket = await TestSocket.connect(other, owner);
    await close(owner, { password: 'test123' }).expect(200);
    await isGone(socket);
    await eventually(async () => {
      const { body } = await server.http.get(`/api/chats/${chatId}/members`).set(member.auth);
      const members = (body as { data: { user?: { id: string }; id?: string; role: string }[] })
        .data;
      return (
        members.some(({ role }) => role === 'owner') && JSON.stringify(members).includes(member.id)
      );
    });
  });

  it('stays open when it is that of the last admin', async () => {
    const { body } = await close(admin, { password: 'test123' }).expect(409);
    expect(body).toMatchObject({ code: 'LAST_ADMIN' });
  });
});
