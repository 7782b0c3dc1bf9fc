/** The client against real nodes: in step with the log whatever is lost, and each message once. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient, ObjectId } from 'mongodb';
import type { Socket } from 'socket.io-client';
import { ChatClient, ChatRoom, MemoryStorage, Message } from '@parley-chat/client';
import type { ChatClientOptions, ChatMessage } from '@parley-chat/client';
import { eventually } from '../support/eventually.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, openDirectChat, registerUser, startServer } from '../support/server.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** Resolves when a condition holds, looked at whenever something of the client has changed. */
const until = (client: ChatClient, holds: () => boolean): Promise<void> =>
  new Promise((resolve, reject) => {
    if (holds()) {
      resolve();
      return;
    }
    const timer = setTimeout(() => {
      end();
      reject(new Error('the client did not come to that within 15 s'));
    }, 15_000);
    const look = () => {
      if (!holds()) return;
      end();
      resolve();
    };
    const ends = (['changed', 'removed', 'connected'] as const).map((event) =>
      client.on(event, look),
    );
    const end = () => {
      clearTimeout(timer);
      for (const stop of ends) stop();
    };
  });

const once = (client: ChatClient, event: string): Promise<unknown> =>
  new Promise((resolve) => {
    const end = client.on(event, (payload: unknown) => {
      end();
      resolve(payload);
    });
  });

/** What a crash, a deploy or a tunnel does: the transport goes, and the client comes back by itself. */
const lose = (client: ChatClient): void => {
  const { connection } = client as unknown as { connection: { socket: Socket } };
  connection.socket.io.engine.close();
};

