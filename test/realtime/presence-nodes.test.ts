import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import { about, heardOf } from '../support/presence.js';
import type { RedisProcess } from '../support/redis-process.js';
import { startRedis } from '../support/redis-process.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket, settled } from '../support/socket.js';

const LEASE_MS = 1500;

describe('presence on two nodes', () => {
  let redis: RedisProcess;
  let first: TestServer;
  let second: TestServer;
  let admin: Redis;
  const open: TestSocket[] = [];
  beforeAll(async () => {
    redis = await startRedis();
    admin = new Redis(redis.url, { retryStrategy: () => 100 });
    admin.on('error', () => undefined);
    const env = {
      REDIS_URL: redis.url,
      PRESENCE_GRACE_MS: '50',
      PRESENCE_LEASE_MS: String(LEASE_MS),
    };
    first = await startServer({ env });
    second = await startServer({ env, mongodbUri: first.mongodbUri });
  });
  afterEach(() => {
    for (const socket of open.splice(0)) socket.close();
  });
  afterAll(async () => {
    admin.disconnect();
    await second.close();
    await first.close();
    await redis.kill();
  });

  const connect = async (node: TestServer, user: TestUser): Promise<TestSocket> => {
    const socket = await TestSocket.connect(node, user, { dialect: 'native' });
    open.push(socket);
    return socket;
  };
  const isOnline = async (node: TestServer, viewer: TestUser, user: TestUser): Promise<boolean> => {
    const response = await node.http.get(`/api/users/${user.id}/status`).set(viewer.auth);
    return (response.body as { data: { isOnline: boolean } }).data.isOnline;
  };
  const nodesOf = async (userId: string): Promise<string[]> => {
    const nodes = await admin.zrange('{presence}:nodes', 0, '-1');
    const marks = await Promise.all(
      nodes.map((node) => admin.sismember(`{presence}:node:${node}`, userId)),
    );
    return nodes.filter((_, index) => marks[index] === 1);
  };

  it('announces a user once, on the first node they come to and the last they leave', async () => {
    const { alice, bob } = await openDirectChat(first);
    const listeners = [await connect(first, bob), await connect(second, bob)];
    const here = await connect(first, alice);
    for (const listener of listeners) {
      await listener.next('presence_changed', about(alice, 'online'));
    }
    const there = await connect(second, alice);
    await eventually(async () => (await nodesOf(alice.id)).length === 2);
    expect(await isOnline(second, bob, alice)).toBe(true);

    here.close();
    await eventually(async () => (await nodesOf(alice.id)).length === 1);
    expect(await isOnline(first, bob, alice)).toBe(true);
    there.close();
    for (const listener of listeners) {
      await listener.next('presence_changed', about(alice, 'offline'));
    }
    await settled(...listeners);
    for (const listener of listeners) {
      expect(heardOf(listener, alice)).toEqual(['online', 'offline']);
    }
  });

  it('hides somebody on every node as soon as they hide on one', async () => {
    const { alice, bob, chatId } = await openDirectChat(first);
    const listener = await connect(first, bob);
    await listener.command('join_chat', { chatId });
    const [here, there] = [await connect(first, alice), await connect(second, alice)];
    await listener.next('presence_changed', about(alice, 'online'));
    await here.command('set_status', { status: 'offline' });
    await listener.next('presence_changed', about(alice, 'offline'));
    await eventually(async () => !(await isOnline(second, bob, alice)));

    await there.command('join_chat', { chatId });
    const third = await connect(second, alice);
    await third.command('join_chat', { chatId });
    third.close();
    await there.command('set_status', { status: 'away' });
    await listener.next('presence_changed', about(alice, 'away'));
    expect(heardOf(listener, alice)).toEqual(['online', 'offline', 'away']);
    expect(listener.count('user_online')).toBe(0);
  });

  it('announces the users of a node whose lease has ended, and last saw them while it lived', async () => {
    const { alice, bob } = await openDirectChat(first);
    const listener = await connect(first, bob);
    // What a node leaves behind that was killed: its users, and a lease that nobody renews.
    const lostAt = Date.now() - 5000;
    await admin.sadd('{presence}:node:dead', alice.id, bob.id);
    await admin.zadd('{presence}:nodes', lostAt + LEASE_MS, 'dead');

    const gone = await listener.next('presence_changed', about(alice, 'offline'));
    expect(Date.parse(gone.lastSeen as string)).toBe(lostAt);
    await eventually(async () => (await admin.exists('{presence}:node:dead')) === 0);
    expect(await admin.zscore('{presence}:nodes', 'dead')).toBeNull();
    await settled(listener);
    expect(heardOf(listener, alice)).toEqual(['offline']);
    expect(await isOnline(second, alice, bob)).toBe(true);
  });

  it('takes back what was said of a node that was only slow', async () => {
    const { alice, bob } = await openDirectChat(first);
    const listener = await connect(first, bob);
    await connect(second, alice);
    await listener.next('presence_changed', about(alice, 'online'));
    const [node] = await nodesOf(alice.id);
    const others = (await admin.zrange('{presence}:nodes', 0, '-1')).filter((id) => id !== node);
    expect(others).toHaveLength(1);
    // Another node has taken all its users and marked it, as it does with a dead one.
    await admin
      .multi()
      .del(`{presence}:node:${node!}`)
      .zrem('{presence}:nodes', node!)
      .set(`{presence}:lapsed:${node!}`, '1')
      .exec();
    listener.clear();
    await listener.next('presence_changed', about(alice, 'online'));
    expect(await isOnline(first, bob, alice)).toBe(true);
  });

  it('lets go of its users when a node goes down, and the others announce them', async () => {
    const { alice, bob } = await openDirectChat(first);
    const listener = await connect(first, bob);
    const third = await startServer({
      env: { REDIS_URL: redis.url, PRESENCE_GRACE_MS: '50', PRESENCE_LEASE_MS: '60000' },
      mongodbUri: first.mongodbUri,
    });
    await connect(third, alice);
    await listener.next('presence_changed', about(alice, 'online'));
    await third.close();
    await listener.next('presence_changed', about(alice, 'offline'));
    expect(heardOf(listener, alice)).toEqual(['online', 'offline']);
  });

  it('goes on with its own sockets while Redis is away, and sees all nodes again afterwards', async () => {
    const { alice, bob, chatId } = await openDirectChat(first);
    await connect(second, alice);
    await eventually(() => isOnline(first, bob, alice));
    await redis.kill();

    const began = performance.now();
    const listener = await connect(second, bob);
    expect(await listener.command('join_chat', { chatId })).toMatchObject({ ok: true });
    expect(await isOnline(second, bob, alice)).toBe(true);
    // Nothing waits for Redis; what waits for it does so for as long as it is away.
    expect(performance.now() - began).toBeLessThan(8000);
    await eventually(async () => !(await isOnline(first, bob, alice)));

    redis = await startRedis(redis.port);
    await eventually(() => isOnline(first, bob, alice));
  });

  it('puts right on every node what was not heard, or wrongly said, while Redis was away', async () => {
    const { alice, bob } = await openDirectChat(first);
    const carol = await registerUser(first);
    await openChatBetween(first, carol, bob);
    const listener = await connect(first, bob);
    const [here, , gone] = [
      await connect(first, alice),
      await connect(second, alice),
      await connect(second, carol),
    ];
    await listener.next('presence_changed', about(alice, 'online'));
    await listener.next('presence_changed', about(carol, 'online'));
    await eventually(async () => (await nodesOf(alice.id)).length === 2);
    await redis.kill();

    // The first node cannot know that she is on the second one, nor that somebody has left that one.
    here.close();
    await listener.next('presence_changed', about(alice, 'offline'));
    gone.close();
    await eventually(async () => !(await isOnline(second, bob, carol)));
    expect(heardOf(listener, carol)).toEqual(['online']);

    redis = await startRedis(redis.port);
    await eventually(() => heardOf(listener, alice).at(-1) === 'online');
    await eventually(() => heardOf(listener, carol).at(-1) === 'offline');
    expect(await isOnline(first, bob, alice)).toBe(true);
  });
});
