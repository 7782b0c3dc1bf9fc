import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { presentChat, presentChatPage } from '../../shared/chat.shapes.js';
import { chatsQuery, deletedChatResponse, historyParams, settingsBody } from './chats.schemas.js';
import { chatParams, chatResponse } from '../../shared/chat.schemas.js';
import type { ChatsQuery } from '../../../modules/chats/index.js';
import { metadataFilterOf } from '../../../shared/metadata.js';
import type { PageQuery } from '../../../shared/pagination.js';
import type { UseCases } from '../../shared/use-cases.js';

const tag = 'Chats';
const filtered = (query: PageQuery): ChatsQuery => ({
  ...query,
  metadata: metadataFilterOf(query),
});
const chatList = Joi.array().items(chatResponse);

/** REST endpoints for a member's own settings of a chat, and for lists beside the active one. */
export const chatSettingsRoutes = ({
  settings,
  archive,
  list,
  clock,
  metadataIndexes,
}: UseCases): AnyRoute[] => [
  route({
    method: 'get',
    path: '/api/chats/archived',
    summary: 'My archived chats, newest activity first',
    tag,
    auth: 'user',
    userLimit: 'reads',
    query: chatsQuery(metadataIndexes.chats),
    response: chatList,
    paginated: true,
    handle: async ({ actor, query }) =>
      presentChatPage(await archive.archived(actor, filtered(query)), clock.now()),
  }),
  route({
    method: 'get',
    path: '/api/chats/user/:userId/history',
    summary: 'All my chats, or those I share with another user; for admins all of a user',
    tag,
    auth: 'user',
    userLimit: 'reads',
    params: historyParams,
    query: chatsQuery(metadataIndexes.chats),
    response: chatList,
    paginated: true,
    handle: async ({ actor, params, query }) =>
      presentChatPage(await archive.ofUser(actor, params.userId, filtered(query)), clock.now()),
  }),
  ...(['archive', 'unarchive'] as const).map((verb) =>
    route({
      method: 'post',
      path: `/api/chats/:chatId/${verb}`,
      summary:
        verb === 'archive'
          ? 'Take a chat out of my active list until a message comes'
          : 'Bring an archived chat back',
      tag,
      auth: 'user',
      userLimit: 'writes',
      params: chatParams,
      response: chatResponse,
      handle: async ({ actor, params }) => {
        await settings[verb](actor, params.chatId);
        return { data: presentChat(await list.detail(actor, params.chatId), clock.now()) };
      },
    }),
  ),
  route({
    method: 'patch',
    path: '/api/chats/:chatId/settings',
    summary: 'Mute a chat, pin it, or mark it as unread, for myself',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: chatParams,
    body: settingsBody,
    response: chatResponse,
    handle: async ({ actor, params, body }) => {
      await settings.change(actor, params.chatId, body);
      return { data: presentChat(await list.detail(actor, params.chatId), clock.now()) };
    },
  }),
  route({
    method: 'delete',
    path: '/api/chats/:chatId',
    summary: 'Delete a chat and its history for myself; a new message brings the chat back, empty',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: chatParams,
    response: deletedChatResponse,
    handle: async ({ actor, params }) => {
      await settings.remove(actor, params.chatId);
      return { data: { chatId: params.chatId, deleted: true } };
    },
  }),
];
