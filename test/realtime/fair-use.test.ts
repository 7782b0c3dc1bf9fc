/** One account cannot stop everybody: its calls are few at a time, and counted, whatever they are. */
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import type { ProxiedServer } from '../support/proxied-server.js';
import { startProxiedServer } from '../support/proxied-server.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

const LIMITED = { ok: false, error: { code: 'RATE_LIMITED', retryAfter: expect.any(Number) } };

describe("one user's calls at a time, while the database stands still", () => {
  let world: ProxiedServer;
  beforeAll(async () => {
    world = await startProxiedServer({ env: { USER_CONCURRENCY: '' } });
  });
  afterAll(async () => {
    await world.close();
  });
  afterEach(() => {
    world.proxy.set('pass');
  });

  const SENT = 150;
  /** Under way, and waiting. */
  const TAKEN = 8 + 100;

  it.each([
    ['mark_as_read', (chatId: string) => ({ chatId })],
    ['message:read', (chatId: string) => ({ conversationId: chatId })],
    ['send_message', (chatId: string) => ({ chatId, content: 'x' })],
    ['sync', () => ({})],
  ])(
    'are 8 under way and 100 waiting over all sockets; the next is refused at once: %s',
    async (event, payload) => {
      const { alice, chatId } = await openDirectChat(world.server);
      const sockets = await Promise.all(
        Array.from({ length: 15 }, () => TestSocket.connect(world.server, alice)),
      );
      world.proxy.set('freeze');
      const startedAt = performance.now();
      let refused = 0;
      let refusedWithin = 0;
      const answers = await Promise.all(
        Array.from({ length: SENT }, async (_, i) => {
          const answer = await sockets[i % 15]!.command(event, payload(chatId));
          if (answer.ok || answer.error.code !== 'RATE_LIMITED') return answer;
          refused += 1;
          refusedWithin = performance.now() - startedAt;
          return answer;
        }),
      );
      expect(refused).toBe(SENT - TAKEN);
      expect(refusedWithin).toBeLessThan(3000);
      expect(answers).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ error: expect.objectContaining(LIMITED.error) }),
        ]),
      );
      for (const socket of sockets) socket.close();
    },
  );

  it('hold up neither another user nor /health and /ready', async () => {
    const { alice, bob, chatId } = await openDirectChat(world.server);
    const [socket, other] = await Promise.all(
      [alice, bob].map((user) => TestSocket.connect(world.server, user)),
    );
    world.proxy.set('freeze');
    const commands = Array.from({ length: TAKEN }, () =>
      socket!.command('mark_as_read', { chatId }),
    );
    await socket!.command('leave_chat', { chatId }).then((answer) => {
      expect(answer).toMatchObject(LIMITED);
    });
    expect(await other!.command('leave_chat', { chatId })).toMatchObject({ ok: true });
    for (let i = 0; i < 5; i += 1) {
      for (const path of ['/health', '/api/health', '/ready']) {
        const startedAt = performance.now();
        const { status } = await world.server.http.get(path);
        expect([200, 503]).toContain(status);
        expect(performance.now() - startedAt).toBeLessThan(1500);
      }
    }
    for (const answer of await Promise.all(commands)) expect(answer.ok).toBe(false);
    world.proxy.set('pass');
    socket!.close();
    other!.close();
  });

  it('go on when the database does', async () => {
    const { alice, chatId } = await openDirectChat(world.direct);
    const socket = await TestSocket.connect(world.server, alice);
    world.proxy.set('delay', 100);
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => socket.command('mark_as_read', { chatId })),
    );
    expect(answers.filter(({ ok }) => ok).length).toBe(16);
    socket.close();
  });
});

