import { openChatBetween } from '../../support/server.js';
import type { TestUser } from '../../support/server.js';
import type { RouteSample, RouteSamples, SampleWorld } from './sample.js';

/** A group of Alice's with somebody new in it, so that nothing done to it is felt elsewhere. */
const newGroup = async ({ server, alice, newUser }: SampleWorld) => {
  const friend = await newUser();
  await openChatBetween(server, alice, friend);
  const made = await server.http
    .post('/api/chats')
    .set(alice.auth)
    .send({ kind: 'group', name: 'Lunch', memberIds: [friend.id] });
  return { chatId: (made.body as { data: { id: string } }).data.id, friend };
};

const onGroup = (
  rest: (
    group: { chatId: string; friend: TestUser },
    world: SampleWorld,
  ) => object | Promise<object> = () => ({}),
): RouteSample => ({
  request: async (world) => {
    const group = await newGroup(world);
    return { params: { chatId: group.chatId }, ...(await rest(group, world)) };
  },
  stranger: 404,
});

/** Somebody new whom Alice has a chat with. */
const newFriend = async ({ server, alice, newUser }: SampleWorld): Promise<string> => {
  const friend = await newUser();
  await openChatBetween(server, alice, friend);
  return friend.id;
};

/** The code of a new invite to a group. */
const newInvite = async ({ server, alice }: SampleWorld, chatId: string): Promise<string> => {
  const made = await server.http.post(`/api/chats/${chatId}/invites`).set(alice.auth).send({});
  return (made.body as { data: { code: string } }).data.code;
};

/** A silence of the friend in a group. */
const newSilence = async (
  { server, alice }: SampleWorld,
  { chatId, friend }: { chatId: string; friend: TestUser },
): Promise<string> => {
  const made = await server.http
    .post(`/api/chats/${chatId}/sanctions`)
    .set(alice.auth)
    .send({ userId: friend.id, kind: 'silence', reason: 'Advertising' });
  return (made.body as { data: { id: string } }).data.id;
};

/** Groups, their members, and invites to them. */
export const groupRoutes: RouteSamples = {
  'post /api/chats': {
    request: () => ({ body: { kind: 'group', name: 'Lunch' } }),
    stranger: 200,
  },
  'patch /api/chats/:chatId': onGroup(() => ({ body: { name: 'Dinner' } })),
  'get /api/chats/:chatId/members': onGroup(),
  'post /api/chats/:chatId/members': onGroup(async (_, world) => ({
    body: { userIds: [await newFriend(world)] },
  })),
  'delete /api/chats/:chatId/members/:userId': onGroup(({ chatId, friend }) => ({
    params: { chatId, userId: friend.id },
  })),
  'put /api/chats/:chatId/members/:userId/role': onGroup(({ chatId, friend }) => ({
    params: { chatId, userId: friend.id },
    body: { role: 'admin' },
  })),
  'post /api/chats/:chatId/sanctions': onGroup(({ friend }) => ({
    body: { userId: friend.id, kind: 'silence', reason: 'Advertising' },
  })),
  'get /api/chats/:chatId/sanctions': onGroup(),
  'delete /api/chats/:chatId/sanctions/:sanctionId': onGroup(async (group, world) => ({
    params: { chatId: group.chatId, sanctionId: await newSilence(world, group) },
  })),
  'get /api/users/me/sanctions': { request: () => ({}), stranger: 200 },
  'post /api/sanctions/:sanctionId/appeal': {
    // In a room of its own, so that Alice may write everywhere else.
    request: async ({ server, alice, newUser }) => {
      const owner = await newUser();
      const room = await server.http
        .post('/api/chats')
        .set(owner.auth)
        .send({ kind: 'room', name: `Room of ${owner.username}` })
        .expect(201);
      const { id: chatId, slug } = (room.body as { data: { id: string; slug: string } }).data;
      await server.http.post(`/api/rooms/${slug}/join`).set(alice.auth).expect(200);
      const made = await server.http
        .post(`/api/chats/${chatId}/sanctions`)
        .set(owner.auth)
        .send({ userId: alice.id, kind: 'silence', reason: 'Advertising' })
        .expect(201);
      const sanctionId = (made.body as { data: { id: string } }).data.id;
      return { params: { sanctionId }, body: { text: 'It was no advertising' } };
    },
    stranger: 404,
  },
  'post /api/chats/:chatId/leave': onGroup(async ({ chatId, friend }, { server, alice }) => {
    await server.http
      .put(`/api/chats/${chatId}/members/${friend.id}/role`)
      .set(alice.auth)
      .send({ role: 'owner' });
    return {};
  }),
  'post /api/chats/:chatId/invites': onGroup(() => ({ body: { maxUses: 5 } })),
  'get /api/chats/:chatId/invites': onGroup(),
  'delete /api/chats/:chatId/invites/:code': onGroup(async ({ chatId }, world) => ({
    params: { chatId, code: await newInvite(world, chatId) },
  })),
  'get /api/invites': { request: () => ({}), stranger: 200 },
  'delete /api/invites/:code': {
    request: async ({ server, alice, newUser }) => {
      const maker = await newUser();
      await server.http
        .post('/api/chats')
        .set(maker.auth)
        .send({ kind: 'group', name: 'Lunch', memberIds: [alice.id] });
      const mine = await server.http.get('/api/invites').set(alice.auth);
      return { params: { code: (mine.body as { data: { code: string }[] }).data[0]!.code } };
    },
    stranger: 404,
  },
  'get /api/invites/:code': {
    request: async (world) => ({
      params: { code: await newInvite(world, (await newGroup(world)).chatId) },
    }),
    stranger: 200,
  },
  'post /api/invites/:code/accept': {
    request: async (world) => ({
      params: { code: await newInvite(world, (await newGroup(world)).chatId) },
    }),
    stranger: 200,
  },
};

/** Reading, over REST. */
export const receiptRoutes: RouteSamples = {
  'post /api/messages/:messageId/read': {
    request: async ({ newMessage }) => ({ params: { messageId: await newMessage() } }),
    by: 'bob',
    stranger: 404,
  },
  'post /api/chats/:chatId/read': {
    request: ({ chatId }) => ({ params: { chatId }, body: { seq: 1 } }),
    by: 'bob',
    stranger: 404,
  },
  'post /api/chats/bulk-read': {
    request: ({ chatId }) => ({ body: { chatIds: [chatId] } }),
    by: 'bob',
    stranger: 404,
  },
};
