import type { CommandSamples, RouteSamples, SampleWorld } from './sample.js';

const BASE = '/api/admin';
const newAccount = async ({ newUser }: SampleWorld) => ({
  params: { userId: (await newUser()).id },
});

/** Stores a broadcast that is due in an hour, or at once. */
const newBroadcast = async (
  { server, admin }: SampleWorld,
  when: { scheduledAt?: string } = {},
) => {
  const made = await server.http
    .post(`${BASE}/broadcasts`)
    .set(admin.auth)
    .send({ message: 'Hear, hear', ...when })
    .expect(201);
  return { params: { broadcastId: (made.body as { data: { id: string } }).data.id } };
};

const later = () => ({ scheduledAt: new Date(Date.now() + 3_600_000).toISOString() });

/** A report that waits in the queue. */
const newReport = async ({ server, bob, admin, newMessage }: SampleWorld) => {
  await server.http
    .post(`/api/messages/${await newMessage()}/report`)
    .set(bob.auth)
    .send({ reason: 'spam' })
    .expect(201);
  const queue = await server.http.get(`${BASE}/reports`).query({ limit: 1 }).set(admin.auth);
  return (queue.body as { data: { id: string }[] }).data[0]!.id;
};

/** A server key that may be revoked. */
const newKey = async ({ server, admin }: SampleWorld) => {
  const made = await server.http
    .post(`${BASE}/keys`)
    .set(admin.auth)
    .send({ name: 'Short-lived', scopes: ['users:write'] })
    .expect(201);
  return (made.body as { data: { id: string } }).data.id;
};

/** A disabled webhook, so that nothing is sent. */
const newWebhook = async ({ server, admin }: SampleWorld) => {
  const made = await server.http
    .post(`${BASE}/webhooks`)
    .set(admin.auth)
    .send({ url: 'http://parley.invalid/', events: ['report.created'], isEnabled: false })
    .expect(201);
  return { webhookId: (made.body as { data: { id: string } }).data.id };
};

/** Uses one webhook up: there can be only so many. */
const onWebhook = (name: string, body?: Record<string, unknown>): RouteSamples => ({
  [name]: {
    request: async (world) => ({ params: await webhookOf(world), ...(body && { body }) }),
    by: 'admin',
    stranger: 403,
  },
});
const madeWebhooks = new WeakMap<SampleWorld, Promise<{ webhookId: string }>>();
const webhookOf = (world: SampleWorld) => {
  const made = madeWebhooks.get(world) ?? newWebhook(world);
  madeWebhooks.set(world, made);
  return made;
};

/** A test's delivery, which has failed. */
const newWebhookDelivery = async (world: SampleWorld) => {
  const { webhookId } = await webhookOf(world);
  const tested = await world.server.http
    .post(`${BASE}/webhooks/${webhookId}/test`)
    .set(world.admin.auth)
    .expect(200);
  return { webhookId, deliveryId: (tested.body as { data: { id: string } }).data.id };
};

/** A rule of the word filter. */
const newWordFilter = async ({ server, admin }: SampleWorld, action: string, pattern: string) => {
  const made = await server.http
    .post(`${BASE}/word-filters`)
    .set(admin.auth)
    .send({ pattern, action });
  return { params: { filterId: (made.body as { data: { id: string } }).data.id } };
};
let words = 0;
const newWord = (): string => `unheardof${(words += 1)}x`;

/** A message of Alice's that is held. */
const newHeld = async (world: SampleWorld) => {
  const word = newWord();
  await newWordFilter(world, 'hold', word);
  const { server, alice, chatId } = world;
  const held = await server.http
    .post('/api/messages')
    .set(alice.auth)
    .send({ chatId, content: word })
    .expect(201);
  return { params: { heldId: (held.body as { data: { id: string } }).data.id } };
};

/** A case of a message of Alice's, reported by Bob. */
const newCase = async (world: SampleWorld) => {
  const { server, bob } = world;
  await newReport(world);
  const mine = await server.http.get('/api/reports').query({ limit: 1 }).set(bob.auth);
  return { params: { caseId: (mine.body as { data: { caseId: string }[] }).data[0]!.caseId } };
};
const chatOf = ({ chatId }: SampleWorld) => ({ params: { chatId } });
const reportBody = { category: 'spam', text: 'again and again' };

