/** One account cannot stop everybody: its calls are few at a time, and counted, whatever they are. */
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

describe('the health of a node', () => {
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
