import type { CommandSamples, RouteSamples } from './sample.js';

/** Who is here, over REST; people without a shared chat learn nothing of each other. */
export const presenceRoutes: RouteSamples = {
  'get /api/users/online': { request: () => ({}), stranger: 200 },
  'post /api/users/status': { request: () => ({ body: { status: 'online' } }), stranger: 200 },
  'get /api/users/:userId/status': {
    request: ({ bob }) => ({ params: { userId: bob.id } }),
    stranger: 404,
  },
};

/** The same over the socket. */
export const presenceCommands: CommandSamples = {
  'native set_dialect': { payload: () => ({ dialects: ['native', 'v0'] }), stranger: 'ok' },
  'native refresh_token': {
    payload: ({ alice }) => ({ token: alice.token }),
    stranger: 'FORBIDDEN',
  },
  'native set_status': { payload: () => ({ status: 'online' }), stranger: 'ok' },
};