/** What admins do, and what everybody gets of it. */
export const adminRoutes: RouteSamples = {
  [`get ${BASE}/webhooks`]: { request: () => ({}), by: 'admin', stranger: 403 },
  [`post ${BASE}/webhooks`]: {
    request: () => ({
      body: { url: 'http://parley.invalid/', events: ['report.created'], isEnabled: false },
    }),
    by: 'admin',
    stranger: 403,
  },
  ...onWebhook(`get ${BASE}/webhooks/:webhookId`),
  ...onWebhook(`patch ${BASE}/webhooks/:webhookId`, { description: 'Orders' }),
  [`delete ${BASE}/webhooks/:webhookId`]: {
    request: async (world) => ({ params: await newWebhook(world) }),
    by: 'admin',
    stranger: 403,
  },
  ...onWebhook(`post ${BASE}/webhooks/:webhookId/test`),
  ...onWebhook(`post ${BASE}/webhooks/:webhookId/rotate`),
  ...onWebhook(`post ${BASE}/webhooks/:webhookId/recover`, { since: '2026-01-01T00:00:00.000Z' }),
  ...onWebhook(`get ${BASE}/webhooks/:webhookId/deliveries`),
  [`post ${BASE}/webhooks/:webhookId/deliveries/:deliveryId/redeliver`]: {
    request: async (world) => ({ params: await newWebhookDelivery(world) }),
    by: 'admin',
    stranger: 403,
  },
  [`get ${BASE}/users`]: { request: () => ({}), by: 'admin', stranger: 403 },
  [`get ${BASE}/users/:userId`]: { request: newAccount, by: 'admin', stranger: 403 },
  [`post ${BASE}/users/:userId/deactivate`]: { request: newAccount, by: 'admin', stranger: 403 },
  [`post ${BASE}/users/:userId/reactivate`]: { request: newAccount, by: 'admin', stranger: 403 },
  [`put ${BASE}/users/:userId/role`]: {
    request: async (world) => ({ ...(await newAccount(world)), body: { role: 'user' } }),
    by: 'admin',
    stranger: 403,
  },
  [`post ${BASE}/users/:userId/logout-all`]: { request: newAccount, by: 'admin', stranger: 403 },
  [`delete ${BASE}/users/:userId/totp`]: { request: newAccount, by: 'admin', stranger: 403 },
  [`post ${BASE}/registration-invites`]: {
    request: () => ({ body: { maxUses: 3, email: 'guest@example.com' } }),
    by: 'admin',
    stranger: 403,
  },
  [`get ${BASE}/registration-invites`]: { request: () => ({}), by: 'admin', stranger: 403 },
  [`delete ${BASE}/registration-invites/:inviteId`]: {
    request: async ({ server, admin }) => {
      const made = await server.http.post(`${BASE}/registration-invites`).set(admin.auth).send({});
      return { params: { inviteId: (made.body as { data: { id: string } }).data.id } };
    },
    by: 'admin',
    stranger: 403,
  },
  [`post ${BASE}/sanctions`]: {
    request: async ({ newUser }) => ({
      body: { userId: (await newUser()).id, kind: 'ban', reason: 'Advertising' },
    }),
    by: 'admin',
    stranger: 403,
  },
  [`get ${BASE}/sanctions`]: { request: () => ({}), by: 'admin', stranger: 403 },
  [`delete ${BASE}/sanctions/:sanctionId`]: {
    request: async ({ server, admin, newUser }) => {
      const made = await server.http
        .post(`${BASE}/sanctions`)
        .set(admin.auth)
        .send({ userId: (await newUser()).id, kind: 'silence', reason: 'Advertising' });
      return { params: { sanctionId: (made.body as { data: { id: string } }).data.id } };
    },
    by: 'admin',
    stranger: 403,
  },
  [`post ${BASE}/send-to-user`]: {
    request: async ({ newUser }) => ({
      body: { userId: (await newUser()).id, message: 'Welcome!', messageType: 'text' },
    }),
    by: 'admin',
    stranger: 403,
  },
  [`post ${BASE}/broadcasts`]: {
    request: () => ({ body: { message: 'Important announcement!', messageType: 'text' } }),
    by: 'admin',
    stranger: 403,
  },
  [`get ${BASE}/broadcasts`]: { request: () => ({}), by: 'admin', stranger: 403 },
  [`get ${BASE}/broadcasts/:broadcastId`]: {
    request: (world) => newBroadcast(world),
    by: 'admin',
    stranger: 403,
  },
  [`post ${BASE}/broadcasts/:broadcastId/cancel`]: {
    request: (world) => newBroadcast(world, later()),
    by: 'admin',
    stranger: 403,
  },
  [`post ${BASE}/keys`]: {
    request: () => ({ body: { name: 'Orders', scopes: ['users:write'] } }),
    by: 'admin',
    stranger: 403,
  },
  [`get ${BASE}/keys`]: { request: () => ({}), by: 'admin', stranger: 403 },
  [`delete ${BASE}/keys/:keyId`]: {
    request: async (world) => ({ params: { keyId: await newKey(world) } }),
    by: 'admin',
    stranger: 403,
  },
  [`get ${BASE}/audit`]: { request: () => ({}), by: 'admin', stranger: 403 },
  [`get ${BASE}/audit/export`]: { request: () => ({}), by: 'admin', stranger: 403 },
  [`get ${BASE}/word-filters`]: { request: () => ({}), by: 'admin', stranger: 403 },
  [`post ${BASE}/word-filters`]: {
    request: () => ({ body: { pattern: newWord(), action: 'mask' } }),
    by: 'admin',
    stranger: 403,
  },
  [`put ${BASE}/word-filters/:filterId`]: {
    request: async (world) => ({
      ...(await newWordFilter(world, 'mask', newWord())),
      body: { action: 'refuse' },
    }),
    by: 'admin',
    stranger: 403,
  },
  [`delete ${BASE}/word-filters/:filterId`]: {
    request: (world) => newWordFilter(world, 'mask', newWord()),
    by: 'admin',
    stranger: 403,
  },
  [`get ${BASE}/held-messages`]: { request: () => ({}), by: 'admin', stranger: 403 },
  'get /api/chats/:chatId/held-messages': { request: chatOf, by: 'admin', stranger: 404 },
  'post /api/held-messages/:heldId/release': { request: newHeld, by: 'admin', stranger: 404 },
  'post /api/held-messages/:heldId/refuse': { request: newHeld, by: 'admin', stranger: 404 },
  [`get ${BASE}/cases`]: { request: () => ({}), by: 'admin', stranger: 403 },
  [`get ${BASE}/cases/statistics`]: {
    request: () => ({ query: { from: '2020-01-01T00:00:00Z', to: '2040-01-01T00:00:00Z' } }),
    by: 'admin',
    stranger: 403,
  },
  [`get ${BASE}/cases/:caseId`]: { request: newCase, by: 'admin', stranger: 403 },
  [`post ${BASE}/cases/:caseId/assign`]: {
    request: async (world) => ({
      ...(await newCase(world)),
      body: { assigneeId: world.admin.id },
    }),
    by: 'admin',
    stranger: 403,
  },
  [`post ${BASE}/cases/:caseId/actions`]: {
    request: async (world) => ({ ...(await newCase(world)), body: { action: 'dismiss' } }),
    by: 'admin',
    stranger: 403,
  },
  'get /api/chats/:chatId/reports': { request: chatOf, by: 'admin', stranger: 404 },
  'get /api/reports': { request: () => ({}), stranger: 200 },
  'post /api/users/:userId/report': {
    request: async ({ newUser }) => ({
      params: { userId: (await newUser()).id },
      body: reportBody,
    }),
    stranger: 200,
  },
  'post /api/chats/:chatId/report': {
    request: (world) => ({ ...chatOf(world), body: reportBody }),
    stranger: 404,
  },
  [`get ${BASE}/reports`]: { request: () => ({}), by: 'admin', stranger: 403 },
  [`post ${BASE}/reports/:reportId/resolve`]: {
    request: async (world) => ({
      params: { reportId: await newReport(world) },
      body: { note: 'Seen' },
    }),
    by: 'admin',
    stranger: 403,
  },
  'post /api/messages/:messageId/report': {
    request: async ({ newMessage }) => ({
      params: { messageId: await newMessage() },
      body: { reason: 'spam' },
    }),
    by: 'bob',
    stranger: 404,
  },
  'get /api/broadcasts': { request: () => ({}), stranger: 200 },
  'post /api/broadcasts/:broadcastId/read': {
    request: (world) => newBroadcast(world),
    stranger: 200,
  },
};

/** The same over the socket. */
export const adminCommands: CommandSamples = {
  'native report': {
    payload: async ({ newMessage }) => ({ messageId: await newMessage(), category: 'spam' }),
    by: 'bob',
    stranger: 'NOT_FOUND',
  },
  'native admin_broadcast': {
    payload: () => ({ message: 'Important announcement!', messageType: 'text' }),
    by: 'admin',
    stranger: 'FORBIDDEN',
  },
  'native read_broadcast': {
    payload: async (world) => (await newBroadcast(world)).params,
    stranger: 'ok',
  },
  'native admin_message_user': {
    payload: async ({ newUser }) => ({
      userId: (await newUser()).id,
      message: 'Hello from admin',
      messageType: 'text',
    }),
    by: 'admin',
    stranger: 'FORBIDDEN',
  },
};
