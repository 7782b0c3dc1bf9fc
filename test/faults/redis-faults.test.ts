/** One node whose Redis misbehaves: everything on the node goes on, and it says that something is wrong. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { healthOf, untilHealth } from '../support/health.js';
import { freePort } from '../support/parley-process.js';
import type { RedisProcess } from '../support/redis-process.js';
import { startRedis } from '../support/redis-process.js';
import type { TestServer } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** Limits are on, so that every send asks Redis. */
const LIMITS = {
  RATE_LIMIT_MESSAGES_PER_MINUTE: '100000',
  RATE_LIMIT_USER_PER_15_MIN: '100000',
  RATE_LIMIT_GENERAL_PER_15_MIN: '100000',
};

/** Two people on the node: over the socket and over REST each sends, and the other hears it live. */
const expectChatting = async (server: TestServer): Promise<void> => {
  const { alice, bob, chatId } = await openDirectChat(server);
  const [a, b] = [await TestSocket.connect(server, alice), await TestSocket.connect(server, bob)];
  await b.command('join_chat', { chatId });
  expect(await a.command('send_message', { chatId, content: 'by socket' })).toMatchObject({
    ok: true,
  });
  await server.http
    .post('/api/messages')
    .set(alice.auth)
    .send({ chatId, content: 'by REST' })
    .expect(201);
  await b.next('message_received', ({ content }) => content === 'by socket');
  await b.next('message_received', ({ content }) => content === 'by REST');
  await a.command('typing', { chatId });
  await b.next('user_typing');
  a.close();
  b.close();
};

describe('a Redis that', () => {
  let redis: RedisProcess;
  let proxy: TcpProxy;
  let server: TestServer;
  beforeAll(async () => {
    redis = await startRedis();
    proxy = await TcpProxy.start({ host: '127.0.0.1', port: redis.port });
    server = await startServer({
      env: { ...LIMITS, REDIS_URL: `redis://127.0.0.1:${proxy.port}` },
    });
    await untilHealth(server, 'ok');
  });
  afterEach(() => {
    proxy.set('pass');
  });
  afterAll(async () => {
    await server.close();
    await proxy.close();
    await redis.kill();
  });

  it('is gone does not stop the node, and is found again', async () => {
    proxy.set('cut');
    await untilHealth(server, 'degraded');
    await expectChatting(server);
    proxy.set('pass');
    await untilHealth(server, 'ok');
  });

  it('has stopped answering does not stop the node', async () => {
    proxy.set('freeze');
    await expectChatting(server);
    await untilHealth(server, 'degraded');
    proxy.set('pass');
    await untilHealth(server, 'ok');
  });

  it('has vanished, and is there anew at its address, is found again', async () => {
    proxy.strand();
    await untilHealth(server, 'degraded');
    await expectChatting(server);
    await untilHealth(server, 'ok');
  });

  it('has vanished leaves no node deaf to the others', async () => {
    const other = await startServer({
      env: { ...LIMITS, REDIS_URL: redis.url },
      mongodbUri: server.mongodbUri,
    });
    try {
      const { alice, bob, chatId } = await openDirectChat(server);
      const [far, here] = [
        await TestSocket.connect(other, alice),
        await TestSocket.connect(server, bob),
      ];
      await here.command('join_chat', { chatId });
      proxy.strand();
      await untilHealth(server, 'degraded');
      await untilHealth(server, 'ok');
      await eventually(async () => {
        await far.command('send_message', { chatId, content: 'do you hear me?' });
        return here.count('message_received') > 0;
      });
      // Each connection notices for itself that it is stranded, some of them only with the next command.
      await untilHealth(server, 'ok');
      expect(here.count('message_received')).toBeGreaterThan(0);
      far.close();
      here.close();
    } finally {
      await other.close();
    }
  });

  it('comes and goes does not stop the node', async () => {
    let isFlapping = true;
    const flapping = (async () => {
      for (let i = 0; isFlapping; i++) {
        proxy.set(i % 2 === 0 ? 'cut' : 'pass');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    for (let i = 0; i < 3; i++) await expectChatting(server);
    isFlapping = false;
    await flapping;
    proxy.set('pass');
    await untilHealth(server, 'ok');
  });

  it('is not there at the start is found later', async () => {
    const port = await freePort();
    const early = await startServer({
      env: { ...LIMITS, REDIS_URL: `redis://127.0.0.1:${port}` },
    });
    expect(await healthOf(early)).toBe('degraded');
    await expectChatting(early);
    const late = await startRedis(port);
    await untilHealth(early, 'ok');
    await early.close();
    await late.kill();
  });
});
