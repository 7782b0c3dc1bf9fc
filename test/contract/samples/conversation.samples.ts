import type { CommandSamples, RouteSamples } from './sample.js';

const BASE = '/api/chat';
const inConversation = ({ chatId }: { chatId: string }) => ({ conversationId: chatId });

/** The conversation dialect over REST. Opening a conversation with a person is anybody's right. */
export const conversationRoutes: RouteSamples = {
  [`get ${BASE}/conversations`]: { request: () => ({}), stranger: 200 },
  [`get ${BASE}/unread-count`]: { request: () => ({}), stranger: 200 },
  [`get ${BASE}/conversation/:participantId`]: {
    request: ({ bob }) => ({ params: { participantId: bob.id } }),
    stranger: 200,
  },
  [`get ${BASE}/conversation/:conversationId/messages`]: {
    request: (world) => ({ params: inConversation(world) }),
    stranger: 404,
  },
  [`post ${BASE}/message`]: {
    request: (world) => ({ body: { ...inConversation(world), text: 'Hello!', media: [] } }),
    stranger: 404,
  },
  [`post ${BASE}/messages/read`]: {
    request: (world) => ({ body: inConversation(world) }),
    stranger: 404,
  },
  [`delete ${BASE}/message/:messageId`]: {
    request: async ({ newMessage }) => ({
      params: { messageId: await newMessage() },
      body: { deleteForEveryone: true },
    }),
    stranger: 404,
  },
};

/** The conversation dialect over the socket. */
export const conversationCommands: CommandSamples = {
  'conversation join:conversation': { payload: inConversation, stranger: 'NOT_FOUND' },
  'conversation leave:conversation': { payload: inConversation, stranger: 'ok' },
  'conversation send:message': {
    payload: (world) => ({ ...inConversation(world), text: 'Hello!', media: [] }),
    stranger: 'NOT_FOUND',
  },
  'conversation message:read': { payload: inConversation, stranger: 'NOT_FOUND' },
  'conversation typing:start': { payload: inConversation, stranger: 'NOT_FOUND' },
  'conversation typing:stop': { payload: inConversation, stranger: 'NOT_FOUND' },
  'conversation delete:message': {
    payload: async ({ newMessage }) => ({ messageId: await newMessage(), deleteForEveryone: true }),
    stranger: 'NOT_FOUND',
  },
};
