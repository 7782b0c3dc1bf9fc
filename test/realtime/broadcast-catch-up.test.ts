/** What people who come, and people who change nodes, hear of broadcasts. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import type { TestServer, TestUser } from '../support/server.js';
import { registerUser, startServer } from '../support/server.js';
import { TestSocket, settled } from '../support/socket.js';

interface Listed {
  id: string;
  number: number;
  message: string;
  isRead: boolean;
}

// Without Redis the other node learns of a broadcast up to a second later.
describe('a node that hears of broadcasts late', () => {
  let nodes: [TestServer, TestServer];
  let admin: TestUser;
  const open: TestSocket[] = [];
  beforeAll(async () => {
    const env = { ...ADMIN_ENV, JWT_EXPIRES_IN: '52w' };
    const first = await startServer({ env });
    nodes = [first, await startServer({ env, mongodbUri: first.mongodbUri })];
    admin = await loginAdmin(first);
  });
  afterEach(() => {
    for (const socket of open.splice(0)) socket.close();
  });
  afterAll(async () => {
    for (const node of [...nodes].reverse()) await node.close();
  });

  const connect = async (node: TestServer, user: TestUser, dialect = 'native') => {
    const socket = await TestSocket.connect(node, user, { dialect });
    open.push(socket);
    return socket;
  };
  const broadcast = async (node: TestServer, message: string): Promise<Listed> => {
    const body = { message };
    const made = await node.http.post('/api/admin/broadcasts').set(admin.auth).send(body);
    expect(made.status).toBe(201);
    return made.body.data as Listed;
  };
  const is = (message: string) => (payload: Record<string, unknown>) => payload.message === message;
  const heard = (socket: TestSocket): unknown[] =>
    socket.heard
      .filter(({ event }) => event === 'admin_broadcast')
      .map(({ payload }) => payload.message);
  const list = async (user: TestUser, query: object = {}) => {
    const page = await nodes[0].http.get('/api/broadcasts').query(query).set(user.auth).expect(200);
    return page.body as { data: Listed[]; unreadCount: number; hasMore: boolean };
  };

  it('shows each once to somebody who changes nodes as soon as they hear one', async () => {
    const hopper = await registerUser(nodes[0]);
    const stays = await registerUser(nodes[0]);
    const witnesses = [await connect(nodes[0], stays), await connect(nodes[1], stays)];
    let socket = await connect(nodes[0], hopper);
    const all: unknown[] = [];
    const said: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      const [here, there] = round % 2 === 0 ? [0, 1] : [1, 0];
      const message = `Round ${round}`;
      said.push(message);
      await broadcast(nodes[here]!, message);
      await socket.next('admin_broadcast', is(message));
      socket.close();
      all.push(...heard(socket));
      socket = await connect(nodes[there]!, hopper);
      await witnesses[there]!.next('admin_broadcast', is(message));
      await settled(socket);
    }
    all.push(...heard(socket));
    expect(all).toEqual(said);
    for (const witness of witnesses) expect(heard(witness)).toEqual(said);
  });

  it('shows none twice to somebody who comes and goes meanwhile, and lists them all', async () => {
    const hopper = await registerUser(nodes[0]);
    const said: string[] = [];
    let isOver = false;
    const speak = (async () => {
      for (let i = 0; i < 30; i += 1) {
        said.push(`Quick ${i}`);
        await broadcast(nodes[i % 2]!, `Quick ${i}`);
      }
      isOver = true;
    })();
    const all: unknown[] = [];
    for (let hop = 0; !isOver; hop += 1) {
      const socket = await connect(nodes[hop % 2]!, hopper);
      await settled(socket);
      socket.close();
      all.push(...heard(socket));
    }
    await speak;
    const last = await connect(nodes[0], hopper);
    await broadcast(nodes[0], 'The end');
    await last.next('admin_broadcast', is('The end'));
    all.push(...heard(last));

    expect(new Set(all).size).toBe(all.length);
    const { data, unreadCount } = await list(hopper);
    expect(data.map(({ message }) => message).reverse()).toEqual([...said, 'The end']);
    expect(unreadCount).toBe(said.length + 1);
  });

  it('brings the newest that were missed as events, and says where the others are', async () => {
    const reader = await registerUser(nodes[0]);
    const said: string[] = [];
    for (let i = 0; i < 53; i += 1) {
      said.push(`Missed ${i}`);
      await broadcast(nodes[0], `Missed ${i}`);
    }
    const socket = await connect(nodes[0], reader);
    const { unreadCount, before } = (await socket.next('unread_broadcasts')) as {
      unreadCount: number;
      before: number;
    };
    expect(heard(socket)).toEqual(said.slice(3));
    expect(unreadCount).toBe(53);
    const rest = await list(reader, { before });
    expect(rest.data.map(({ message }) => message).reverse()).toEqual(said.slice(0, 3));
    expect(rest.hasMore).toBe(false);

    const page = await list(reader, { limit: 20 });
    expect(page.hasMore).toBe(true);
    const next = await list(reader, { limit: 20, before: page.data.at(-1)!.number });
    expect(next.data[0]!.message).toBe(said[32]);

    const again = await connect(nodes[1], reader);
    expect(await again.next('unread_broadcasts')).toEqual({ unreadCount: 53, before: null });
    expect(heard(again)).toEqual([]);
  });

  it('takes them as read over the socket, and tells all my devices how many are left', async () => {
    const reader = await registerUser(nodes[0]);
    const [one, two] = [await broadcast(nodes[0], 'One'), await broadcast(nodes[0], 'Two')];
    const [phone, v0] = [await connect(nodes[0], reader), await connect(nodes[0], reader, 'v0')];
    // Each device that comes is told, and the others with it.
    await eventually(() => phone.count('unread_broadcasts') === 2);
    phone.clear();
    expect(await v0.command('read_broadcast', { broadcastId: one.id })).toEqual({
      ok: true,
      data: { unreadCount: 1 },
    });
    expect(await phone.next('unread_broadcasts')).toEqual({ unreadCount: 1, before: null });
    expect((await list(reader)).data).toMatchObject([
      { id: two.id, isRead: false },
      { id: one.id, isRead: true },
    ]);
    expect(await phone.command('read_broadcast', { broadcastId: two.id })).toMatchObject({
      data: { unreadCount: 0 },
    });
    await eventually(() => phone.count('unread_broadcasts') === 2);
    // Reading an older one takes nothing back.
    expect(await phone.command('read_broadcast', { broadcastId: one.id })).toMatchObject({
      data: { unreadCount: 0 },
    });
    const stranger = await connect(nodes[0], await registerUser(nodes[0]));
    expect(await stranger.command('read_broadcast', { broadcastId: two.id })).toMatchObject({
      ok: false,
      error: { code: 'NOT_FOUND' },
    });
    expect(await stranger.command('read_broadcast', {})).toMatchObject({
      ok: false,
      error: { code: 'VALIDATION' },
    });
  });
});
