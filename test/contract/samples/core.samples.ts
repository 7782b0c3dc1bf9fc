import { randomUUID } from 'node:crypto';
import { shopLogoutToken } from '../../support/issuer.js';
import type { CommandSamples, RouteSamples } from './sample.js';

const newName = () => `s${randomUUID().replaceAll('-', '').slice(0, 16)}`;
const inChat = ({ chatId }: { chatId: string }) => ({ params: { chatId } });

/** Accounts, people, chats and messages over REST. */
export const coreRoutes: RouteSamples = {
  'post /api/auth/register': {
    request: () => {
      const username = newName();
      return { body: { username, email: `${username}@example.com`, password: 'test123' } };
    },
    stranger: 200,
  },
  'post /api/auth/login': {
    request: ({ alice }) => ({ body: { username: alice.username, password: 'test123' } }),
    stranger: 200,
  },
  'post /api/auth/refresh': {
    request: async ({ newUser }) => ({
      body: { refreshToken: (await newUser()).refreshToken },
    }),
    stranger: 200,
  },
  'post /api/auth/backchannel-logout': {
    request: async () => ({ body: { logout_token: await shopLogoutToken() } }),
    stranger: 200,
  },
  'get /api/auth/me': { request: () => ({}), stranger: 200 },
  'get /api/users/profile': { request: () => ({}), stranger: 200 },
  'put /api/users/profile': {
    request: () => ({ body: { firstName: 'Alice' } }),
    stranger: 200,
  },
  'get /api/users/search': { request: () => ({ query: { q: 'a' } }), stranger: 200 },
  'get /api/users/:userId': {
    request: ({ bob }) => ({ params: { userId: bob.id } }),
    stranger: 200,
  },
  'get /api/chats/requests': { request: () => ({}), stranger: 200 },
  'get /api/chats/active': { request: () => ({}), stranger: 200 },
  'post /api/chats/or-create': {
    request: ({ bob }) => ({ body: { recipientId: bob.id } }),
    stranger: 200,
  },
  'get /api/chats/:chatId': { request: inChat, stranger: 404 },
  'post /api/chats/:chatId/accept': { request: inChat, by: 'bob', stranger: 404 },
  'post /api/chats/:chatId/reject': {
    request: async ({ server, newUser, bob }) => {
      const opened = await server.http
        .post('/api/chats/or-create')
        .set((await newUser()).auth)
        .send({ recipientId: bob.id });
      return { params: { chatId: (opened.body as { data: { id: string } }).data.id } };
    },
    by: 'bob',
    stranger: 404,
  },
  'get /api/chats/:chatId/messages': { request: inChat, stranger: 404 },
  'get /api/messages': {
    request: ({ chatId }) => ({ query: { chatId } }),
    stranger: 404,
  },
  'post /api/messages': {
    request: ({ chatId }) => ({ body: { chatId, content: 'Hello!' } }),
    stranger: 404,
  },
  'post /api/sync': {
    request: ({ chatId }) => ({ body: { chats: { [chatId]: 0 }, limit: 10 } }),
    stranger: 200,
  },
};

/** What ends the caller's login, or its second factor, is tried on somebody who is not needed afterwards. */
export const endingRoutes = new Set([
  'post /api/auth/logout',
  'post /api/auth/logout-all',
  'post /api/auth/change-password',
  'delete /api/auth/sessions',
  'post /api/auth/totp/confirm',
  'post /api/auth/totp/recovery-codes',
  'post /api/auth/totp/disable',
  'delete /api/users/me',
]);

/** Native socket commands of the core. */
export const coreCommands: CommandSamples = {
  'native join_chat': { payload: ({ chatId }) => ({ chatId }), stranger: 'NOT_FOUND' },
  'native leave_chat': { payload: ({ chatId }) => ({ chatId }), stranger: 'ok' },
  'native send_message': {
    payload: ({ chatId }) => ({ chatId, content: 'Hello!' }),
    stranger: 'NOT_FOUND',
  },
  'native mark_as_read': { payload: ({ chatId }) => ({ chatId }), stranger: 'NOT_FOUND' },
  'native typing': { payload: ({ chatId }) => ({ chatId }), stranger: 'NOT_FOUND' },
  'native stop_typing': { payload: ({ chatId }) => ({ chatId }), stranger: 'NOT_FOUND' },
  'native sync': { payload: () => ({}), stranger: 'ok' },
};