describe('health', () => {
  it.each(['cut', 'freeze', 'delay'] as const)(
    'is told at once while the database is behind a network that does this: %s',
    async (mode) => {
      const world = await startProxiedServer();
      try {
        world.proxy.set(mode);
        for (const path of ['/health', '/ready', '/api/health']) {
          const startedAt = performance.now();
          const { body } = await world.server.http.get(path);
          expect(body).toHaveProperty('success');
          expect(performance.now() - startedAt).toBeLessThan(1500);
        }
      } finally {
        world.proxy.set('pass');
        await world.close();
      }
    },
  );

  it('is told while every limit is reached, and with a body that is no JSON', async () => {
    const server = await startServer({
      env: {
        RATE_LIMIT_GENERAL_PER_15_MIN: '1',
        RATE_LIMIT_USER_PER_15_MIN: '1',
        OVERLOAD_LAG_MS: '1',
      },
      lagSource: { read: () => 10_000, close: () => undefined },
    });
    try {
      const health = () => server.http.get('/health');
      await eventually(async () => {
        const { body } = await health();
        return (body as { load: string }).load === 'overloaded';
      });
      await server.http.post('/api/auth/refresh').send({ refreshToken: 'x' });
      await server.http.post('/api/auth/refresh').send({ refreshToken: 'x' }).expect(429);
      for (let i = 0; i < 10; i += 1) {
        const { body, status } = await health();
        expect([status, body]).toMatchObject([200, { load: 'overloaded' }]);
      }
      await health().set('Content-Type', 'application/json').send('{').expect(200);
    } finally {
      await server.close();
    }
  });
});

describe('allowances of one user', () => {
  let node: TestServer;
  beforeAll(async () => {
    node = await startServer({
      env: {
        RATE_LIMIT_MARKS_PER_MINUTE: '4',
        RATE_LIMIT_READS_PER_MINUTE: '4',
        RATE_LIMIT_WRITES_PER_MINUTE: '8',
        RATE_LIMIT_UPLOADS_PER_MINUTE: '2',
        RATE_LIMIT_FILES_PER_MINUTE: '3',
      },
    });
  });
  afterAll(async () => {
    await node.close();
  });

  type Call = () => Promise<string | undefined>;
  const bySocket =
    (socket: TestSocket, event: string, payload: object): Call =>
    async () => {
      const ack = await socket.command(event, payload);
      return ack.ok ? undefined : ack.error.code;
    };
  const byRest =
    (method: 'get' | 'post', path: string, user: TestUser, body?: object): Call =>
    async () => {
      const response = await node.http[method](path).set(user.auth).send(body);
      return response.status < 300 ? undefined : (response.body as { code: string }).code;
    };
  const expectLimit = async (allowed: number, calls: Call[], other: Call): Promise<void> => {
    const refusals = [];
    for (const call of calls) refusals.push(await call());
    const expected = calls.map((_, i) => (i < allowed ? undefined : 'RATE_LIMITED'));
    expect(refusals).toEqual(expected);
    expect(await other()).toBeUndefined();
  };

  it('count reading, opening and the end of typing, over sockets, transports and dialects', async () => {
    const { alice, bob, chatId } = await openDirectChat(node);
    const [a, phone, b] = await Promise.all(
      [alice, alice, bob].map((user) => TestSocket.connect(node, user)),
    );
    await expectLimit(
      4,
      [
        bySocket(a!, 'mark_as_read', { chatId }),
        bySocket(phone!, 'message:read', { conversationId: chatId }),
        byRest('post', `/api/chats/${chatId}/read`, alice, {}),
        bySocket(phone!, 'stop_typing', { chatId }),
        bySocket(a!, 'join_chat', { chatId }),
        bySocket(a!, 'join:conversation', { conversationId: chatId }),
        bySocket(phone!, 'typing:stop', { conversationId: chatId }),
        byRest('post', '/api/chats/bulk-read', alice, { chatIds: [chatId] }),
        bySocket(a!, 'mark_as_read', { chatId }),
      ],
      bySocket(b!, 'mark_as_read', { chatId }),
    );
    expect(await bySocket(a!, 'leave_chat', { chatId })()).toBeUndefined();
    for (const socket of [a, phone, b]) socket!.close();
  });

  it('count what is read, in all dialects', async () => {
    const { alice, bob, chatId } = await openDirectChat(node);
    const read = (path: string) => byRest('get', path, alice);
    await expectLimit(
      4,
      [
        read(`/api/chats/${chatId}/messages`),
        read('/api/chats/active'),
        read('/api/v0/chat/conversations'),
        read('/api/chat/conversations'),
        read('/api/auth/me'),
        read(`/api/users/${bob.id}`),
        read(`/api/chats/${chatId}`),
        read('/api/live'),
      ],
      byRest('get', '/api/chats/active', bob),
    );
  });

  it('count what is written', async () => {
    const { alice, bob, chatId } = await openDirectChat(node);
    const write = (user: TestUser) => byRest('post', `/api/chats/${chatId}/archive`, user);
    // Opening the chat was one of Alice's.
    await expectLimit(
      7,
      Array.from({ length: 10 }, () => write(alice)),
      write(bob),
    );
  });

  it('count files that are fetched without a login, per address', async () => {
    const statuses = [];
    for (let i = 0; i < 5; i += 1) {
      statuses.push((await node.http.get('/media/0123456789abcdef01234567')).status);
    }
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
  });
});

