/** The limits of the documents, as they stand by default, over REST and socket, devices and nodes. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/index.js';
import { untilHealth } from '../support/health.js';
import type { RedisProcess } from '../support/redis-process.js';
import { startRedis } from '../support/redis-process.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

const DEFAULTS = loadConfig({ NODE_ENV: 'test' });
const MESSAGES = DEFAULTS.rateLimitMessagesPerMinute;
const CONVERSATIONS = DEFAULTS.rateLimitConversationsPerHour;

/** Seconds until a limit's window is over: not none, and not more than the window. */
const expectRetryAfter = (seconds: unknown, windowSeconds: number): void => {
  expect(Number.isInteger(seconds)).toBe(true);
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(windowSeconds);
};

describe('limits', () => {
  it('are by default those of the documents', () => {
    expect(DEFAULTS).toMatchObject({
      rateLimitMessagesPerMinute: 30,
      rateLimitConversationsPerHour: 10,
      rateLimitGeneralPer15Min: 100,
      rateLimitAuthPer15Min: 5,
      rateLimitRegisterPerHour: 20,
    });
  });
});

describe('limits per user, with two nodes on one Redis', () => {
  let redis: RedisProcess;
  let nodes: [TestServer, TestServer];
  beforeAll(async () => {
    redis = await startRedis();
    const env = {
      REDIS_URL: redis.url,
      RATE_LIMIT_MESSAGES_PER_MINUTE: '',
      RATE_LIMIT_CONVERSATIONS_PER_HOUR: '',
    };
    const first = await startServer({ env });
    nodes = [first, await startServer({ env, mongodbUri: first.mongodbUri })];
    await Promise.all(nodes.map((node) => untilHealth(node, 'ok')));
  });
  afterAll(async () => {
    await nodes[1].close();
    await nodes[0].close();
    await redis.kill();
  });

  it('allow 30 messages a minute over both nodes, both transports and all dialects', async () => {
    const { alice, bob, chatId } = await openDirectChat(nodes[0]);
    const sockets = await Promise.all(nodes.map((node) => TestSocket.connect(node, alice)));
    const bySocket = (socket: TestSocket, event: string, payload: object) => async () => {
      const ack = await socket.command(event, payload);
      return ack.ok ? undefined : ack.error;
    };
    const byRest = (node: TestServer, path: string, body: object) => async () => {
      const response = await node.http.post(path).set(alice.auth).send(body);
      if (response.status < 300) return undefined;
      const { code, retryAfter } = response.body as { code: string; retryAfter: number };
      expect(response.status).toBe(429);
      expect(response.headers['retry-after']).toBe(String(retryAfter));
      return { code, retryAfter };
    };
    const ways = [
      bySocket(sockets[0]!, 'send_message', { chatId, content: 'native' }),
      bySocket(sockets[1]!, 'send_message', { receiverId: bob.id, message: 'v0' }),
      bySocket(sockets[0]!, 'send:message', { conversationId: chatId, text: 'conversation' }),
      bySocket(sockets[1]!, 'send-message', { room: chatId, content: 'room' }),
      byRest(nodes[0], '/api/messages', { chatId, content: 'native' }),
      byRest(nodes[1], '/api/chat/message', { conversationId: chatId, text: 'conversation' }),
      byRest(nodes[0], '/api/v0/chat/send', { receiverId: bob.id, message: 'v0' }),
    ];
    const refusals = [];
    for (let i = 0; i < MESSAGES + ways.length; i += 1)
      refusals.push(await ways[i % ways.length]!());

    expect(refusals.slice(0, MESSAGES)).toEqual(Array(MESSAGES).fill(undefined));
    for (const refusal of refusals.slice(MESSAGES)) {
      expect(refusal).toMatchObject({ code: 'RATE_LIMITED' });
      expectRetryAfter(refusal?.retryAfter, 60);
    }
    const page = await nodes[1].http.get(`/api/chats/${chatId}/messages`).set(bob.auth).expect(200);
    expect(page.body.pagination).toMatchObject({ total: MESSAGES });
    await nodes[0].http
      .post('/api/messages')
      .set(bob.auth)
      .send({ chatId, content: 'Bob has a limit of his own' })
      .expect(201);
    for (const socket of sockets) socket.close();
  });

  it('do not count a retry of a message that was sent', async () => {
    const { alice, chatId } = await openDirectChat(nodes[0]);
    const send = (node: TestServer, clientMessageId: string) =>
      node.http
        .post('/api/messages')
        .set(alice.auth)
        .send({ chatId, content: 'once', clientMessageId });
    await send(nodes[0], 'retried').expect(201);
    for (let i = 0; i < 5; i += 1) await send(nodes[i % 2]!, 'retried').expect(200);
    for (let i = 1; i < MESSAGES; i += 1) await send(nodes[i % 2]!, `m${i}`).expect(201);
    await send(nodes[0], 'one too many').expect(429);
  });

  it('allow 10 new conversations an hour over both nodes and all dialects', async () => {
    const alice = await registerUser(nodes[0]);
    const others = await Promise.all(
      Array.from({ length: CONVERSATIONS + 3 }, () => registerUser(nodes[0])),
    );
    const ways = [
      (other: TestUser) => nodes[0].http.get(`/api/v0/chat/conversation/${other.id}`),
      (other: TestUser) => nodes[1].http.get(`/api/chat/conversation/${other.id}`),
      (other: TestUser) =>
        nodes[0].http.post('/api/chats/or-create').send({ recipientId: other.id }),
    ];
    const open = (i: number) => ways[i % ways.length]!(others[i]!).set(alice.auth);
    for (let i = 0; i < CONVERSATIONS; i += 1) {
      const { status } = await open(i);
      expect([i, status < 300]).toEqual([i, true]);
    }
    for (let i = CONVERSATIONS; i < others.length; i += 1) {
      const { status, body, headers } = await open(i);
      expect([status, body]).toMatchObject([429, { success: false, code: 'RATE_LIMITED' }]);
      expectRetryAfter((body as { retryAfter: number }).retryAfter, 3600);
      expect(headers['retry-after']).toBe(String((body as { retryAfter: number }).retryAfter));
    }
    const known = await open(0);
    expect(known.status).toBe(200);
    const socket = await TestSocket.connect(nodes[1], alice);
    const refused = await socket.command('send_message', {
      receiverId: others.at(-1)!.id,
      message: 'opens a conversation',
    });
    expect(refused).toMatchObject({ ok: false, error: { code: 'RATE_LIMITED' } });
    expectRetryAfter(refused.error.retryAfter, 3600);
    socket.close();
  });
});

