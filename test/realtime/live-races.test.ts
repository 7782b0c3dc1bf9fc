/** Devices that go, and people who lose their right, while a command about a live stream is under way. */
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { liveCommands } from '../../src/api/native/live/live.commands.js';
import { createChatAccess, defineChatModels } from '../../src/modules/chats/index.js';
import type { ChatEvents } from '../../src/modules/chats/index.js';
import type { LiveEvents, LiveModule } from '../../src/modules/live/index.js';
import { createLive, defineLiveModels } from '../../src/modules/live/index.js';
import type { AccessChangeEvents } from '../../src/modules/access-changes/index.js';
import type { UserDirectory, UserEvents } from '../../src/modules/users/index.js';
import { audiences } from '../../src/shared/audience.js';
import { EventBus } from '../../src/platform/event-bus.js';
import { silentLogger } from '../support/logger.js';
import type { Database } from '../../src/platform/mongo.js';
import { connectDatabase } from '../../src/platform/mongo.js';
import { objectId } from '../../src/platform/object-id.js';
import type { CallerSocket } from '../../src/transport/socket/command.js';
import { systemClock } from '../../src/shared/clock.js';
import { eventually } from '../support/eventually.js';
import type { ProxiedServer } from '../support/proxied-server.js';
import { startProxiedServer } from '../support/proxied-server.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';
import type { TcpProxy } from '../support/tcp-proxy.js';

describe('a device that goes while it comes to a live stream', () => {
  let proxied: ProxiedServer;
  let proxy: TcpProxy;
  let server: TestServer;
  const open: TestSocket[] = [];
  beforeAll(async () => {
    proxied = await startProxiedServer({ env: { LIVE_GRACE_MS: '300' } });
    ({ proxy, server } = proxied);
  });
  afterEach(() => {
    proxy.set('pass');
    jest.restoreAllMocks();
    for (const socket of open.splice(0)) socket.close();
  });
  afterAll(async () => {
    await proxied.close();
  });

  const connect = async (user: TestUser): Promise<TestSocket> => {
    const socket = await TestSocket.connect(server, user, { dialect: 'native' });
    open.push(socket);
    return socket;
  };
  /** Sends a command, and hangs up while the server waits for its database; resolves when both are over. */
  const hangUpDuring = async (
    { id }: TestUser,
    socket: TestSocket,
    event: string,
    payload: unknown,
  ): Promise<void> => {
    const command = server.app.commands.find((one) => one.event === event)!;
    const handle = jest.spyOn(command, 'handle');
    proxy.set('freeze');
    socket.raw.emit(event, payload);
    await eventually(() => handle.mock.calls.length === 1);
    socket.close();
    await eventually(() => server.app.sockets.registry.countIn(`user:${id}`) === 0);
    proxy.set('pass');
    await Promise.allSettled(handle.mock.results.map(({ value }) => value as Promise<unknown>));
  };
  const listFor = async (user: TestUser): Promise<Record<string, unknown>[]> => {
    const response = await server.http.get('/api/live').set(user.auth).expect(200);
    return (response.body as { data: Record<string, unknown>[] }).data;
  };

  it('leaves a stream without a host, which ends when nobody comes back', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const [host, viewer] = [await connect(alice), await connect(bob)];
    await hangUpDuring(alice, host, 'start_live', { title: 'Live', chatId });
    // It was announced, so it runs, or has run by now.
    const { liveId } = await viewer.next('live_started');
    await eventually(async () => (await listFor(bob)).length === 0);
    const late = await viewer.command('join_live', { liveId });
    expect(late.error.code).toBe('NOT_FOUND');
  }, 30_000);

  it('is not counted among the viewers', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const [host, viewer] = [await connect(alice), await connect(bob)];
    const started = await host.command<{ liveId: string }>('start_live', { title: 'Live', chatId });
    const { liveId } = started.data;
    await hangUpDuring(bob, viewer, 'join_live', { liveId });
    expect(await listFor(alice)).toMatchObject([{ liveId, viewerCount: 0 }]);
    const signal = await host.command('live_signal', { liveId, to: bob.id, data: {} });
    expect(signal.error.code).toBe('NOT_FOUND');
  });
});