describe('uploads of one user', () => {
  let node: TestServer;
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'parley-test-'));
    node = await startServer({ env: { USER_CONCURRENCY: '1', DATA_DIR: dataDir } });
  });
  afterAll(async () => {
    await node.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  /** Waits until an upload has its turn: its file is being written. */
  const untilTaken = () =>
    eventually(async () => (await readdir(join(dataDir, 'media/tmp'))).length > 0);

  /** Begins an upload and leaves its last byte out. */
  const begin = (
    user: TestUser,
    chatId: string,
  ): { socket: Socket; finish: () => Promise<string> } => {
    const body = [
      '--x\r\nContent-Disposition: form-data; name="chatId"\r\n\r\n',
      `${chatId}\r\n--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n`,
      'Content-Type: application/pdf\r\n\r\n%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n\r\n--x--\r\n',
    ].join('');
    const socket = connect(node.port, '127.0.0.1');
    socket.write(
      `POST /api/media/upload-chat-media HTTP/1.1\r\nHost: x\r\nAuthorization: ${user.auth.Authorization}\r\n` +
        `Content-Type: multipart/form-data; boundary=x\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, -1)}`,
    );
    return {
      socket,
      finish: () =>
        new Promise((resolve) => {
          socket.once('data', (data) => {
            resolve(data.toString().split('\r\n')[0]!);
          });
          socket.write('\n');
        }),
    };
  };

  it('hold up none of the user’s other calls, and take turns among themselves', async () => {
    const { alice, chatId } = await openDirectChat(node);
    const socket = await TestSocket.connect(node, alice);
    const first = begin(alice, chatId);
    await untilTaken();
    const second = begin(alice, chatId);
    let isSecondDone = false;
    const secondAnswer = second.finish().then((line) => {
      isSecondDone = true;
      return line;
    });
    for (let i = 0; i < 5; i += 1) {
      await node.http.get('/api/chats/active').set(alice.auth).expect(200);
      expect(await socket.command('mark_as_read', { chatId })).toMatchObject({ ok: true });
    }
    expect(isSecondDone).toBe(false);
    expect(await first.finish()).toBe('HTTP/1.1 201 Created');
    expect(await secondAnswer).toBe('HTTP/1.1 201 Created');
    socket.close();
    first.socket.destroy();
    second.socket.destroy();
  });

  it('that break off give their turn to the next', async () => {
    const { alice, chatId } = await openDirectChat(node);
    const first = begin(alice, chatId);
    await untilTaken();
    const arrived = once(node.app.httpServer, 'request');
    const second = begin(alice, chatId);
    await arrived;
    first.socket.destroy();
    expect(await second.finish()).toBe('HTTP/1.1 201 Created');
    second.socket.destroy();
  });
});
