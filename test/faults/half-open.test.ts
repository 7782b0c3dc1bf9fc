/** A device whose network has gone without a word: its connection stays open, and no byte passes either way. */
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Socket } from 'socket.io-client';
import { ChatClient, MemoryStorage } from '@parley-chat/client';
import type { ChatMessage } from '@parley-chat/client';
import { channels } from '../../src/transport/socket/channels.js';
import { eventually } from '../support/eventually.js';
import { about } from '../support/presence.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const INTERVAL_MS = 1000;
const TIMEOUT_MS = 500;
/** Fewer than the packets that may wait for a client: this one must not be dropped for reading slowly. */
const MEANWHILE = 300;
/** How much later than promised a timer of a machine with other work may ring; TCP takes a quarter of an hour. */
const MARGIN_MS = 5000;

describe('a device whose connection is half open', () => {
  let server: TestServer;
  let proxy: TcpProxy;
  const clients: ChatClient[] = [];
  const sockets: TestSocket[] = [];
  beforeAll(async () => {
    server = await startServer({
      env: {
        PING_INTERVAL_MS: String(INTERVAL_MS),
        PING_TIMEOUT_MS: String(TIMEOUT_MS),
        PRESENCE_GRACE_MS: '0',
      },
    });
    proxy = await TcpProxy.start({ host: '127.0.0.1', port: server.port });
  });
  afterEach(() => {
    proxy.set('pass');
    for (const client of clients.splice(0)) client.disconnect();
    for (const socket of sockets.splice(0)) socket.close();
  });
  afterAll(async () => {
    await server.close();
    await proxy.close();
  });

  const connect = async (user: TestUser): Promise<TestSocket> => {
    const socket = await TestSocket.connect(server, user);
    sockets.push(socket);
    return socket;
  };
  /** The client SDK behind the proxy. */
  const connectDevice = async (user: TestUser, transport: string): Promise<ChatClient> => {
    const client = new ChatClient(`http://127.0.0.1:${proxy.port}`, user.token, {
      storage: new MemoryStorage(),
    });
    clients.push(client);
    const { connection } = client as unknown as { connection: { socket: Socket } };
    connection.socket.io.opts.transports = [transport];
    await client.connect();
    return client;
  };
  const logOf = async (user: TestUser, chatId: string): Promise<string[]> => {
    const contents: string[] = [];
    for (let before: number | undefined; before !== 1;) {
      const page = await server.http
        .get(`/api/chats/${chatId}/messages`)
        .query({ limit: 100, ...(before !== undefined && { before }) })
        .set(user.auth)
        .expect(200);
      const messages = page.body.data as ChatMessage[];
      contents.unshift(...messages.map(({ content }) => content));
      before = messages[0]!.seq;
    }
    return contents;
  };

  it.each(['websocket', 'polling'])(
    'is dropped within ping interval and timeout (%s); nobody else notices, and it misses nothing',
    async (transport) => {
      const { alice, bob, chatId } = await openDirectChat(server);
      const a = await connect(alice);
      const device = await connectDevice(bob, transport);
      await a.next('presence_changed', about(bob, 'online'));
      const [far] = server.app.sockets.registry.socketsIn(channels.user(bob.id));
      expect(far!.conn.transport.name).toBe(transport);
      // Right after an answer to a ping: so the node has to wait as long as it ever must.
      await once(far!.conn, 'heartbeat');
      proxy.set('freeze');
      const frozenAt = performance.now();
      let droppedAfter: number | undefined;
      const dropped = once(far!, 'disconnect').then(([reason]: string[]) => {
        droppedAfter = performance.now() - frozenAt;
        return reason;
      });

      const watcher = await connect(alice);
      await watcher.command('join_chat', { chatId });
      const sent: string[] = [];
      const talk = async () => {
        const content = `said meanwhile ${sent.length}`;
        sent.push(content);
        expect(await a.command('send_message', { chatId, content })).toMatchObject({ ok: true });
        await watcher.next('message_received', (message) => message.content === content);
      };
      while (droppedAfter === undefined && sent.length < MEANWHILE) await talk();
      expect(await dropped).toBe('ping timeout');
      expect(droppedAfter).toBeLessThanOrEqual(INTERVAL_MS + TIMEOUT_MS + MARGIN_MS);
      expect(server.app.sockets.registry.countIn(channels.user(bob.id))).toBe(0);
      await a.next('presence_changed', about(bob, 'offline'));
      await talk();
      expect([a.raw.connected, watcher.raw.connected]).toEqual([true, true]);

      proxy.set('pass');
      await eventually(() => device.store(chatId)!.list().length >= sent.length);
      expect(await logOf(alice, chatId)).toEqual(sent);
      expect(
        device
          .store(chatId)!
          .list()
          .map(({ content }) => content),
      ).toEqual(sent);
    },
    60_000,
  );
});