describe('somebody who loses the right while coming to a live stream', () => {
  const logger = silentLogger();
  let server: TestServer;
  /** Another node's live streams: events come to it when the test says so. */
  let database: Database;
  let bus: EventBus<ChatEvents & LiveEvents & AccessChangeEvents & UserEvents>;
  let live: LiveModule;
  /** The users whose devices were taken out of a stream. */
  let putOut: string[];
  beforeAll(async () => {
    server = await startServer();
    database = await connectDatabase(
      server.mongodbUri,
      { databaseTimeoutMs: 2000 },
      logger,
      (connection) => {
        defineLiveModels(connection);
        defineChatModels(connection);
      },
    );
  });
  beforeEach(() => {
    bus = new EventBus(logger);
    putOut = [];
    const card = (id: string) => Promise.resolve({ id, username: id });
    const { access } = createChatAccess({
      connection: database.connection,
      clock: { now: () => Date.now() },
      accessChanges: { post: () => Promise.resolve() },
      // The feed confirms the cache: only what the node is told makes it ask again.
      freshness: { confirmedAt: Infinity, droppedAt: -Infinity },
      hasWritten: () => Promise.resolve(false),
    });
    live = createLive({
      connection: database.connection,
      config: { liveGraceMs: 15_000 },
      access,
      directory: { card } as unknown as UserDirectory,
      statusOf: () => Promise.resolve({ role: 'user', isDeactivated: false }),
      sending: undefined as never,
      words: { assertNames: () => undefined, screen: () => undefined },
      bus,
      clock: systemClock,
      sockets: {
        leave: (_liveId, userId) => {
          if (userId !== undefined) putOut.push(userId);
        },
      },
    });
    bus.subscribe([...access.subscriptions, ...live.subscriptions]);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await database.close();
    await server.close();
  });

  const newGroup = async () => {
    const [owner, member] = [await registerUser(server), await registerUser(server)];
    await openChatBetween(server, owner, member);
    const response = await server.http
      .post('/api/chats')
      .set(owner.auth)
      .send({ kind: 'group', name: 'Team', memberIds: [member.id] })
      .expect(201);
    const chatId = (response.body as { data: { id: string } }).data.id;
    const remove = async () => {
      await server.http
        .delete(`/api/chats/${chatId}/members/${member.id}`)
        .set(owner.auth)
        .expect(200);
    };
    const removeAndTell = async () => {
      await remove();
      bus.emit(
        'members.removed',
        { chatId, userIds: [member.id], actorId: owner.id, audience: audiences.chat(chatId) },
        { scope: 'node' },
      );
    };
    return { owner, member, chatId, remove, removeAndTell };
  };
  const call = async (user: TestUser, event: string, payload: unknown) => {
    const rooms = new Set<string>();
    const socket: Partial<CallerSocket> = {
      id: `${user.id} device`,
      isConnected: true,
      join: (room) => rooms.add(room),
      leave: (room) => rooms.delete(room),
    };
    const command = liveCommands({ live: live.api }).find((one) => one.event === event)!;
    const actor = { userId: user.id, role: 'user', sessionId: 'any' };
    const context = { actor, socket } as unknown as Parameters<typeof command.handle>[0];
    const outcome = command.handle(context, payload as never).then(
      ({ data }) => (data as { liveId: string }).liveId,
      (error: { code: string }) => error.code,
    );
    return { outcome: await outcome, rooms };
  };
  const collections = () => ({
    streams: database.connection.collection('livestreams'),
    viewers: database.connection.collection('liveviewers'),
  });
  const viewersOf = (liveId: string) =>
    collections().viewers.countDocuments({ liveId: objectId(liveId) });
  /** Does something else first, the next time that the operation is called. */
  const before = <T extends object, K extends keyof T & string>(
    model: T,
    operation: K,
    first: () => Promise<void>,
  ): void => {
    const original = (model[operation] as (...args: unknown[]) => unknown).bind(model);
    jest
      .spyOn(model as Record<string, () => unknown>, operation)
      .mockImplementationOnce(((...args: unknown[]) =>
        first().then(() => original(...args))) as () => unknown);
  };

  it('is not let in as a viewer', async () => {
    const { owner, member, chatId, removeAndTell } = await newGroup();
    const { outcome: liveId } = await call(owner, 'start_live', { title: 'Live', chatId });
    before(collections().viewers, 'findOne', removeAndTell);
    const joined = await call(member, 'join_live', { liveId });
    expect([joined.outcome, [...joined.rooms]]).toEqual(['NOT_FOUND', []]);
    expect(await viewersOf(liveId)).toBe(0);
  });

  it('does not get a stream of their own', async () => {
    const { owner, member, chatId, removeAndTell } = await newGroup();
    before(collections().streams, 'insertOne', removeAndTell);
    const started = await call(member, 'start_live', { title: 'Live', chatId });
    expect([started.outcome, [...started.rooms]]).toEqual(['NOT_FOUND', []]);
    const streams = await collections()
      .streams.find({ hostId: objectId(member.id) })
      .toArray();
    expect(streams).toMatchObject([{ status: 'ended', endReason: 'not_allowed' }]);
    expect((await call(owner, 'start_live', { title: 'Live', chatId })).outcome).toMatch(
      /^\w{24}$/,
    );
  });

  it('does not get into a stream that ends meanwhile', async () => {
    const { owner, member, chatId } = await newGroup();
    const { outcome: liveId } = await call(owner, 'start_live', { title: 'Live', chatId });
    before(collections().viewers, 'updateOne', async () => {
      await call(owner, 'end_live', { liveId });
    });
    const joined = await call(member, 'join_live', { liveId });
    expect([joined.outcome, [...joined.rooms]]).toEqual(['NOT_FOUND', []]);
    expect(await viewersOf(liveId)).toBe(0);
  });

  it('is put out by a recheck where no event tells of the removal', async () => {
    const { owner, member, chatId, remove } = await newGroup();
    const { outcome: liveId } = await call(owner, 'start_live', { title: 'Live', chatId });
    await remove();
    expect((await call(member, 'join_live', { liveId })).outcome).toBe(liveId);
    expect(await viewersOf(liveId)).toBe(1);
    bus.emit('access.recheck', { kind: 'member', userId: member.id, chatId }, { scope: 'node' });
    await eventually(async () => (await viewersOf(liveId)) === 0);
    expect(putOut).toEqual([member.id]);
  });

  it('is out at once even while the database cannot be asked', async () => {
    const { owner, member, chatId, removeAndTell } = await newGroup();
    const { outcome: liveId } = await call(owner, 'start_live', { title: 'Live', chatId });
    await call(member, 'join_live', { liveId });
    before(collections().viewers, 'deleteOne', () => Promise.reject(new Error('away')));
    await removeAndTell();
    expect(putOut).toEqual([member.id]);
  });
});
