/**
 * Who comes in, and how many at a time. The socket server is the real one, on a port of its own; logins
 * and chats are looked up when the test says so.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Socket } from 'socket.io-client';
import { io } from 'socket.io-client';
import { Connection } from '../../packages/client/src/connection.js';
import { loadConfig } from '../../src/config/index.js';
import { createLogger } from '../../src/platform/logger.js';
import { createMetrics } from '../../src/platform/metrics.js';
import { UserLimits } from '../../src/platform/user-limits.js';
import { UserTurns } from '../../src/platform/user-turns.js';
import { channels } from '../../src/transport/socket/channels.js';
import { SocketHub } from '../../src/transport/socket/socket-hub.js';
import { SocketServer } from '../../src/transport/socket/socket-server.js';
import { AppError } from '../../src/shared/errors.js';
import { eventually } from '../support/eventually.js';
import { FakeTimers } from '../../packages/client/test/fake-timers.js';

/** Holds work until it is opened. */
class Gate {
  private open: () => void = () => undefined;
  private passage = Promise.resolve();

  shut(): void {
    this.passage = new Promise((resolve) => {
      this.open = resolve;
    });
  }

  release(): void {
    this.open();
  }

  pass(): Promise<void> {
    return this.passage;
  }
}

interface Refusal {
  code: string;
  message: string;
  retryAfter: number;
}

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A socket server; a token is its user's name. */
const start = async (env: Record<string, string>) => {
  const config = loadConfig({ NODE_ENV: 'test', LOG_LEVEL: 'silent', ...env });
  const httpServer = createServer();
  const metrics = createMetrics();
  const gate = new Gate();
  const asked: string[] = [];
  const announced: string[] = [];
  const revoked = new Set<string>();
  /** Users whose coming is never done with. */
  const lost = new Set<string>();
  const logger = createLogger(config);
  const sockets = new SocketHub({
    httpServer,
    config,
    logger,
    metrics,
    // It stands: a user's chats are asked for once however long a busy machine takes over the handshakes.
    clock: { now: () => 0 },
  });
  const server = new SocketServer({
    hub: sockets,
    commands: [],
    config,
    logger,
    metrics,
    work: { admit: () => undefined, begin: () => () => undefined },
    userLimits: new UserLimits({} as never),
    userTurns: new UserTurns(0),
    authenticator: {
      grant: (token) => {
        const isGood = token !== undefined && !revoked.has(token);
        return isGood
          ? Promise.resolve({
              actor: { userId: token, role: 'user', sessionId: `s-${token}` },
              expiresAt: Infinity,
            })
          : Promise.reject(new AppError('UNAUTHENTICATED', 'Sign in'));
      },
    },
    externalIdLookup: { idsOf: () => Promise.resolve(new Map()) },
    requireAdmin: () => Promise.resolve(),
    requireMember: () => Promise.resolve(),
    chatIdsOf: async (userId) => {
      asked.push(userId);
      await gate.pass();
      return [`chat of ${userId}`];
    },
    onError: () => undefined,
    connected: (actor) => {
      announced.push(actor.userId);
      return lost.has(actor.userId) ? new Promise(() => undefined) : Promise.resolve();
    },
    disconnected: () => Promise.resolve(),
    viewed: () => Promise.resolve(),
  });
  server.start();
  httpServer.listen(0, '127.0.0.1');
  await once(httpServer, 'listening');
  const url = `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`;
  ends.push(() => sockets.close());

  const open = (token: string, headers: Record<string, string> = {}): Socket => {
    const socket = io(url, {
      auth: { token },
      extraHeaders: headers,
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
    });
    ends.push(() => void socket.disconnect());
    return socket;
  };
  /** Resolves with the socket, or with why it was refused. */
  const outcome = (socket: Socket): Promise<Socket | Refusal> =>
    new Promise((resolve) => {
      socket.once('connect', () => {
        resolve(socket);
      });
      socket.once('connect_error', (error) => {
        resolve((error as Error & { data: Refusal }).data);
      });
    });
  const connect = (token: string, headers?: Record<string, string>) =>
    outcome(open(token, headers));
  /** Connects as soon as there is a place. */
  const connectWhenFree = async (token: string): Promise<Socket> => {
    for (;;) {
      const result = await connect(token);
      if ('connected' in result) return result;
      expect(['TOO_MANY_CONNECTIONS', 'UNAVAILABLE']).toContain(result.code);
    }
  };
  const refusedFor = async (reason: string) => {
    const { values } = await metrics.connectionsRefused.get();
    return values.find(({ labels }) => labels.reason === reason)?.value ?? 0;
  };
  /** Resolves when so many have asked for their chats. */
  const askedBy = async (count: number) => {
    while (asked.length < count) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    announced,
    asked,
    askedBy,
    connect,
    connectWhenFree,
    gate,
    lost,
    metrics,
    open,
    outcome,
    refusedFor,
    revoked,
    sockets,
    url,
  };
};

