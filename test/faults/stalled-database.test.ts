/** A node whose database stands still: one account cannot stop everybody, and the node says how it is. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ProxiedServer } from '../support/proxied-server.js';
import { startProxiedServer } from '../support/proxied-server.js';
import { openDirectChat } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

const LIMITED = { ok: false, error: { code: 'RATE_LIMITED', retryAfter: expect.any(Number) } };

describe('the calls of one user while the database stands still', () => {
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

describe('the health of a node', () => {
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
});
