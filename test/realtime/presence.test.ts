import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { about, heardOf } from '../support/presence.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket, settled } from '../support/socket.js';

describe('presence on one node', () => {
  let server: TestServer;
  const open: TestSocket[] = [];
  beforeAll(async () => {
    server = await startServer({ env: { PRESENCE_GRACE_MS: '1000' } });
  });
  afterEach(() => {
    for (const socket of open.splice(0)) socket.close();
  });
  afterAll(async () => {
    await server.close();
  });

  const connect = async (user: TestUser, dialect = 'native'): Promise<TestSocket> => {
    const socket = await TestSocket.connect(server, user, { dialect });
    open.push(socket);
    return socket;
  };
  const statusOf = (viewer: TestUser, user: TestUser) =>
    server.http.get(`/api/users/${user.id}/status`).set(viewer.auth);
  const online = async (viewer: TestUser): Promise<{ id: string; customStatus: string }[]> => {
    const response = await server.http.get('/api/users/online').set(viewer.auth).expect(200);
    return response.body.data as { id: string; customStatus: string }[];
  };
  /** Comes, goes, and is announced as gone: whoever left before is past the grace period then. */
  const passGrace = async (listener: TestSocket, other: TestUser) => {
    const socket = await connect(other);
    await listener.next('presence_changed', about(other, 'online'));
    socket.close();
    await listener.next('presence_changed', about(other, 'offline'));
  };

  it('tells contacts once, however many devices come and go', async () => {
    const { alice, bob } = await openDirectChat(server);
    const listener = await connect(bob);
    const phone = await connect(alice);
    const laptop = await connect(alice);
    await listener.next('presence_changed', about(alice, 'online'));
    expect((await statusOf(bob, alice).expect(200)).body.data).toEqual({
      userId: alice.id,
      status: 'online',
      customStatus: '',
      isOnline: true,
      lastSeen: null,
    });

    phone.close();
    await settled(laptop);
    laptop.close();
    const gone = await listener.next('presence_changed', about(alice, 'offline'));
    expect(heardOf(listener, alice)).toEqual(['online', 'offline']);
    expect(Date.parse(gone.lastSeen as string)).toBeLessThanOrEqual(Date.now());
    const later = (await statusOf(bob, alice).expect(200)).body.data as { lastSeen: string };
    expect(later.lastSeen).toBe(gone.lastSeen);
  });

  it('announces nobody who is back within the grace period', async () => {
    const { alice, bob } = await openDirectChat(server);
    const carol = await registerUser(server);
    await openChatBetween(server, bob, carol);
    const listener = await connect(bob);
    const first = await connect(alice);
    await listener.next('presence_changed', about(alice, 'online'));
    first.close();
    await first.closed();
    await connect(alice);
    await passGrace(listener, carol);
    expect(heardOf(listener, alice)).toEqual(['online']);
  });

  it('reveals nothing to strangers, to those whose request waits, and across a block', async () => {
    const { alice, bob } = await openDirectChat(server);
    const [stranger, suitor, blocked] = await Promise.all([
      registerUser(server),
      registerUser(server),
      registerUser(server),
    ]);
    await server.http
      .post('/api/chats/or-create')
      .set(suitor.auth)
      .send({ recipientId: alice.id })
      .expect(201);
    const blockedChat = await openChatBetween(server, alice, blocked);
    await server.http.post(`/api/chats/${blockedChat}/block`).set(alice.auth).expect(200);

    const listener = await connect(bob);
    const outsiders = [stranger, suitor, blocked];
    const sockets = await Promise.all(outsiders.map((user) => connect(user)));
    const device = await connect(alice);
    await listener.next('presence_changed', about(alice, 'online'));
    await device.command('set_status', { status: 'busy' });
    await listener.next('presence_changed', about(alice, 'busy'));
    await settled(...sockets);
    for (const [index, socket] of sockets.entries()) {
      expect(socket.count('presence_changed')).toBe(0);
      const refused = await statusOf(outsiders[index]!, alice).expect(404);
      expect(refused.body.code).toBe('NOT_FOUND');
      expect(await online(outsiders[index]!)).toEqual([]);
    }
  });

  it('is not in what two who share a group or a room see of it, across a block', async () => {
    const [alice, carol, blocked] = await Promise.all([
      registerUser(server),
      registerUser(server),
      registerUser(server),
    ]);
    await openChatBetween(server, alice, carol);
    const chatId = await openChatBetween(server, alice, blocked);
    const group = await server.http
      .post('/api/chats')
      .set(alice.auth)
      .send({ kind: 'group', name: 'Lunch', memberIds: [carol.id, blocked.id] })
      .expect(201);
    const groupId = (group.body as { data: { id: string } }).data.id;
    const room = `hall${alice.id.slice(-6)}`;
    const devices = await Promise.all([alice, carol, blocked].map((user) => connect(user, 'room')));
    for (const device of devices) {
      expect(await device.command('join-room', { room })).toMatchObject({ ok: true });
    }
    await server.http.post(`/api/chats/${chatId}/block`).set(alice.auth).expect(200);

    const inGroup = async (viewer: TestUser) => {
      const { body } = await server.http.get(`/api/chats/${groupId}`).set(viewer.auth).expect(200);
      const people = body.data.participants as { id: string; isOnline: boolean }[];
      return people.filter(({ isOnline }) => isOnline).map(({ id }) => id);
    };
    const inChannel = async (index: number) => {
      const ack = await devices[index]!.command<{ users: { userId: string }[] }>('online-users', {
        room,
      });
      return ack.data.users.map(({ userId }) => userId);
    };
    const everybody = [alice, carol, blocked].map(({ id }) => id).sort();
    const without = ({ id }: TestUser) => everybody.filter((one) => one !== id);
    for (const [index, viewer, expected] of [
      [0, alice, without(blocked)],
      [1, carol, everybody],
      [2, blocked, without(alice)],
    ] as const) {
      expect((await inGroup(viewer)).sort()).toEqual(expected);
      expect((await inChannel(index)).sort()).toEqual(expected);
    }
  });

  it('tells those of a public room who look at it, and no other members', async () => {
    const [walker, watcher, member] = await Promise.all([
      registerUser(server),
      registerUser(server),
      registerUser(server),
    ]);
    const room = `lobby${walker.id.slice(-6)}`;
    const [watching, idle, walking] = await Promise.all([
      connect(watcher, 'room'),
      connect(member, 'room'),
      connect(walker, 'room'),
    ]);
    for (const socket of [watching, idle, walking]) {
      expect(await socket.command('join-room', { room })).toMatchObject({ ok: true });
    }
    idle.close();
    const elsewhere = await connect(member, 'room');

    await walking.command('user-status', 'away');
    const heard = await watching.next('user-status-update', about(walker, 'away'));
    expect(heard).toMatchObject({ isOnline: true, lastSeen: null });
    await settled(elsewhere);
    expect(elsewhere.heard.filter(({ payload }) => payload.userId === walker.id)).toEqual([]);
    expect((await online(member)).map(({ id }) => id)).toContain(walker.id);
  });

  it('shows the invisible as gone since they hid, whatever they do', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const carol = await registerUser(server);
    await openChatBetween(server, bob, carol);
    const listener = await connect(bob);
    await listener.command('join_chat', { chatId });
    const device = await connect(alice);
    await listener.next('presence_changed', about(alice, 'online'));
    await device.command('set_status', { status: 'offline' });
    const { lastSeen } = await listener.next('presence_changed', about(alice, 'offline'));
    expect(lastSeen).not.toBeNull();

    await device.command('join_chat', { chatId });
    const second = await connect(alice);
    second.close();
    device.close();
    await passGrace(listener, carol);
    expect(heardOf(listener, alice)).toEqual(['online', 'offline']);
    expect(listener.count('user_online')).toBe(0);
    expect((await statusOf(bob, alice).expect(200)).body.data).toMatchObject({
      status: 'offline',
      lastSeen,
    });

    const back = await connect(alice);
    await back.command('set_status', { status: 'online' });
    await listener.next('presence_changed', about(alice, 'online'));
    expect(heardOf(listener, alice)).toEqual(['online', 'offline', 'online']);
  });

  it('shows the status that somebody has chosen, over REST and the socket', async () => {
    const { alice, bob } = await openDirectChat(server);
    const listener = await connect(bob);
    await connect(alice);
    await server.http
      .post('/api/users/status')
      .set(alice.auth)
      .send({ status: 'away', customStatus: 'At lunch' })
      .expect(200);
    expect(await listener.next('presence_changed', about(alice, 'away'))).toEqual({
      userId: alice.id,
      status: 'away',
      customStatus: 'At lunch',
      lastSeen: null,
    });
    expect(await online(bob)).toEqual([
      expect.objectContaining({ id: alice.id, customStatus: 'At lunch', isOnline: true }),
    ]);
    expect(await online(alice)).toEqual([expect.objectContaining({ id: bob.id })]);
  });

  it('keeps the words of a status over devices and visits, until they are emptied', async () => {
    const { alice, bob } = await openDirectChat(server);
    const listener = await connect(bob);
    const phone = await connect(alice);
    const laptop = await connect(alice);
    await laptop.command('set_status', { status: 'busy', customStatus: 'In a call' });
    await listener.next('presence_changed', about(alice, 'busy'));
    phone.close();
    laptop.close();
    expect(await listener.next('presence_changed', about(alice, 'offline'))).toMatchObject({
      customStatus: '',
    });
    listener.clear();
    const back = await connect(alice);
    expect(await listener.next('presence_changed', about(alice, 'busy'))).toMatchObject({
      customStatus: 'In a call',
    });
    // The same status with other words is news, the same words again are not.
    await back.command('set_status', { status: 'busy', customStatus: 'In a call' });
    await back.command('set_status', { status: 'busy', customStatus: '' });
    await listener.next('presence_changed', ({ customStatus }) => customStatus === '');
    expect(heardOf(listener, alice)).toEqual(['busy', 'busy']);
    expect((await statusOf(bob, alice).expect(200)).body.data).toMatchObject({ customStatus: '' });
  });
});
