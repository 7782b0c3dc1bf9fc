/** What people may know of each other, and do to each other, before the other one has agreed. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openChatBetween, openDirectChat, registerUser, startServer } from '../support/server.js';
import type { TestServer, TestUser } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    env: { SHOW_EMAIL: 'contacts', PRESENCE_AUDIENCE: 'answered' },
  });
});
afterAll(async () => {
  await server.close();
});

const post = (path: string, body: object, user: TestUser) =>
  server.http.post(path).set(user.auth).send(body);
const get = (path: string, user: TestUser) => server.http.get(path).set(user.auth);

/** Opens a chat in v0's way: at once, without the other's doing. */
const openAlone = async (user: TestUser, other: TestUser): Promise<string> => {
  const { body } = await get(`/api/v0/chat/conversation/${other.id}`, user).expect(200);
  return (body as { data: { _id: string } }).data._id;
};

const newGroup = async (maker: TestUser, memberIds: string[] = []) => {
  const { body } = await post('/api/chats', { kind: 'group', name: 'Lunch', memberIds }, maker);
  return body.data as { id: string; invited: string[]; participants: { id: string }[] };
};

/** Ways in which two people come to share a chat, and whether the other one has agreed by that. */
const meetings: [string, boolean, (user: TestUser, other: TestUser) => Promise<unknown>][] = [
  ['have no chat', false, () => Promise.resolve()],
  [
    'have a request that waits',
    false,
    (user, other) => post('/api/chats/or-create', { recipientId: other.id }, user).expect(201),
  ],
  ['have a chat that only one has opened', false, openAlone],
  [
    'have a chat in which only the one who opened it has written',
    false,
    async (user, other) => {
      const chatId = await openAlone(user, other);
      await post('/api/messages', { chatId, content: 'Hello' }, user).expect(201);
    },
  ],
  [
    'are in the same public room',
    false,
    async (user, other) => {
      for (const person of [user, other]) await post('/api/rooms/general/join', {}, person);
    },
  ],
  ['have a request that was accepted', true, (user, other) => openChatBetween(server, user, other)],
  ['have a chat that the other one has opened', true, (user, other) => openAlone(other, user)],
  [
    'have a chat in which the other one has written',
    true,
    async (user, other) => {
      const chatId = await openAlone(user, other);
      await post('/api/messages', { chatId, content: 'Hello' }, other).expect(201);
    },
  ],
  [
    'are in the same group',
    true,
    async (user, other) => {
      const host = await registerUser(server);
      for (const person of [user, other]) await openChatBetween(server, host, person);
      const { participants } = await newGroup(host, [user.id, other.id]);
      expect(participants).toHaveLength(3);
    },
  ],
];

describe.each(meetings)('two people who %s', (_, hasAgreed, meet) => {
  let user: TestUser;
  let other: TestUser;
  beforeAll(async () => {
    [user, other] = [await registerUser(server), await registerUser(server)];
    await meet(user, other);
  });

  it(`${hasAgreed ? 'see' : 'do not see'} each other's e-mail address under SHOW_EMAIL=contacts`, async () => {
    const { body } = await get(`/api/users/${other.id}`, user).expect(200);
    expect('email' in body.data).toBe(hasAgreed);
  });

  it(`${hasAgreed ? 'may add' : 'invite'} each other to a group`, async () => {
    const { id, invited, participants } = await newGroup(user, [other.id]);
    const names = participants.map((person) => person.id);
    expect([names.includes(other.id), invited]).toEqual([hasAgreed, hasAgreed ? [] : [other.id]]);
    const again = await post(`/api/chats/${id}/members`, { userIds: [other.id] }, user).expect(200);
    expect(again.body.data).toEqual({
      chatId: id,
      added: [],
      invited: hasAgreed ? [] : [other.id],
    });
  });
});

it('a chat from before answers were stored counts as answered when the other one has written in it', async () => {
  const [user, silent, talking] = await Promise.all([1, 2, 3].map(() => registerUser(server)));
  for (const other of [silent!, talking!]) await openAlone(user!, other);
  const chatId = await openAlone(user!, talking!);
  await post('/api/messages', { chatId, content: 'Hello' }, talking!).expect(201);
  const chats = server.app.connection.collection('chats');
  await chats.updateMany({ kind: 'direct' }, { $unset: { isAnswered: 1 } });

  const { invited } = await newGroup(user!, [silent!.id, talking!.id]);

  expect(invited).toEqual([silent!.id]);
});

