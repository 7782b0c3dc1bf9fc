import { openChatBetween } from '../../support/server.js';
import type { RouteSample, RouteSamples, SampleWorld } from './sample.js';

/** A chat of Alice's with somebody new, so that nothing done to it is felt elsewhere. */
const newChat = async ({ server, alice, newUser }: SampleWorld) => ({
  params: { chatId: await openChatBetween(server, alice, await newUser()) },
});

const onNewChat = (body?: Record<string, unknown>): RouteSample => ({
  request: async (world) => ({ ...(await newChat(world)), ...(body && { body }) }),
  stranger: 404,
});

/** What a member does with a chat for themselves, and whom they have blocked. */
export const chatSettingsRoutes: RouteSamples = {
  'get /api/chats/archived': { request: () => ({}), stranger: 200 },
  'get /api/chats/user/:userId/history': {
    request: ({ bob }) => ({ params: { userId: bob.id } }),
    stranger: 200,
  },
  'post /api/chats/:chatId/archive': onNewChat(),
  'post /api/chats/:chatId/unarchive': onNewChat(),
  'patch /api/chats/:chatId/settings': onNewChat({ isPinned: true }),
  'delete /api/chats/:chatId': onNewChat(),
  'post /api/chats/:chatId/block': onNewChat(),
  'post /api/chats/:chatId/unblock': onNewChat(),
  'get /api/users/blocked': { request: () => ({}), stranger: 200 },
};
