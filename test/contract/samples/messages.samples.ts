import type { CommandSamples, RouteSample, RouteSamples, SampleWorld } from './sample.js';

/** A request about a message that Alice has just sent to Bob. */
const onMessage = (
  more: (world: SampleWorld) => { body?: Record<string, unknown> } = () => ({}),
): RouteSample => ({
  request: async (world) => ({ params: { messageId: await world.newMessage() }, ...more(world) }),
  stranger: 404,
});

/** One message: looking at it, changing it, sending it on. */
export const messageRoutes: RouteSamples = {
  'get /api/messages/:messageId': onMessage(),
  'get /api/messages/:messageId/edits': onMessage(),
  'get /api/messages/:messageId/replies': onMessage(),
  'get /api/chats/:chatId/pinned': {
    request: ({ chatId }) => ({ params: { chatId } }),
    stranger: 404,
  },
  'put /api/messages/:messageId': onMessage(() => ({ body: { content: 'Better said' } })),
  'delete /api/messages/:messageId': onMessage(),
  'post /api/messages/bulk-delete': {
    request: async ({ newMessage }) => ({ body: { messageIds: [await newMessage()] } }),
    stranger: 404,
  },
  'post /api/messages/:messageId/react': onMessage(() => ({ body: { emoji: '👍' } })),
  'post /api/messages/:messageId/pin': onMessage(),
  'post /api/messages/:messageId/unpin': onMessage(),
  'get /api/messages/starred': { request: () => ({}), stranger: 200 },
  'post /api/messages/:messageId/star': onMessage(),
  'delete /api/messages/:messageId/star': onMessage(),
  'post /api/messages/:messageId/forward': onMessage(({ chatId }) => ({
    body: { chatIds: [chatId] },
  })),
};

/** The same over the socket. */
export const messageCommands: CommandSamples = {
  'native edit_message': {
    payload: async ({ newMessage }) => ({ messageId: await newMessage(), content: 'Better said' }),
    stranger: 'NOT_FOUND',
  },
  'native delete_message': {
    payload: async ({ newMessage }) => ({ messageId: await newMessage() }),
    stranger: 'NOT_FOUND',
  },
  'native add_reaction': {
    payload: async ({ newMessage }) => ({ messageId: await newMessage(), emoji: '👍' }),
    stranger: 'NOT_FOUND',
  },
  'native remove_reaction': {
    payload: async ({ newMessage }) => ({ messageId: await newMessage(), emoji: '👍' }),
    stranger: 'NOT_FOUND',
  },
  'native star_message': {
    payload: async ({ newMessage }) => ({ messageId: await newMessage() }),
    stranger: 'NOT_FOUND',
  },
  'native unstar_message': {
    payload: async ({ newMessage }) => ({ messageId: await newMessage() }),
    stranger: 'NOT_FOUND',
  },
  'native send_media': {
    payload: ({ chatId }) => ({
      chatId,
      messageType: 'image',
      media: { url: 'https://images.example.com/cat.jpg', type: 'image' },
    }),
    stranger: 'NOT_FOUND',
  },
};