const isIn = (result: Socket | Refusal): boolean => 'connected' in result;

describe('a page in a browser', () => {
  const from = (origin: string) => ({ Origin: origin });

  it('opens no socket from an origin that is not allowed to call', async () => {
    const { connect, asked } = await start({ CORS_ORIGINS: 'https://chat.example.com/' });
    expect(isIn(await connect('alice', from('https://chat.example.com')))).toBe(true);
    const count = asked.length;
    for (const origin of [
      'https://evil.example',
      'https://chat.example.com.evil.example',
      'null',
    ]) {
      expect(await connect('alice', from(origin))).toBeUndefined();
    }
    expect(asked).toHaveLength(count);
  });

  it('opens one from the server itself, and what is no page opens one, too', async () => {
    const { connect, url } = await start({ CORS_ORIGINS: 'https://chat.example.com' });
    expect(isIn(await connect('alice', from(url)))).toBe(true);
    expect(isIn(await connect('alice'))).toBe(true);
  });

  it('opens one from anywhere in development', async () => {
    const { connect } = await start({});
    expect(isIn(await connect('alice', from('https://elsewhere.example')))).toBe(true);
  });
});

describe('connection caps', () => {
  it('refuse the next socket of a user, who is told why and when to come back', async () => {
    const { connect, connectWhenFree, refusedFor } = await start({ CONNECTIONS_PER_USER: '2' });
    const laptop = (await connect('alice')) as Socket;
    expect(isIn(await connect('alice'))).toBe(true);
    const refusal = (await connect('alice')) as Refusal;
    expect(refusal).toEqual({
      code: 'TOO_MANY_CONNECTIONS',
      message: expect.any(String),
      retryAfter: expect.any(Number),
    });
    expect(refusal.retryAfter).toBeGreaterThanOrEqual(20);
    expect(isIn(await connect('bob'))).toBe(true);
    expect([laptop.connected, await refusedFor('user')]).toEqual([true, 1]);
    laptop.disconnect();
    expect((await connectWhenFree('alice')).connected).toBe(true);
  });

  it('count by the address that a trusted proxy names, IPv6 by /64', async () => {
    const { connect, refusedFor } = await start({ CONNECTIONS_PER_ADDRESS: '1', TRUST_PROXY: '1' });
    const from = (address: string) => connect('alice', { 'x-forwarded-for': address });
    expect(isIn(await from('2001:db8:0:1::1'))).toBe(true);
    expect(await from('2001:db8:0:1::2')).toMatchObject({ code: 'TOO_MANY_CONNECTIONS' });
    expect(isIn(await from('2001:db8:0:2::1'))).toBe(true);
    expect(isIn(await from('192.0.2.1'))).toBe(true);
    expect(await from('203.0.113.9, 192.0.2.1')).toMatchObject({ code: 'TOO_MANY_CONNECTIONS' });
    expect(await from('192.0.2.1:40001')).toMatchObject({ code: 'TOO_MANY_CONNECTIONS' });
    expect(await from('[2001:db8:0:2::3]:443')).toMatchObject({ code: 'TOO_MANY_CONNECTIONS' });
    expect(await from('::ffff:192.0.2.1')).toMatchObject({ code: 'TOO_MANY_CONNECTIONS' });
    expect(await refusedFor('address')).toBe(5);
  });

  it('do not believe a header when no proxy is trusted', async () => {
    const { connect } = await start({ CONNECTIONS_PER_ADDRESS: '1' });
    expect(isIn(await connect('alice', { 'x-forwarded-for': '192.0.2.1' }))).toBe(true);
    expect(await connect('bob', { 'x-forwarded-for': '192.0.2.2' })).toMatchObject({
      code: 'TOO_MANY_CONNECTIONS',
    });
  });

  it('count a connection before its login, and a refused one until it is closed', async () => {
    const { askedBy, connect, connectWhenFree, gate, open, outcome, refusedFor, revoked } =
      await start({ MAX_CONNECTIONS: '1' });
    gate.shut();
    const first = open('alice');
    await askedBy(1);
    const refusal = (await connect('bob')) as Refusal;
    expect(refusal).toMatchObject({ code: 'UNAVAILABLE' });
    expect(refusal.retryAfter).toBeGreaterThanOrEqual(5);
    expect(await refusedFor('process')).toBe(1);
    revoked.add('alice');
    gate.release();
    expect(await outcome(first)).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect((await connectWhenFree('bob')).connected).toBe(true);
  });

  it('give a connection one handshake', async () => {
    const { connect, asked } = await start({});
    const socket = (await connect('alice')) as Socket;
    const closed = new Promise((resolve) => socket.once('disconnect', resolve));
    socket.io.engine.write('40{"token":"bob"}');
    expect(await closed).toBe('transport close');
    expect(asked).toEqual(['alice']);
  });
});