describe('the client', () => {
  let server: TestServer;
  const clients: ChatClient[] = [];
  beforeAll(async () => {
    server = await startServer({ env: { HEAD_DIGEST_MS: '200' } });
  });
  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await server.close();
  });

  const newClient = (user: TestUser, options: ChatClientOptions = {}, url = server.url) => {
    const client = new ChatClient(url, user.token, { storage: new MemoryStorage(), ...options });
    clients.push(client);
    return client;
  };
  const connect = async (user: TestUser, options: ChatClientOptions = {}) => {
    const client = newClient(user, options);
    await client.connect();
    return client;
  };
  const logOf = async (user: TestUser, chatId: string): Promise<ChatMessage[]> => {
    const response = await server.http
      .get(`/api/chats/${chatId}/messages?limit=200`)
      .set(user.auth)
      .expect(200);
    return response.body.data as ChatMessage[];
  };
  const newGroup = async (owner: TestUser, members: TestUser[]): Promise<string> => {
    const response = await server.http
      .post('/api/chats')
      .set(owner.auth)
      .send({ kind: 'group', name: 'Team', memberIds: members.map(({ id }) => id) })
      .expect(201);
    return (response.body as { data: { id: string } }).data.id;
  };
  const stateOf = (client: ChatClient, chatId: string) => {
    const store = client.store(chatId)!;
    return {
      version: store.version,
      messages: store.list(),
      members: store.members(),
      unread: store.unreadCount(),
      status: store.info!.status,
      newest: [store.info!.lastSeq, store.info!.lastMessageAt],
      name: store.info!.name,
      people: store.info!.participants.map(({ id, role }) => [id, role]),
      settings: store.settings,
    };
  };

  /** Devices that have followed a chat's events against devices that load it now. */
  const expectFresh = async (
    name: string,
    chatId: string,
    ...devices: [ChatClient, TestUser][]
  ): Promise<void> => {
    for (const [client, user] of devices) {
      const fresh = await connect(user);
      const isEqual = () =>
        JSON.stringify(stateOf(client, chatId)) === JSON.stringify(stateOf(fresh, chatId));
      // Late receipts reach both; who is not equal by then is shown by the comparison.
      await Promise.race([until(client, isEqual), until(fresh, isEqual)]).catch(() => undefined);
      expect([name, user.username, stateOf(client, chatId)]).toEqual([
        name,
        user.username,
        stateOf(fresh, chatId),
      ]);
      fresh.disconnect();
    }
  };

  it('sends, receives, and shows who has read', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const [a, b] = [await connect(alice), await connect(bob)];
    const room = new ChatRoom(b, chatId);
    await room.join();
    const sent = await new Message(a, chatId).sendText('Hello!');
    expect(sent).toMatchObject({ content: 'Hello!', seq: 1 });
    await until(b, () => room.messages().length === 1);
    expect([room.unreadCount(), room.messages()[0]?.content]).toEqual([1, 'Hello!']);
    await room.markRead();
    await until(a, () => new ChatRoom(a, chatId).messages()[0]?.status === 'read');
    await until(b, () => room.unreadCount() === 0);
  });

  it('counts down what is read in a chat of over 100 members, on each device of the reader', async () => {
    const { alice, bob } = await openDirectChat(server);
    const groupId = await newGroup(alice, [bob]);
    const chatId = new ObjectId(groupId);
    const database = await MongoClient.connect(server.mongodbUri);
    const memberships = database.db().collection('memberships');
    const row = await memberships.findOne({ chatId, userId: new ObjectId(bob.id) });
    await memberships.insertMany(
      Array.from({ length: 99 }, () => ({ ...row, _id: new ObjectId(), userId: new ObjectId() })),
    );
    await database.close();
    // A node that does not remember the group as a small one.
    const node = await startServer({ mongodbUri: server.mongodbUri });
    const devices = [alice, bob, bob].map((user) => newClient(user, {}, node.url));
    await Promise.all(devices.map((device) => device.connect()));
    const [a, phone, laptop] = devices as [ChatClient, ChatClient, ChatClient];
    await new Message(a, groupId).sendText('one');
    const rooms = [phone, laptop].map((device) => new ChatRoom(device, groupId));
    await until(phone, () => rooms[0]!.unreadCount() === 1);
    await until(laptop, () => rooms[1]!.unreadCount() === 1);
    expect(rooms.map((room) => room.members())).toEqual([[], []]);
    await rooms[0]!.markRead();
    await until(phone, () => rooms[0]!.unreadCount() === 0);
    await until(laptop, () => rooms[1]!.unreadCount() === 0);
    for (const device of devices) device.disconnect();
    await node.close();
  });

  it('is after every kind of event what a fresh load would be', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const [a, b] = [await connect(alice), await connect(bob)];
    const write = new Message(a, chatId);
    const answerBack = new Message(b, chatId);
    const one = await write.sendText('one');
    const two = await answerBack.sendText('two', { replyTo: one.id });
    const three = await write.sendText('three');
    const post = (path: string, user: TestUser) =>
      server.http
        .post(path)
        .set(user.auth)
        .expect((res) => expect(res.status).toBeLessThan(300));
    const steps: [string, () => Promise<unknown>][] = [
      ['sent', () => write.sendText('four')],
      ['edited', () => write.edit(one.id, 'one!')],
      ['reacted', () => answerBack.react(one.id, '👍')],
      ['reacted again', () => write.react(one.id, '🎉')],
      ['reaction taken back', () => answerBack.unreact(one.id, '👍')],
      ['deleted for everyone', () => answerBack.delete(two.id)],
      ['deleted for me', () => answerBack.delete(three.id, false)],
      ['read', () => new ChatRoom(b, chatId).markRead()],
      ['archived', () => post(`/api/chats/${chatId}/archive`, bob)],
      ['sent to an archive', () => write.sendText('five')],
      ['blocked', () => post(`/api/chats/${chatId}/block`, bob)],
      ['unblocked', () => post(`/api/chats/${chatId}/unblock`, bob)],
    ];
    for (const [name, step] of steps) {
      await step();
      await expectFresh(name, chatId, [a, alice], [b, bob]);
    }
  }, 60_000);

  it('is the same for every kind of event in a group', async () => {
    const { alice, bob } = await openDirectChat(server);
    const carol = await registerUser(server);
    await openChatBetween(server, alice, carol);
    const [a, b] = [await connect(alice), await connect(bob)];
    const groupId = await newGroup(alice, [bob]);
    await Promise.all([a, b].map((each) => until(each, () => each.store(groupId) !== undefined)));
    const members = `/api/chats/${groupId}/members`;
    const steps: [string, () => Promise<unknown>][] = [
      ['created', () => Promise.resolve()],
      ['member added', () => a.rest('POST', members, { userIds: [carol.id] })],
      ['role changed', () => a.rest('PUT', `${members}/${bob.id}/role`, { role: 'admin' })],
      ['renamed', () => b.rest('PATCH', `/api/chats/${groupId}`, { name: 'Crew' })],
      ['member removed', () => b.rest('DELETE', `${members}/${carol.id}`)],
      ['sent', () => new Message(b, groupId).sendText('hello')],
    ];
    for (const [name, step] of steps) {
      await step();
      await expectFresh(name, groupId, [a, alice], [b, bob]);
    }
    const removed = once(b, 'removed');
    await b.rest('POST', `/api/chats/${groupId}/leave`);
    expect(await removed).toEqual({ chatId: groupId });
    await expectFresh('member left', groupId, [a, alice]);
  }, 60_000);

  it('hears of chats that are opened, accepted, and of others’ chats never', async () => {
    const [carol, dave, eve] = [
      await registerUser(server),
      await registerUser(server),
      await registerUser(server),
    ];
    const [c, d, e] = [await connect(carol), await connect(dave), await connect(eve)];
    const { id } = await c.openDirectChat(dave.id);
    await until(d, () => d.store(id)?.info?.status === 'pending');
    await d.rest('POST', `/api/chats/${id}/accept`);
    await until(c, () => c.store(id)?.info?.status === 'accepted');
    await new Message(c, id).sendText('Hi');
    await until(d, () => d.store(id)?.list().length === 1);
    await e.refresh();
    expect(e.chats()).toEqual([]);
  });

  it('lists the chats with the newest activity first, also what was only heard of', async () => {
    const [alice, bob] = [await registerUser(server), await registerUser(server)];
    const busy = await openChatBetween(server, alice, bob);
    const quiet = await openChatBetween(server, alice, await registerUser(server));
    const [a, b] = [await connect(alice), await connect(bob)];
    const order = () => a.chats().map(({ id }) => id);
    await new Message(a, busy).sendText('one');
    await new Message(a, busy).sendText('two');
    await new Message(a, quiet).sendText('one');
    expect(order()).toEqual([quiet, busy]);
    await new Message(b, busy).sendText('three');
    await until(a, () => a.store(busy)!.list().length === 3);
    expect(order()).toEqual([busy, quiet]);
  });

  it('catches up after an outage, and two devices end up equal to the log', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const [a, phone, laptop] = [await connect(alice), await connect(bob), await connect(bob)];
    const write = new Message(a, chatId);
    const texts = Array.from({ length: 40 }, (_, i) => `text ${i}`);
    const sends: Promise<ChatMessage>[] = [];
    for (const [i, text] of texts.entries()) {
      sends.push(write.sendText(text));
      if (i === 10) lose(phone);
      if (i === 20) lose(a);
      if (i === 30) lose(laptop);
    }
    const sent = await Promise.all(sends);
    await write.edit(sent[0]!.id, 'edited');
    const log = await logOf(alice, chatId);
    expect(log.map(({ content }) => content)).toEqual(['edited', ...texts.slice(1)]);
    const ids = log.map(({ id, version }) => [id, version]);
    for (const device of [a, phone, laptop]) {
      await until(device, () => device.store(chatId)?.version === 41);
      const held = device.store(chatId)!.list();
      expect(held.map(({ id, version }) => [id, version])).toEqual(ids);
    }
  });

  it('finds a lost last event by the digest', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const b = await connect(bob);
    const heard: string[] = [];
    b.on('unread_message', () => heard.push('live'));
    // A second node without Redis: its events never reach the first one's sockets.
    const other = await startServer({ mongodbUri: server.mongodbUri });
    await other.http
      .post('/api/messages')
      .set(alice.auth)
      .send({ chatId, content: 'from afar' })
      .expect(201);
    await until(b, () => b.store(chatId)?.list().length === 1);
    expect([heard, b.store(chatId)?.list()[0]?.content]).toEqual([[], 'from afar']);
    await other.close();
  });

  it('gives nothing of a chat to somebody who was removed while away', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const groupId = await newGroup(alice, [bob]);
    const b = await connect(bob);
    await until(b, () => b.store(groupId) !== undefined);
    const a = await connect(alice);
    await new Message(a, groupId).sendText('before');
    await until(b, () =>
      b
        .store(groupId)!
        .list()
        .some(({ content }) => content === 'before'),
    );
    const removed = once(b, 'removed');
    lose(b);
    await server.http.delete(`/api/chats/${groupId}/members/${bob.id}`).set(alice.auth).expect(200);
    await new Message(a, groupId).sendText('after');
    expect(await removed).toEqual({ chatId: groupId });
    expect([b.store(groupId), b.store(chatId) !== undefined]).toEqual([undefined, true]);
    await expect(new Message(b, groupId).sendText('still here?')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('sends once what was written while the server was away, over a restart and a reload', async () => {
    const first = await startServer();
    const { alice, chatId } = await openDirectChat(first);
    const storage = new MemoryStorage();
    // One address for both servers, which nobody else can take between them.
    const proxy = await TcpProxy.start({ host: '127.0.0.1', port: first.port });
    const url = `http://127.0.0.1:${proxy.port}`;
    const page = newClient(alice, { storage }, url);
    await page.connect();
    await first.app.shutdown.run();
    proxy.set('cut');
    // One is on its way when the page goes, one is written by the page that follows.
    // The page that goes never hears what becomes of it.
    void new Message(page, chatId).sendText('written offline').catch(() => undefined);
    await eventually(async () => (await storage.keys('')).length > 0);
    page.disconnect();

    const reloaded = newClient(alice, { storage }, url);
    const connected = reloaded.connect();
    const second = new Message(reloaded, chatId).sendText('written after the reload');
    const again = await startServer({ mongodbUri: first.mongodbUri });
    proxy.retarget({ host: '127.0.0.1', port: again.port });
    proxy.set('pass');
    await Promise.all([connected, second]);
    await until(reloaded, () => reloaded.store(chatId)?.list().length === 2);
    const log = await again.http.get(`/api/chats/${chatId}/messages`).set(alice.auth).expect(200);
    expect((log.body.data as ChatMessage[]).map(({ content }) => content)).toEqual([
      'written offline',
      'written after the reload',
    ]);
    expect(await storage.keys('')).toEqual([]);
    reloaded.disconnect();
    await proxy.close();
    await again.close();
    await first.close();
  }, 40_000);

  it('connects again after it was disconnected, and sends what was written meanwhile', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const a = await connect(alice);
    const write = new Message(a, chatId);
    await write.sendText('before');
    a.disconnect();
    const between = write.sendText('between');
    await a.connect();
    await Promise.all([between, write.sendText('after')]);
    const log = await logOf(bob, chatId);
    expect(log.map(({ content }) => content)).toEqual(['before', 'between', 'after']);
    expect([a.isConnected, a.pending()]).toEqual([true, []]);
  });

  it('sends over REST what is too long for a frame, and stays connected', async () => {
    const { alice, chatId } = await openDirectChat(server);
    const a = await connect(alice);
    const lost: unknown[] = [];
    a.on('disconnected', () => lost.push('disconnected'));
    const write = new Message(a, chatId);
    // Six bytes a character as JSON: allowed by its length, and longer than a frame.
    const allowed = `${'\u0001'.repeat(9_999)}x`;
    const sent = [allowed, 'x'.repeat(70_000), 'y'.repeat(300_000), 'short'].map((text) =>
      write.sendText(text),
    );
    await expect(Promise.allSettled(sent)).resolves.toMatchObject([
      { value: { content: allowed, seq: 1 } },
      { reason: { code: 'VALIDATION' } },
      { reason: { code: 'PAYLOAD_TOO_LARGE' } },
      { value: { content: 'short', seq: 2 } },
    ]);
    const { id } = await sent[3]!;
    const longer = `${allowed.slice(1)}!`;
    expect(await write.edit(id, longer)).toMatchObject({ content: longer, version: 3 });
    await expect(write.edit(id, 'x'.repeat(70_000))).rejects.toMatchObject({ code: 'VALIDATION' });
    await expect(a.command('typing', { chatId, x: 'x'.repeat(70_000) })).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
    });
    expect([lost, a.pending()]).toEqual([[], []]);
  });

  it('tells a lost connection from an answer that does not come', async () => {
    const a = await connect(await registerUser(server));
    const asked = a.command('sync', {});
    lose(a);
    await expect(asked).rejects.toMatchObject({ code: 'CONNECTION_LOST', isRetryable: true });
    await expect(a.command('sync', {})).rejects.toMatchObject({ code: 'DISCONNECTED' });
  });

  it('renews an expired token, and says when a login is over', async () => {
    const { alice, chatId } = await openDirectChat(server);
    const expired = `${alice.token.slice(0, -6)}AAAAAA`;
    const renewed = newClient({ ...alice, token: expired }, { refreshToken: alice.refreshToken });
    const tokens = once(renewed, 'tokens');
    await renewed.connect();
    expect(await tokens).toMatchObject({ token: expect.any(String) });
    await new Message(renewed, chatId).sendText('with a new token');
    const over = once(renewed, 'signed_out');
    await renewed.rest('POST', '/api/auth/logout');
    expect(await over).toMatchObject({ name: 'ChatError' });

    const stranger = newClient({ ...alice, token: 'no token' });
    await expect(stranger.connect()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('reads older history behind the newest page', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const a = await connect(alice);
    const write = new Message(a, chatId);
    await Promise.all(Array.from({ length: 70 }, (_, i) => write.sendText(`text ${i + 1}`)));
    const b = await connect(bob);
    const room = new ChatRoom(b, chatId);
    expect(room.messages()).toHaveLength(30);
    expect(await room.loadOlder(25)).toBe(25);
    expect(await room.loadOlder(25)).toBe(15);
    expect(await room.loadOlder(25)).toBe(0);
    expect(room.messages().map(({ seq }) => seq)).toEqual(
      Array.from({ length: 70 }, (_, i) => i + 1),
    );
  });

  it('counts unread messages that it does not hold, as they come and are read', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const a = await connect(alice);
    const write = new Message(a, chatId);
    const send = (count: number) =>
      Promise.all(Array.from({ length: count }, (_, i) => write.sendText(`text ${i + 1}`)));
    await send(35);
    const b = await connect(bob);
    const room = new ChatRoom(b, chatId);
    expect([room.messages().length, room.unreadCount()]).toEqual([30, 35]);
    await send(2);
    await until(b, () => room.messages().length === 32);
    expect([room.unreadCount(), b.chats()[0]?.unreadCount]).toEqual([37, 37]);
    await room.markRead(3);
    await until(b, () => room.unreadCount() === 34);
    await room.loadOlder();
    expect([room.messages().length, room.unreadCount()]).toEqual([37, 34]);
    await room.markRead();
    await until(b, () => room.unreadCount() === 0);
    expect(b.chats()[0]).toMatchObject({ unreadCount: 0, lastReadSeq: 37 });
  });

  it('does not bring back what its user deleted for themselves before this device came', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const a = await connect(alice);
    const write = new Message(a, chatId);
    await write.sendText('one');
    const two = await write.sendText('two');
    await write.sendText('three');
    const phone = await connect(bob);
    await new Message(phone, chatId).delete(two.id, false);
    const laptop = await connect(bob);
    const room = new ChatRoom(laptop, chatId);
    const contents = () => room.messages().map(({ content }) => content);
    expect(contents()).toEqual(['one', 'three']);
    await write.react(two.id, '👍');
    await write.sendText('four');
    await until(laptop, () => contents().includes('four'));
    expect(contents()).toEqual(['one', 'three', 'four']);
  });

  it('keeps one message when the same id is sent on two devices at once', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const other = await openChatBetween(server, alice, await registerUser(server));
    const devices = [await connect(alice), await connect(alice)];
    const clientMessageId = randomUUID();
    const sent = await Promise.all(
      devices.map((device) => device.send({ chatId, clientMessageId, content: 'once' })),
    );
    expect(sent[0]!.id).toBe(sent[1]!.id);
    expect(await logOf(bob, chatId)).toHaveLength(1);
    expect(await logOf(alice, other)).toEqual([]);
  });
});
