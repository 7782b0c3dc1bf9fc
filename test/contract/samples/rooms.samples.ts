import type { CommandSamples, RouteSamples } from './sample.js';

const GENERAL = { params: { slug: 'general' } };

/** Public rooms: anybody who is signed in may see and join them. */
export const roomRoutes: RouteSamples = {
  'get /api/rooms': { request: () => ({}), stranger: 200 },
  'get /api/rooms/:slug': { request: () => GENERAL, stranger: 200 },
  'post /api/rooms/:slug/join': { request: () => GENERAL, stranger: 200 },
  'post /api/rooms/:slug/leave': { request: () => GENERAL, stranger: 200 },
};

/** The room dialect; a chat is a room too, by its id, for its members. */
export const roomCommands: CommandSamples = {
  'room join-room': {
    payload: ({ chatId }) => ({ room: chatId }),
    stranger: 'NOT_FOUND',
    takesAnything: true,
  },
  'room leave-room': {
    payload: ({ chatId }) => ({ room: chatId }),
    stranger: 'NOT_FOUND',
    takesAnything: true,
  },
  'room online-users': {
    payload: ({ chatId }) => ({ room: chatId }),
    stranger: 'NOT_FOUND',
    takesAnything: true,
  },
  'room typing-start': {
    payload: ({ chatId }) => ({ room: chatId }),
    stranger: 'NOT_FOUND',
    takesAnything: true,
  },
  'room typing-stop': {
    payload: ({ chatId }) => ({ room: chatId }),
    stranger: 'NOT_FOUND',
    takesAnything: true,
  },
  'room user-status': {
    payload: () => ({ status: 'busy' }),
    stranger: 'ok',
    takesAnything: true,
  },
  'room send-message': {
    payload: ({ chatId }) => ({ room: chatId, content: 'Hello!' }),
    stranger: 'NOT_FOUND',
  },
  'room message-read': {
    payload: async ({ newMessage }) => ({ messageId: await newMessage() }),
    by: 'bob',
    stranger: 'NOT_FOUND',
  },
};