describe('when everybody comes back at once', () => {
  it('works on some, lets some wait, and tells the others when to come back', async () => {
    const { askedBy, asked, gate, metrics, open, outcome, refusedFor } = await start({
      HANDSHAKE_CONCURRENCY: '2',
      HANDSHAKE_QUEUE: '3',
    });
    gate.shut();
    const clients = Array.from({ length: 12 }, (_, i) => open(`u${i}`));
    const outcomes = clients.map(outcome);
    await askedBy(2);
    while ((await refusedFor('queue')) < 7) await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toHaveLength(2);
    expect((await metrics.handshakesWaiting.get()).values[0]?.value).toBe(3);
    gate.release();
    const results = await Promise.all(outcomes);
    expect(results.filter(isIn)).toHaveLength(5);
    const refusals = results.filter((result) => !isIn(result)) as Refusal[];
    expect(refusals).toHaveLength(7);
    for (const { code, retryAfter } of refusals) {
      expect(code).toBe('UNAVAILABLE');
      expect(retryAfter).toBeGreaterThanOrEqual(1);
      expect(retryAfter).toBeLessThanOrEqual(10);
    }
    expect(new Set(refusals.map(({ retryAfter }) => retryAfter)).size).toBeGreaterThan(1);
  });

  it('announces those who come, also behind eight whose announcement is lost', async () => {
    const { announced, connect, lost } = await start({});
    for (let i = 0; i < 8; i += 1) {
      lost.add(`u${i}`);
      expect(isIn(await connect(`u${i}`))).toBe(true);
    }
    await eventually(() => announced.length === 8);
    expect(isIn(await connect('late'))).toBe(true);
    await eventually(() => announced.includes('late'));
  }, 30_000);

  it('lets every client in that comes back when it is told to', async () => {
    const { announced, gate, refusedFor, url } = await start({
      HANDSHAKE_CONCURRENCY: '1',
      HANDSHAKE_QUEUE: '2',
    });
    gate.shut();
    const timers = new FakeTimers();
    const names = Array.from({ length: 20 }, (_, i) => `u${i}`);
    const connections = names.map(
      (token) =>
        new Connection({
          url,
          tokens: { token },
          timers,
          websocketOnly: true,
          onTokens: () => undefined,
          onConnect: () => undefined,
          onDisconnect: () => undefined,
          onSignedOut: () => undefined,
          onEvent: () => undefined,
        }),
    );
    for (const connection of connections) {
      ends.push(() => {
        connection.close();
      });
      connection.open();
    }
    while ((await refusedFor('queue')) < 17) await new Promise((next) => setImmediate(next));
    gate.release();
    while (announced.length < names.length) await timers.advance(100);
    expect([...announced].sort()).toEqual([...names].sort());
  });

  it('asks for the chats of a user once, whatever the number of devices', async () => {
    const { asked, announced, gate, open, outcome, sockets } = await start({
      HANDSHAKE_CONCURRENCY: '4',
    });
    gate.shut();
    const names = ['alice', 'bob', 'carol'];
    const devices = names.flatMap((name) => Array.from({ length: 10 }, () => open(name)));
    const outcomes = devices.map(outcome);
    gate.release();
    expect((await Promise.all(outcomes)).every(isIn)).toBe(true);
    expect([...asked].sort()).toEqual(names);
    for (const name of names) {
      expect(sockets.registry.countIn(channels.chat(`chat of ${name}`))).toBe(10);
    }
    while (announced.length < devices.length) await new Promise((next) => setImmediate(next));
  });
});

describe('what happens to a user during the handshake', () => {
  it('holds for the socket: a chat joined or left, a login that has ended', async () => {
    const { askedBy, gate, open, outcome, revoked, sockets } = await start({});
    gate.shut();
    const [alice, bob, eve] = ['alice', 'bob', 'eve'].map((name) => outcome(open(name)));
    await askedBy(3);
    sockets.registry.moveUser('alice', 'chat of alice', 'out');
    sockets.registry.moveUser('bob', 'a new chat', 'in');
    revoked.add('eve');
    gate.release();
    expect([isIn(await alice!), isIn(await bob!)]).toEqual([true, true]);
    expect(await eve).toMatchObject({ code: 'UNAUTHENTICATED' });
    const countIn = (chatId: string) => sockets.registry.countIn(channels.chat(chatId));
    expect(countIn('chat of alice')).toBe(0);
    expect(countIn('chat of bob')).toBe(1);
    expect(countIn('a new chat')).toBe(1);
    sockets.registry.moveUser('bob', 'a new chat', 'out');
    expect(countIn('a new chat')).toBe(0);
  });
});