it('PRESENCE_AUDIENCE=answered shows the presence of who was asked only once they have answered', async () => {
  const [user, other] = [await registerUser(server), await registerUser(server)];
  const chatId = await openAlone(user, other);
  const [watching, here] = [
    await TestSocket.connect(server, user),
    await TestSocket.connect(server, other),
  ];
  const shown = async (viewer: TestUser, person: TestUser) => {
    const { status } = await get(`/api/users/${person.id}/status`, viewer);
    const list = await get('/api/chats/active', viewer).expect(200);
    const [chat] = list.body.data as { otherUser: { isOnline: boolean } }[];
    return { status, isOnline: chat!.otherUser.isOnline };
  };
  expect(await shown(user, other)).toEqual({ status: 404, isOnline: false });
  expect(await shown(other, user)).toEqual({ status: 200, isOnline: true });
  await post('/api/messages', { chatId, content: 'Hello' }, other).expect(201);
  expect(await shown(user, other)).toEqual({ status: 200, isOnline: true });
  watching.close();
  here.close();
});

describe('an invite for one user', () => {
  const invite = async () => {
    const [maker, invited, another] = await Promise.all([1, 2, 3].map(() => registerUser(server)));
    const socket = await TestSocket.connect(server, invited!);
    const { id } = await newGroup(maker!, [invited!.id]);
    const received = (await socket.next('invite_received')) as { code: string };
    socket.close();
    return { chatId: id, maker: maker!, invited: invited!, another: another!, received };
  };

  it('reaches the user with the chat and who has sent it, and joins the user when it is accepted', async () => {
    const { chatId, maker, invited, another, received } = await invite();
    expect(received).toMatchObject({
      chatId,
      chat: { name: 'Lunch' },
      invitedBy: { id: maker.id },
    });
    const mine = await get('/api/invites', invited).expect(200);
    expect(mine.body.data).toMatchObject([{ code: received.code, chatId, name: 'Lunch' }]);
    await get(`/api/invites/${received.code}`, another).expect(404);
    await post(`/api/invites/${received.code}/accept`, {}, another).expect(404);
    await post(`/api/invites/${received.code}/accept`, {}, invited).expect(200);
    expect((await get('/api/invites', invited)).body.data).toEqual([]);
    await post('/api/messages', { chatId, content: 'Hello' }, invited).expect(201);
  });

  it('ends when the user declines it, and is not sent again within a day', async () => {
    const { chatId, maker, invited, another, received } = await invite();
    const decline = (user: TestUser) =>
      server.http.delete(`/api/invites/${received.code}`).set(user.auth);
    await decline(another).expect(404);
    await decline(invited).expect(200);
    await decline(invited).expect(200);
    await post(`/api/invites/${received.code}/accept`, {}, invited).expect(410);
    const inviteAgain = async () => {
      const members = `/api/chats/${chatId}/members`;
      const { body } = await post(members, { userIds: [invited.id] }, maker).expect(200);
      return body.data.invited as string[];
    };
    expect(await inviteAgain()).toEqual([]);
    // A day later.
    const { connection } = server.app;
    const declinedAt = new Date(Date.now() - 25 * 3600_000);
    await connection
      .collection('invites')
      .updateOne({ code: received.code }, { $set: { declinedAt } });
    expect(await inviteAgain()).toEqual([invited.id]);
    const [again] = (await get('/api/invites', invited)).body.data as { code: string }[];
    expect(again!.code).not.toBe(received.code);
    await post(`/api/invites/${again!.code}/accept`, {}, invited).expect(200);
  });

  it('lets nobody back in who was added otherwise, and then removed', async () => {
    const { chatId, maker, invited, received } = await invite();
    await openChatBetween(server, invited, maker);
    await post(`/api/chats/${chatId}/members`, { userIds: [invited.id] }, maker).expect(200);
    await server.http
      .delete(`/api/chats/${chatId}/members/${invited.id}`)
      .set(maker.auth)
      .expect(200);
    expect((await get('/api/invites', invited)).body.data).toEqual([]);
    await post(`/api/invites/${received.code}/accept`, {}, invited).expect(410);
  });

  it('is sent once, however often a request is repeated', async () => {
    const [maker, invited] = [await registerUser(server), await registerUser(server)];
    const socket = await TestSocket.connect(server, invited);
    const request = {
      kind: 'group',
      name: 'Lunch',
      clientChatId: 'lunch-1',
      memberIds: [invited.id],
    };
    const { body } = await post('/api/chats', request, maker).expect(201);
    const retry = await post('/api/chats', request, maker).expect(200);
    expect([body.data.invited, retry.body.data.invited]).toEqual([[invited.id], [invited.id]]);
    const members = `/api/chats/${body.data.id}/members`;
    await Promise.all([1, 2].map(() => post(members, { userIds: [invited.id] }, maker)));
    await socket.next('invite_received');
    expect((await get('/api/invites', invited)).body.data).toHaveLength(1);
    expect(socket.count('invite_received')).toBe(1);
    socket.close();
  });
});

it('an e-mail address is shown to nobody but its owner and admins by default', async () => {
  const node = await startServer();
  const { alice, bob } = await openDirectChat(node);
  const { body } = await node.http.get(`/api/users/${bob.id}`).set(alice.auth).expect(200);
  expect(body.data).not.toHaveProperty('email');
  await node.close();
});
