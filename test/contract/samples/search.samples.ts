import type { RouteSamples } from './sample.js';

/** Search over REST. */
export const searchRoutes: RouteSamples = {
  'get /api/chats/:chatId/search': {
    request: ({ chatId }) => ({ params: { chatId }, query: { q: 'hello' } }),
    stranger: 404,
  },
  'get /api/search/messages': { request: () => ({ query: { q: 'hello' } }), stranger: 200 },
};
