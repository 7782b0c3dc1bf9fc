import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import type { RedisProcess } from '../support/redis-process.js';
import { startRedis } from '../support/redis-process.js';
import { eventually } from '../support/eventually.js';
import type { TestServer, TestUser } from '../support/server.js';
import { registerUser, startServer } from '../support/server.js';
import { TestSocket, settled } from '../support/socket.js';

/** People connected, and as many who are not; raise it to measure. */
const PEOPLE = Number(process.env.BROADCAST_PEOPLE ?? 40);
const HOUR = 3_600_000;

interface Broadcast {
  id: string;
  number: number | null;
  status: string;
}

interface Statistics {
  recipients: number;
  delivered: number;
  read: number;
}

describe('broadcasting over two nodes', () => {
  let redis: RedisProcess;
  let first: TestServer;
  let second: TestServer;
  let admin: TestUser;
  let database: MongoClient;
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead };
  const open: TestSocket[] = [];
  const said = new Set<unknown>();
  const earlier = new Set<unknown>();
  beforeAll(async () => {
    redis = await startRedis();
    const env = { ...ADMIN_ENV, REDIS_URL: redis.url, JWT_EXPIRES_IN: '52w' };
    first = await startServer({ env, clock });
    second = await startServer({ env, clock, mongodbUri: first.mongodbUri });
    admin = await loginAdmin(first);
    database = await MongoClient.connect(first.mongodbUri);
  });
  afterEach(() => {
    for (const message of said) earlier.add(message);
    for (const socket of open.splice(0)) socket.close();
  });
  afterAll(async () => {
    await database.close();
    await second.close();
    await first.close();
    await redis.kill();
  });

  const connect = async (
    node: TestServer,
    user: TestUser,
    dialect = 'native',
  ): Promise<TestSocket> => {
    const socket = await TestSocket.connect(node, user, { dialect });
    open.push(socket);
    return socket;
  };
  const broadcast = async (
    body: { message: string; [option: string]: unknown },
    node = first,
  ): Promise<Broadcast> => {
    said.add(body.message);
    const response = await node.http.post('/api/admin/broadcasts').set(admin.auth).send(body);
    expect(response.status).toBe(201);
    return response.body.data as Broadcast;
  };
  const detail = async (id: string): Promise<Broadcast & { statistics: Statistics }> => {
    const response = await first.http.get(`/api/admin/broadcasts/${id}`).set(admin.auth);
    return response.body.data as Broadcast & { statistics: Statistics };
  };
  const inbox = async (user: TestUser) => {
    const response = await first.http.get('/api/broadcasts').set(user.auth).expect(200);
    return response.body as {
      data: { id: string; message: string; isRead: boolean }[];
      unreadCount: number;
    };
  };
  /** What a socket heard, but for broadcasts of earlier tests, which an admin finds on connecting. */
  const heard = (socket: TestSocket): unknown[] =>
    socket.heard
      .filter(({ event }) => event === 'admin_broadcast')
      .map(({ payload }) => payload.message)
      .filter((message) => !earlier.has(message));
  const is = (message: string) => (payload: Record<string, unknown>) => payload.message === message;
  /** Does something for many, a few at a time. */
  const forMany = async <T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> => {
    const made: T[] = [];
    for (let i = 0; i < count; i += 20) {
      const batch = Array.from({ length: Math.min(20, count - i) }, (_, k) => make(i + k));
      made.push(...(await Promise.all(batch)));
    }
    return made;
  };

  it(`reaches ${PEOPLE} connected and ${PEOPLE} absent people once each, and is stored once`, async () => {
    const nodeOf = (index: number) => (index % 2 === 0 ? first : second);
    const present = await forMany(PEOPLE, (i) => registerUser(nodeOf(i)));
    const absent = await forMany(PEOPLE, (i) => registerUser(nodeOf(i)));
    const sockets = await forMany(PEOPLE, (i) => connect(nodeOf(i), present[i]!));

    const sent = await broadcast({ message: 'To you all' });
    await Promise.all(sockets.map((socket) => socket.next('admin_broadcast', is('To you all'))));
    await settled(...sockets);
    for (const socket of sockets) expect(heard(socket)).toEqual(['To you all']);
    await eventually(async () => (await detail(sent.id)).statistics.delivered === PEOPLE);

    const returned = await forMany(PEOPLE, (i) => connect(nodeOf(i + 1), absent[i]!));
    await Promise.all(returned.map((socket) => socket.next('admin_broadcast', is('To you all'))));
    await eventually(async () => (await detail(sent.id)).statistics.delivered === 2 * PEOPLE);
    for (const socket of returned) socket.close();
    const again = await forMany(PEOPLE, (i) => connect(nodeOf(i), absent[i]!));
    await broadcast({ message: 'And again' }, second);
    await Promise.all(again.map((socket) => socket.next('admin_broadcast', is('And again'))));
    for (const socket of again) expect(heard(socket)).toEqual(['And again']);
    for (const socket of returned) expect(heard(socket)).toEqual(['To you all']);

    expect((await detail(sent.id)).statistics).toEqual({
      recipients: 2 * PEOPLE + 1,
      delivered: 2 * PEOPLE,
      read: 0,
    });
    const stored = database.db().collection('broadcasts');
    expect(await stored.countDocuments({ message: 'To you all' })).toBe(1);
    expect(await database.db().collection('messages').countDocuments({})).toBe(0);
  }, 240_000);

  it('keeps for each person what they have read', async () => {
    const [reader, other] = [await registerUser(first), await registerUser(second)];
    const one = await broadcast({ message: 'One' });
    const two = await broadcast({ message: 'Two' });
    expect(await inbox(reader)).toMatchObject({ unreadCount: 2 });
    const read = await second.http.post(`/api/broadcasts/${one.id}/read`).set(reader.auth);
    expect(read.body.data).toEqual({ unreadCount: 1 });
    const mine = await inbox(reader);
    expect(mine.data.map(({ message, isRead }) => [message, isRead])).toEqual([
      ['Two', false],
      ['One', true],
    ]);
    expect(await inbox(other)).toMatchObject({ unreadCount: 2 });
    expect((await detail(one.id)).statistics.read).toBe(1);
    expect((await detail(two.id)).statistics.read).toBe(0);
  });

  it('reaches only the role or the people that it is for', async () => {
    const [listed, left] = [await registerUser(first), await registerUser(first)];
    const [listening, leftOut] = [await connect(second, listed), await connect(second, left)];
    const boss = await connect(first, admin, 'v0');
    await broadcast({ message: 'Board only', audience: 'role', role: 'admin' });
    await broadcast({ message: 'You alone', audience: 'list', userIds: [listed.id] });
    await broadcast({ message: 'Everybody' });
    await Promise.all(
      [listening, leftOut].map((socket) => socket.next('admin_broadcast', is('Everybody'))),
    );
    expect(heard(listening)).toEqual(['You alone', 'Everybody']);
    expect(heard(leftOut)).toEqual(['Everybody']);
    const v0 = await boss.next(
      'admin_broadcast',
      ({ data }) => (data as { message: string }).message === 'Board only',
    );
    expect(v0).toMatchObject({ success: true, data: { senderId: admin.id, messageType: 'text' } });
    expect((await inbox(left)).data.map(({ message }) => message)).not.toContain('You alone');
    const refused = await first.http
      .post(`/api/broadcasts/${(await inbox(listed)).data[1]!.id}/read`)
      .set(left.auth);
    expect(refused.status).toBe(404);
  });

  it('sends what is scheduled once, when its time has come, and not what was cancelled', async () => {
    const user = await registerUser(first);
    const sockets = [await connect(first, user), await connect(second, user)];
    const at = (ms: number) => new Date(clock.now() + ms).toISOString();
    const cancelled = await broadcast({ message: 'Never', scheduledAt: at(HOUR) });
    const kept = await broadcast({ message: 'In an hour', scheduledAt: at(HOUR + 1) }, second);
    expect([cancelled.status, kept.status]).toEqual(['scheduled', 'scheduled']);
    const cancel = () =>
      second.http.post(`/api/admin/broadcasts/${cancelled.id}/cancel`).set(admin.auth);
    expect((await cancel()).body.data.status).toBe('cancelled');
    expect((await cancel()).body.code).toBe('CONFLICT');

    ahead += 2 * HOUR;
    await Promise.all(sockets.map((socket) => socket.next('admin_broadcast', is('In an hour'))));
    await broadcast({ message: 'Afterwards' });
    await Promise.all(sockets.map((socket) => socket.next('admin_broadcast', is('Afterwards'))));
    for (const socket of sockets) expect(heard(socket)).toEqual(['In an hour', 'Afterwards']);
    expect((await detail(cancelled.id)).number).toBeNull();
    const sent = await first.http
      .post(`/api/admin/broadcasts/${kept.id}/cancel`)
      .set(admin.auth)
      .expect(409);
    expect(sent.body.code).toBe('CONFLICT');
  });

  it('makes one of retries on two nodes, and numbers without gaps', async () => {
    const clientMessageId = randomUUID();
    const made = await Promise.all(
      [first, second, first, second].map(async (node) => {
        const body = { message: 'Once', clientMessageId };
        const response = await node.http.post('/api/admin/broadcasts').set(admin.auth).send(body);
        return (response.body as { data: Broadcast }).data.id;
      }),
    );
    expect(new Set(made).size).toBe(1);
    await Promise.all([first, second, first].map((node) => broadcast({ message: 'Many' }, node)));
    const stored = await database
      .db()
      .collection('broadcasts')
      .find({ status: 'sent' })
      .sort({ number: 1 })
      .toArray();
    expect(stored.map(({ number }) => number as number)).toEqual(stored.map((_, i) => i + 1));
  });

  it('refuses an id that stands for another broadcast, whatever is different', async () => {
    const later = new Date(clock.now() + HOUR).toISOString();
    const [one, two] = [await registerUser(first), await registerUser(first)];
    const list = { audience: 'list', userIds: [one.id, two.id] };
    const original = {
      message: 'To two',
      ...list,
      scheduledAt: later,
      clientMessageId: randomUUID(),
    };
    const { id } = await broadcast(original);
    const again = await broadcast({ ...original, userIds: [two.id, one.id] }, second);
    expect(again.id).toBe(id);
    for (const change of [
      { message: 'To three' },
      { messageType: 'image' },
      { audience: 'all', userIds: undefined },
      { audience: 'role', role: 'user', userIds: undefined },
      { userIds: [one.id] },
      { userIds: [one.id, admin.id] },
      { scheduledAt: undefined },
      { scheduledAt: new Date(clock.now() + 2 * HOUR).toISOString() },
    ]) {
      const { status, body } = await second.http
        .post('/api/admin/broadcasts')
        .set(admin.auth)
        .send({ ...original, ...change });
      expect([change, status, body.code]).toEqual([change, 409, 'CLIENT_MESSAGE_ID_REUSED']);
    }
    await first.http.post(`/api/admin/broadcasts/${id}/cancel`).set(admin.auth).expect(200);
  });

  it('does not count those whose account was closed', async () => {
    const [stays, goes] = [await registerUser(first), await registerUser(first)];
    const { id } = await broadcast({
      message: 'To both',
      audience: 'list',
      userIds: [stays.id, goes.id],
    });
    for (const user of [stays, goes]) {
      await first.http.post(`/api/broadcasts/${id}/read`).set(user.auth).expect(200);
    }
    expect((await detail(id)).statistics).toEqual({ recipients: 2, delivered: 2, read: 2 });
    await first.http.post(`/api/admin/users/${goes.id}/deactivate`).set(admin.auth).expect(200);
    expect((await detail(id)).statistics).toEqual({ recipients: 1, delivered: 1, read: 1 });
  });

  it('takes the command from admins alone, whatever they were when they connected', async () => {
    const helper = await registerUser(first);
    const setRole = (role: string) =>
      first.http.put(`/api/admin/users/${helper.id}/role`).set(admin.auth).send({ role });
    await setRole('admin').expect(200);
    const socket = await connect(second, helper, 'v0');
    const payload = { message: 'Important announcement!', messageType: 'text' };
    expect(await socket.command('admin_broadcast', payload)).toMatchObject({
      ok: true,
      data: { status: 'sent' },
    });
    await setRole('user').expect(200);
    expect(await socket.command('admin_broadcast', payload)).toMatchObject({
      ok: false,
      error: { code: 'FORBIDDEN' },
    });
  });

  it('reaches the other node without Redis', async () => {
    const socket = await connect(second, await registerUser(second));
    await redis.kill();
    await broadcast({ message: 'No doorbell' });
    expect(await socket.next('admin_broadcast', is('No doorbell'))).toMatchObject({
      senderId: admin.id,
    });
    redis = await startRedis(redis.port);
  });
});