describe('limits of what costs much, per user', () => {
  let node: TestServer;
  beforeAll(async () => {
    node = await startServer({
      env: {
        RATE_LIMIT_CHANGES_PER_MINUTE: '3',
        RATE_LIMIT_LIVE_PER_MINUTE: '3',
        RATE_LIMIT_LOOKUPS_PER_MINUTE: '3',
        RATE_LIMIT_SIGNALS_PER_MINUTE: '3',
        RATE_LIMIT_SYNC_PER_MINUTE: '3',
      },
    });
  });
  afterAll(async () => {
    await node.close();
  });

  /** Two people in a chat with a message, each with a device. */
  const setUp = async () => {
    const { alice, bob, chatId } = await openDirectChat(node);
    const [a, phone, b] = await Promise.all(
      [alice, alice, bob].map((user) => TestSocket.connect(node, user)),
    );
    const sent = await a!.command<{ id: string }>('send_message', { chatId, content: 'one' });
    return { alice, bob, chatId, messageId: sent.data.id, a: a!, phone: phone!, b: b! };
  };
  type Call = () => Promise<{ code: string; retryAfter?: number } | undefined>;
  const bySocket =
    (socket: TestSocket, event: string, payload: object): Call =>
    async () => {
      const ack = await socket.command(event, payload);
      return ack.ok ? undefined : ack.error;
    };
  const byRest =
    (method: 'get' | 'post' | 'put', path: string, user: TestUser, body?: object): Call =>
    async () => {
      const response = await node.http[method](path).set(user.auth).send(body);
      if (response.status < 300) return undefined;
      const { code, retryAfter } = response.body as { code: string; retryAfter: number };
      expect([response.status, response.headers['retry-after']]).toEqual([429, `${retryAfter}`]);
      return { code, retryAfter };
    };
  /** Makes the calls: the first three are taken, the others refused, and those of `other` taken again. */
  const expectLimit = async (calls: Call[], other: Call): Promise<void> => {
    const refusals = [];
    for (const call of calls) refusals.push(await call());
    expect(refusals.slice(0, 3)).toEqual([undefined, undefined, undefined]);
    expect(calls.length).toBeGreaterThan(3);
    for (const refusal of refusals.slice(3)) {
      expect(refusal).toMatchObject({ code: 'RATE_LIMITED' });
      expectRetryAfter(refusal?.retryAfter, 60);
    }
    expect(await other()).toBeUndefined();
  };

  it('hold for changes of messages, over devices and transports', async () => {
    const { a, alice, b, chatId, messageId, phone } = await setUp();
    const react = (user: TestUser) =>
      byRest('post', `/api/messages/${messageId}/react`, user, { emoji: '👍' });
    await expectLimit(
      [
        bySocket(a, 'edit_message', { messageId, content: 'two' }),
        byRest('put', `/api/messages/${messageId}`, alice, { content: 'three' }),
        bySocket(phone, 'add_reaction', { messageId, emoji: '🎉' }),
        react(alice),
        bySocket(phone, 'delete_message', { messageId }),
        bySocket(a, 'delete:message', { messageId, deleteForEveryone: true }),
      ],
      bySocket(b, 'add_reaction', { messageId, emoji: '🎉' }),
    );
    const sent = await a.command('send_message', { chatId, content: 'a message is no change' });
    expect(sent.ok).toBe(true);
  });

  it('hold for syncs', async () => {
    const { a, alice, b, phone } = await setUp();
    await expectLimit(
      [
        bySocket(a, 'sync', {}),
        byRest('post', '/api/sync', alice, {}),
        bySocket(phone, 'sync', {}),
        bySocket(a, 'sync', {}),
        byRest('post', '/api/sync', alice, {}),
      ],
      bySocket(b, 'sync', {}),
    );
  });

  it('hold for searches and lists of who is online', async () => {
    const { a, alice, bob, chatId } = await setUp();
    const search = (user: TestUser) => byRest('get', '/api/search/messages?q=one', user);
    await expectLimit(
      [
        search(alice),
        byRest('get', `/api/chats/${chatId}/search?q=one`, alice),
        bySocket(a, 'online-users', { room: chatId }),
        byRest('get', '/api/users/online', alice),
        search(alice),
        byRest('get', '/api/users/search?q=user', alice),
      ],
      search(bob),
    );
  });

  it('hold for typing and statuses in all dialects, but never the end of typing', async () => {
    const { a, b, bob, chatId, phone } = await setUp();
    await expectLimit(
      [
        bySocket(a, 'typing', { chatId }),
        bySocket(phone, 'typing_start', { receiverId: bob.id }),
        bySocket(a, 'set_status', { status: 'busy' }),
        bySocket(a, 'typing:start', { conversationId: chatId }),
        bySocket(phone, 'typing-start', { room: chatId }),
        bySocket(phone, 'user-status', { status: 'away' }),
      ],
      bySocket(b, 'typing', { chatId }),
    );
    expect(await bySocket(a, 'stop_typing', { chatId })()).toBeUndefined();
  });

  it('hold for live streams: beginning, joining, and what is said there', async () => {
    const { a, b, bob, chatId, phone } = await setUp();
    const started = await b.command<{ liveId: string }>('start_live', { title: 'Live', chatId });
    const { liveId } = started.data;
    await expectLimit(
      [
        bySocket(a, 'join_live', { liveId }),
        bySocket(a, 'live_comment', { liveId, content: 'hello' }),
        bySocket(a, 'live_signal', { liveId, to: bob.id, data: { sdp: 'x' } }),
        bySocket(a, 'live_reaction', { liveId, emoji: '👍' }),
        bySocket(phone, 'join_live', { liveId }),
        bySocket(phone, 'start_live', { title: 'Mine', chatId }),
      ],
      bySocket(b, 'live_comment', { liveId, content: 'welcome' }),
    );
    expect(await bySocket(a, 'leave_live', { liveId })()).toBeUndefined();
  });
});
