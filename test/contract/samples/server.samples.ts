import { randomUUID } from 'node:crypto';
import type { RouteSample, RouteSamples, SampleRequest, SampleWorld } from './sample.js';

const BASE = '/api/server';

/** A route under a server key: a user's token opens it as little as none at all. */
const sample = (
  request: (world: SampleWorld) => SampleRequest | Promise<SampleRequest>,
): RouteSample => ({ request, by: 'service', stranger: 401 });

const newUser = async ({ newUser: make }: SampleWorld) => ({
  params: { userId: (await make()).id },
});

const newChat = async ({ server, service, newUser: make }: SampleWorld) => {
  const [owner, member] = await Promise.all([make(), make()]);
  const made = await server.http
    .post(`${BASE}/chats`)
    .set(service.auth)
    .send({ kind: 'group', name: 'Order 7', memberIds: [owner.id, member.id] })
    .expect(201);
  return { chatId: (made.body as { data: { id: string } }).data.id, member };
};

/** A message of the system's. */
const newMessage = async (world: SampleWorld) => {
  const { server, service } = world;
  const { chatId } = await newChat(world);
  const sent = await server.http
    .post(`${BASE}/chats/${chatId}/messages`)
    .set(service.auth)
    .send({ content: 'Your order has been sent' })
    .expect(201);
  return { messageId: (sent.body as { data: { id: string } }).data.id };
};

/** What servers do under their keys. */
export const serverRoutes: RouteSamples = {
  [`post ${BASE}/users`]: sample(() => ({
    body: { externalId: randomUUID(), firstName: 'Ada', metadata: { tier: 'gold' } },
  })),
  [`get ${BASE}/users`]: sample(() => ({})),
  [`post ${BASE}/users/bulk`]: sample(() => ({
    body: { users: [{ externalId: randomUUID(), lastName: 'Lovelace' }] },
  })),
  [`get ${BASE}/users/:userId`]: sample(newUser),
  [`patch ${BASE}/users/:userId`]: sample(async (world) => ({
    ...(await newUser(world)),
    body: { firstName: 'Grace' },
  })),
  [`post ${BASE}/users/:userId/deactivate`]: sample(newUser),
  [`post ${BASE}/users/:userId/reactivate`]: sample(newUser),
  [`post ${BASE}/users/:userId/token`]: sample(async (world) => ({
    ...(await newUser(world)),
    body: { expiresIn: 600 },
  })),
  [`post ${BASE}/users/:userId/revoke`]: sample(newUser),
  [`post ${BASE}/chats`]: sample(async ({ newUser: make }) => ({
    body: { kind: 'group', name: 'Order 7', memberIds: [(await make()).id] },
  })),
  [`get ${BASE}/chats`]: sample(() => ({})),
  [`get ${BASE}/chats/:chatId`]: sample(async (world) => ({
    params: { chatId: (await newChat(world)).chatId },
  })),
  [`patch ${BASE}/chats/:chatId`]: sample(async (world) => ({
    params: { chatId: (await newChat(world)).chatId },
    body: { metadata: { step: 2 } },
  })),
  [`delete ${BASE}/chats/:chatId`]: sample(async (world) => ({
    params: { chatId: (await newChat(world)).chatId },
  })),
  [`get ${BASE}/chats/:chatId/members`]: sample(async (world) => ({
    params: { chatId: (await newChat(world)).chatId },
  })),
  [`post ${BASE}/chats/:chatId/members`]: sample(async (world) => ({
    params: { chatId: (await newChat(world)).chatId },
    body: { userIds: [(await world.newUser()).id] },
  })),
  [`patch ${BASE}/chats/:chatId/members/:userId`]: sample(async (world) => {
    const { chatId, member } = await newChat(world);
    return { params: { chatId, userId: member.id }, body: { metadata: { seat: 4 } } };
  }),
  [`delete ${BASE}/chats/:chatId/members/:userId`]: sample(async (world) => {
    const { chatId, member } = await newChat(world);
    return { params: { chatId, userId: member.id } };
  }),
  [`post ${BASE}/chats/:chatId/messages`]: sample(async (world) => {
    const { chatId, member } = await newChat(world);
    return { params: { chatId }, body: { senderId: member.id, content: 'Where is my order?' } };
  }),
  [`get ${BASE}/chats/:chatId/messages`]: sample(async (world) => ({
    params: { chatId: (await newChat(world)).chatId },
  })),
  [`get ${BASE}/messages`]: sample(() => ({})),
  [`get ${BASE}/messages/:messageId`]: sample(async (world) => ({
    params: await newMessage(world),
  })),
  [`patch ${BASE}/messages/:messageId`]: sample(async (world) => ({
    params: await newMessage(world),
    body: { metadata: { state: 'delivered' } },
  })),
  [`delete ${BASE}/messages/:messageId`]: sample(async (world) => ({
    params: await newMessage(world),
  })),
  [`post ${BASE}/broadcasts`]: sample(() => ({ body: { message: 'We are open again' } })),
};
