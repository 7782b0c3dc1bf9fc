import type { CommandSamples, RouteSamples, SampleWorld } from './sample.js';

const BASE = '/api/v0/chat';
const inConversation = ({ chatId }: { chatId: string }) => ({ params: { conversationId: chatId } });

/** The v0 dialect over REST. Writing to a person opens the chat, so strangers may. */
export const v0Routes: RouteSamples = {
  [`get ${BASE}/conversations`]: { request: () => ({}), stranger: 200 },
  [`get ${BASE}/unread-count`]: { request: () => ({}), stranger: 200 },
  [`post ${BASE}/admin/broadcast`]: {
    request: () => ({ body: { message: 'To everybody' } }),
    by: 'admin',
    stranger: 403,
  },
  [`post ${BASE}/admin/send-to-user`]: {
    request: ({ bob }) => ({ body: { userId: bob.id, message: 'Hello from admin' } }),
    by: 'admin',
    stranger: 403,
  },
  [`get ${BASE}/online-users`]: { request: () => ({}), stranger: 200 },
  [`get ${BASE}/user-status/:userId`]: {
    request: ({ bob }) => ({ params: { userId: bob.id } }),
    stranger: 404,
  },
  [`get ${BASE}/conversation/:receiverId`]: {
    request: ({ bob }) => ({ params: { receiverId: bob.id } }),
    stranger: 200,
  },
  [`get ${BASE}/conversation/:conversationId/messages`]: {
    request: inConversation,
    stranger: 404,
  },
  [`put ${BASE}/conversation/:conversationId/read`]: { request: inConversation, stranger: 404 },
  [`post ${BASE}/send`]: {
    request: async ({ newUser }) => ({
      body: { receiverId: (await newUser()).id, message: 'Hello!' },
    }),
    stranger: 200,
  },
  [`put ${BASE}/message/:messageId/read`]: {
    request: async ({ newMessage }) => ({ params: { messageId: await newMessage() } }),
    by: 'bob',
    stranger: 404,
  },
  [`delete ${BASE}/message/:messageId`]: {
    request: async ({ newMessage }) => ({ params: { messageId: await newMessage() } }),
    stranger: 404,
  },
};

/** Somebody with whom Alice, and nobody else, has a conversation. */
const aliceKnows = async ({ newUser, alice, server }: SampleWorld) => {
  const receiver = await newUser();
  await server.http.get(`${BASE}/conversation/${receiver.id}`).set(alice.auth).expect(200);
  return { receiverId: receiver.id };
};

/** The v0 dialect over the socket. Typing to a person without a conversation is heard by nobody. */
export const v0Commands: CommandSamples = {
  'v0 send_message': {
    payload: async ({ newUser }) => ({ receiverId: (await newUser()).id, message: 'Hello!' }),
    stranger: 'ok',
  },
  'v0 mark_message_read': {
    payload: async ({ newMessage }) => ({ messageId: await newMessage() }),
    by: 'bob',
    stranger: 'NOT_FOUND',
  },
  'v0 typing_start': { payload: aliceKnows, stranger: 'ok' },
  'v0 typing_stop': { payload: aliceKnows, stranger: 'ok' },
};
