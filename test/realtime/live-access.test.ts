/**
 * Who may no longer take part in a live stream is put out of it, and a stream whose host may not go on
 * ends, on every node: whether the nodes hear each other or not.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient, ObjectId } from 'mongodb';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/parley-process.js';
import type { RedisProcess } from '../support/redis-process.js';
import { startRedis } from '../support/redis-process.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket, settled } from '../support/socket.js';

describe.each([
  { title: 'that hear each other', hasRedis: true },
  { title: 'that hear nothing of each other', hasRedis: false },
])('live streams on two nodes $title', ({ hasRedis }) => {
  let redis: RedisProcess | undefined;
  let one: TestServer;
  let two: TestServer;
  let database: MongoClient;
  let admin: TestUser;
  const open: TestSocket[] = [];
  beforeAll(async () => {
    redis = hasRedis ? await startRedis() : undefined;
    const env = {
      ...ADMIN_ENV,
      REDIS_URL: redis?.url ?? `redis://127.0.0.1:${await freePort()}`,
    };
    one = await startServer({ env });
    two = await startServer({ env, mongodbUri: one.mongodbUri });
    database = await MongoClient.connect(one.mongodbUri);
    admin = await loginAdmin(one);
  });
  afterEach(() => {
    for (const socket of open.splice(0)) socket.close();
  });
  afterAll(async () => {
    await database.close();
    await two.close();
    await one.close();
    await redis?.kill();
  });

  const connect = async (node: TestServer, user: TestUser): Promise<TestSocket> => {
    const socket = await TestSocket.connect(node, user, { dialect: 'native' });
    open.push(socket);
    return socket;
  };
  const streamTo = async (host: TestSocket, chatId: string, viewers: TestSocket[]) => {
    const started = await host.command<{ liveId: string }>('start_live', { title: 'Live', chatId });
    const { liveId } = started.data;
    for (const viewer of viewers) {
      expect(await viewer.command('join_live', { liveId })).toMatchObject({ ok: true });
    }
    return liveId;
  };
  const listFor = async (node: TestServer, user: TestUser): Promise<Record<string, unknown>[]> => {
    const response = await node.http.get('/api/live').set(user.auth).expect(200);
    return (response.body as { data: Record<string, unknown>[] }).data;
  };
  /** What commands about a stream are refused with. */
  const refusals = async (socket: TestSocket, liveId: string, to: TestUser): Promise<string[]> => {
    const commands: [string, Record<string, unknown>][] = [
      ['join_live', {}],
      ['live_comment', { content: 'me too' }],
      ['live_reaction', { emoji: '👏' }],
      ['live_signal', { to: to.id, data: { type: 'offer', sdp: 'v=0' } }],
    ];
    const answers: string[] = [];
    for (const [event, payload] of commands) {
      const answer = await socket.command(event, { liveId, ...payload });
      answers.push(answer.ok ? 'ok' : answer.error.code);
    }
    return answers;
  };
  const NONE = ['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND'];

  /** A group of four: its owner and a host on the second node, a viewer on each. */
  const group = async () => {
    const [owner, host, near, far] = [
      await registerUser(one),
      await registerUser(one),
      await registerUser(one),
      await registerUser(one),
    ];
    for (const member of [host, near, far]) await openChatBetween(one, owner, member);
    const response = await one.http
      .post('/api/chats')
      .set(owner.auth)
      .send({ kind: 'group', name: 'Team', memberIds: [host.id, near.id, far.id] })
      .expect(201);
    const chatId = (response.body as { data: { id: string } }).data.id;
    const sockets = {
      host: await connect(two, host),
      near: await connect(two, near),
      far: await connect(one, far),
    };
    return { owner, host, near, far, chatId, sockets };
  };

  it.each(['is removed from', 'leaves'])(
    'end for everybody when the host %s the chat',
    async (how) => {
      const { owner, host, near, far, chatId, sockets } = await group();
      const liveId = await streamTo(sockets.host, chatId, [sockets.near, sockets.far]);
      const by = how === 'leaves' ? host : owner;
      await one.http.delete(`/api/chats/${chatId}/members/${host.id}`).set(by.auth).expect(200);
      const all = Object.values(sockets);
      for (const socket of all) {
        expect(await socket.next('live_ended')).toMatchObject({
          liveId,
          hostId: host.id,
          reason: 'not_allowed',
        });
      }
      expect([await listFor(one, far), await listFor(two, near), await listFor(two, host)]).toEqual(
        [[], [], []],
      );
      for (const socket of all) socket.clear();
      expect(await refusals(sockets.near, liveId, host)).toEqual(NONE);
      expect(await refusals(sockets.host, liveId, near)).toEqual(NONE);
      const again = await sockets.host.command('start_live', { title: 'Live', chatId });
      expect(again.error.code).toBe('NOT_FOUND');
      await settled(...all);
      for (const socket of all) {
        expect(socket.heard.filter(({ event }) => event.startsWith('live_'))).toEqual([]);
      }
    },
  );

  it('are over for a viewer who is removed, and go on for the others', async () => {
    const { owner, host, near, chatId, sockets } = await group();
    const liveId = await streamTo(sockets.host, chatId, [sockets.near]);
    await one.http.delete(`/api/chats/${chatId}/members/${near.id}`).set(owner.auth).expect(200);
    expect(await sockets.near.next('live_ended')).toMatchObject({ liveId, reason: 'not_allowed' });
    expect(await sockets.host.next('live_viewer_left')).toMatchObject({
      userId: near.id,
      viewerCount: 0,
    });
    sockets.near.clear();
    const comment = await sockets.host.command('live_comment', { liveId, content: 'we are alone' });
    expect(comment.ok).toBe(true);
    await sockets.host.next('live_comment');
    await settled(sockets.near);
    expect(sockets.near.heard.filter(({ event }) => event.startsWith('live_'))).toEqual([]);
    expect(await refusals(sockets.near, liveId, host)).toEqual(NONE);
    expect(await listFor(two, near)).toEqual([]);
    expect(await listFor(two, host)).toMatchObject([{ liveId, viewerCount: 0 }]);
    expect(sockets.host.count('live_ended')).toBe(0);
  });

  it.each(['host', 'viewer'])('end when the %s of a direct chat blocks the other', async (who) => {
    const { alice, bob, chatId } = await openDirectChat(one);
    const [host, viewer] = [await connect(two, alice), await connect(two, bob)];
    const liveId = await streamTo(host, chatId, [viewer]);
    const by = who === 'host' ? alice : bob;
    await one.http.post(`/api/chats/${chatId}/block`).set(by.auth).expect(200);
    for (const socket of [host, viewer]) {
      expect(await socket.next('live_ended')).toMatchObject({ liveId, reason: 'not_allowed' });
    }
    expect([await listFor(two, alice), await listFor(one, bob)]).toEqual([[], []]);
    expect(await refusals(viewer, liveId, alice)).toEqual(NONE);
    expect(await refusals(host, liveId, bob)).toEqual(NONE);
    const again = await host.command('start_live', { title: 'Live', chatId });
    expect(again.error.code).toBe('BLOCKED');
    await settled(host, viewer);
    expect([host.count('live_ended'), viewer.count('live_ended')]).toEqual([1, 1]);
  });

  it('end on a block while nobody but the host is there', async () => {
    const { alice, bob, chatId } = await openDirectChat(one);
    const host = await connect(two, alice);
    const liveId = await streamTo(host, chatId, []);
    await one.http.post(`/api/chats/${chatId}/block`).set(bob.auth).expect(200);
    expect(await host.next('live_ended')).toMatchObject({ liveId, reason: 'not_allowed' });
  });

  /** A stream that nobody has ended although its host may not go on, as after a crash at that moment. */
  const leftOver = async (host: TestUser, chatId: string | null): Promise<string> => {
    const { insertedId } = await database
      .db()
      .collection('livestreams')
      .insertOne({
        hostId: new ObjectId(host.id),
        title: 'Left over',
        chatId: chatId === null ? null : new ObjectId(chatId),
        status: 'live',
        hostExpiresAt: new Date(Date.now() + 600_000),
        startedAt: new Date(),
        endedAt: null,
        endReason: null,
      });
    return insertedId.toHexString();
  };

  it('are closed to both sides of a block even where nobody has ended them', async () => {
    const { alice, bob, chatId } = await openDirectChat(one);
    await one.http.post(`/api/chats/${chatId}/block`).set(bob.auth).expect(200);
    const liveId = await leftOver(alice, chatId);
    const [host, viewer] = [await connect(one, alice), await connect(one, bob)];
    expect([await listFor(one, alice), await listFor(one, bob)]).toEqual([[], []]);
    expect(await refusals(viewer, liveId, alice)).toEqual(NONE);
    expect(await refusals(host, liveId, bob)).toEqual(NONE);
    expect(await viewer.command('end_live', { liveId })).toMatchObject({
      error: { code: 'NOT_FOUND' },
    });
    expect(await host.command('end_live', { liveId })).toMatchObject({ ok: true });
  });

  it('can be ended by an admin who is not in the chat, and by no other stranger', async () => {
    const { alice, bob, chatId } = await openDirectChat(one);
    const [host, viewer] = [await connect(one, alice), await connect(one, bob)];
    const liveId = await streamTo(host, chatId, [viewer]);
    const stranger = await connect(one, await registerUser(one));
    const refused = await stranger.command('end_live', { liveId });
    expect(refused.error.code).toBe('NOT_FOUND');
    const byAdmin = await connect(one, admin);
    expect(await byAdmin.command('end_live', { liveId })).toMatchObject({ ok: true });
    for (const socket of [host, viewer]) {
      expect(await socket.next('live_ended')).toMatchObject({ liveId, reason: 'ended' });
    }
    expect(await byAdmin.command('end_live', { liveId })).toMatchObject({
      error: { code: 'NOT_FOUND' },
    });
  });

  const setRole = async (user: TestUser, role: 'admin' | 'user'): Promise<void> => {
    await one.http
      .put(`/api/admin/users/${user.id}/role`)
      .set(admin.auth)
      .send({ role })
      .expect(200);
  };

  it('to everybody end when their host is no longer an admin', async () => {
    const [former, near, far] = [
      await registerUser(one),
      await registerUser(one),
      await registerUser(one),
    ];
    await setRole(former, 'admin');
    const host = await connect(two, former);
    const viewers = [await connect(two, near), await connect(one, far)];
    const started = await host.command<{ liveId: string }>('start_live', { title: 'To all' });
    const { liveId } = started.data;
    for (const viewer of viewers) {
      expect(await viewer.command('join_live', { liveId })).toMatchObject({ ok: true });
    }
    await setRole(former, 'user');
    for (const socket of [host, ...viewers]) {
      expect(await socket.next('live_ended', (live) => live.liveId === liveId)).toMatchObject({
        hostId: former.id,
        reason: 'not_allowed',
      });
    }
    expect([await listFor(one, far), await listFor(two, near)]).toEqual([[], []]);
    expect(await refusals(viewers[0]!, liveId, former)).toEqual(NONE);
    const again = await host.command('start_live', { title: 'To all' });
    expect(again.error.code).toBe('FORBIDDEN');
  });

  it('to everybody are closed to all when their host is no admin, even where nobody has ended them', async () => {
    const former = await registerUser(one);
    const liveId = await leftOver(former, null);
    const [host, viewer] = [
      await connect(one, former),
      await connect(two, await registerUser(one)),
    ];
    expect(await listFor(two, admin)).toEqual([]);
    expect(await refusals(viewer, liveId, former)).toEqual(NONE);
    expect(await host.command('join_live', { liveId })).toMatchObject({
      error: { code: 'NOT_FOUND' },
    });
    expect(await host.command('end_live', { liveId })).toMatchObject({ ok: true });
  });

  it('that end on one node are over on the other one, too', async () => {
    const { alice, bob, chatId } = await openDirectChat(one);
    const [host, viewer] = [await connect(one, alice), await connect(two, bob)];
    const liveId = await streamTo(host, chatId, [viewer]);
    await host.command('end_live', { liveId });
    expect(await viewer.next('live_ended')).toMatchObject({ liveId, reason: 'ended' });
    const room = () => two.app.sockets.registry.countIn(`live:${liveId}`);
    await eventually(() => room() === 0);
  });
});
