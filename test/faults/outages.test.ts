/**
 * Devices that were away for a second, five minutes, two days, on a clock that the test turns, and a
 * server whose own clock jumps: afterwards every device has what the log has, in its order.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Socket } from 'socket.io-client';
import { ChatClient, MemoryStorage, Message } from '@parley-chat/client';
import type { ChatMessage } from '@parley-chat/client';
import { eventually } from '../support/eventually.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const TOKEN_LIFE = 15 * MINUTE;

/** A clock that runs with the machine's, and can be put forward and back. */
class SteppedClock {
  private offset = 0;

  now(): number {
    return Date.now() + this.offset;
  }

  step(ms: number): void {
    this.offset += ms;
  }
}

describe('after an outage', () => {
  const clock = new SteppedClock();
  let server: TestServer;
  const clients: ChatClient[] = [];
  beforeAll(async () => {
    server = await startServer({ clock, env: { JWT_EXPIRES_IN: `${TOKEN_LIFE / SECOND}s` } });
  });
  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await server.close();
  });

  const newClient = (user: TestUser): ChatClient => {
    const client = new ChatClient(server.url, user.token, {
      refreshToken: user.refreshToken,
      storage: new MemoryStorage(),
    });
    clients.push(client);
    return client;
  };
  const login = async ({ username }: TestUser): Promise<TestUser> => {
    const answer = await server.http
      .post('/api/auth/login')
      .send({ username, password: 'test123' })
      .expect(200);
    const { token, refreshToken, user } = answer.body.data as TestUser & { user: { id: string } };
    return {
      id: user.id,
      username,
      token,
      refreshToken,
      auth: { Authorization: `Bearer ${token}` },
    };
  };
  const logOf = async (user: TestUser, chatId: string): Promise<ChatMessage[]> => {
    const answer = await server.http
      .get(`/api/chats/${chatId}/messages?limit=200`)
      .set((await login(user)).auth)
      .expect(200);
    return answer.body.data as ChatMessage[];
  };
  const socketOf = (client: ChatClient): Socket =>
    (client as unknown as { connection: { socket: Socket } }).connection.socket;
  /** Takes the network away for as long as the work takes. */
  const whileOff = async (client: ChatClient, work: () => Promise<unknown>): Promise<void> => {
    const socket = socketOf(client);
    socket.io.reconnection(false);
    const gone = new Promise((resolve) => client.on('disconnected', resolve as () => void));
    socket.io.engine.close();
    await gone;
    await work();
    const back = new Promise((resolve) => client.on('connected', resolve as () => void));
    socket.io.reconnection(true);
    socket.connect();
    await back;
  };
  const expectEqual = async (user: TestUser, chatId: string, ...devices: ChatClient[]) => {
    const log = await logOf(user, chatId);
    const facts = (messages: ChatMessage[]) =>
      messages.map(({ id, seq, version, content, isDeleted, reactions }) => ({
        ...{ id, seq, version, content, isDeleted, reactions },
      }));
    for (const device of devices) {
      expect(facts(device.store(chatId)!.list())).toEqual(facts(log));
    }
    expect(log.map(({ seq }) => seq)).toEqual(log.map((_, i) => i + 1));
  };

  it.each([
    ['one second', SECOND],
    ['five minutes', 5 * MINUTE],
    ['two days, which no access token outlives', 2 * DAY],
  ])(
    'of %s a device equals the log',
    async (_, away) => {
      const { alice, bob, chatId } = await openDirectChat(server);
      const [a, b] = [newClient(alice), newClient(bob)];
      await Promise.all([a.connect(), b.connect()]);
      const write = new Message(a, chatId);
      const first = await write.sendText('before');
      const second = await write.sendText('to be deleted');
      let written: Promise<unknown> = Promise.resolve();
      await whileOff(b, async () => {
        written = new Message(b, chatId).sendText('written while away');
        for (let i = 0; i < 35; i++) await write.sendText(`missed ${i}`);
        await write.edit(first.id, 'before, edited');
        await write.delete(second.id);
        clock.step(away);
      });
      await written;
      // A connection whose token has ended meanwhile may be about to come back with a newer one.
      await eventually(() =>
        Promise.all([a.refresh(), b.refresh()]).then(
          () => true,
          () => false,
        ),
      );
      await expectEqual(bob, chatId, a, b);
    },
    60_000,
  );

  it.each([
    ['forward', 5 * MINUTE],
    ['back', -5 * MINUTE],
  ])(
    'and a step of the server’s clock %s, the order is that of the sends',
    async (_, step) => {
      const people = await openDirectChat(server);
      const { chatId } = people;
      const [alice, bob] = [await login(people.alice), await login(people.bob)];
      const [a, b] = [newClient(alice), newClient(bob)];
      await Promise.all([a.connect(), b.connect()]);
      const texts = Array.from({ length: 20 }, (__, i) => `text ${i}`);
      const sent: ChatMessage[] = [];
      for (const [i, text] of texts.entries()) {
        if (i === 10) clock.step(step);
        sent.push(await new Message(i % 2 === 0 ? a : b, chatId).sendText(text));
      }
      await new Message(a, chatId).edit(sent[0]!.id, 'edited after the step');
      const log = await logOf(alice, chatId);
      expect(log.map(({ content }) => content)).toEqual([
        'edited after the step',
        ...texts.slice(1),
      ]);
      await a.refresh();
      await b.refresh();
      await expectEqual(bob, chatId, a, b);
      const late = newClient(await login(alice));
      await late.connect();
      await expectEqual(bob, chatId, late);
    },
    60_000,
  );
});
