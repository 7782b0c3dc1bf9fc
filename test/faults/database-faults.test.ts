/** One node whose database goes away and comes back: sends are refused meanwhile, and nothing else ends. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ProxiedServer } from '../support/proxied-server.js';
import { startProxiedServer } from '../support/proxied-server.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat } from '../support/server.js';
import { TestSocket } from '../support/socket.js';
import type { TcpProxy } from '../support/tcp-proxy.js';

/** The longest that a send may take to be refused, in milliseconds. */
const REFUSED_WITHIN_MS = 3000;
/** How much longer that may take on a machine with other work; without a limit it would be 30 s. */
const MARGIN_MS = 4000;

describe('a database that', () => {
  let proxied: ProxiedServer;
  let proxy: TcpProxy;
  let server: TestServer;
  let alice: TestUser;
  let bob: TestUser;
  let chatId: string;
  const open: TestSocket[] = [];
  beforeAll(async () => {
    proxied = await startProxiedServer();
    ({ proxy, server } = proxied);
    ({ alice, bob, chatId } = await openDirectChat(proxied.direct));
  });
  afterEach(() => {
    proxy.set('pass');
    for (const socket of open.splice(0)) socket.close();
  });
  afterAll(async () => {
    await proxied.close();
  });

  const connect = async (user: TestUser): Promise<TestSocket> => {
    const socket = await TestSocket.connect(server, user);
    open.push(socket);
    return socket;
  };
  const untilSent = async (socket: TestSocket, content: string): Promise<void> => {
    const draft = { chatId, content, clientMessageId: content };
    while (!(await socket.command('send_message', draft)).ok);
  };

  it.each(['cut', 'freeze'] as const)(
    'is away (%s) has sends refused, not acknowledged, and is used again when it is back',
    async (mode) => {
      const [a, b] = [await connect(alice), await connect(bob)];
      await b.command('join_chat', { chatId });
      await untilSent(a, `before ${mode}`);
      proxy.set(mode);
      const begun = performance.now();
      const refused = await a.command('send_message', { chatId, content: `during ${mode}` });
      expect(refused).toMatchObject({ ok: false, error: { retryAfter: expect.any(Number) } });
      expect(performance.now() - begun).toBeLessThan(REFUSED_WITHIN_MS + MARGIN_MS);
      proxy.set('pass');
      await untilSent(a, `after ${mode}`);
      await b.next('message_received', ({ content }) => content === `after ${mode}`);
      expect([a.raw.connected, b.raw.connected]).toEqual([true, true]);
    },
    60_000,
  );

  it('goes while people connect ends nothing', async () => {
    const a = await connect(alice);
    await untilSent(a, 'here');
    // The look-ups of the handshake are answered; those that follow it are not.
    const arrivals = Array.from({ length: 10 }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i * 2));
      return connect(bob).catch(() => undefined);
    });
    await Promise.race(arrivals);
    proxy.set('cut');
    await Promise.all(arrivals);
    proxy.set('pass');
    await untilSent(a, 'still here');
    const b = await connect(bob);
    await untilSent(b, 'I too');
    expect([a.raw.connected, b.raw.connected]).toEqual([true, true]);
  }, 60_000);
});
