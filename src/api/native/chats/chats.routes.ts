import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { presentChat, presentChatPage } from '../../shared/chat.shapes.js';
import { chatsQuery, orCreateBody, requestsQuery } from './chats.schemas.js';
import { chatParams, chatResponse } from '../../shared/chat.schemas.js';
import { metadataFilterOf } from '../../../shared/metadata.js';
import type { UseCases } from '../../shared/use-cases.js';

const tag = 'Chats';
const chatList = Joi.array().items(chatResponse);

/** REST endpoints of chats and chat requests. */
export const chatRoutes = ({ directChats, list, clock, metadataIndexes }: UseCases): AnyRoute[] => [
  route({
    method: 'get',
    path: '/api/chats/requests',
    summary: 'Pending chat requests: sent to me, or by me',
    tag,
    auth: 'user',
    userLimit: 'reads',
    query: requestsQuery,
    response: chatList,
    paginated: true,
    handle: async ({ actor, query }) =>
      presentChatPage(await list.requests(actor, query), clock.now()),
  }),
  route({
    method: 'get',
    path: '/api/chats/active',
    summary: 'My open chats, newest activity first',
    tag,
    auth: 'user',
    userLimit: 'reads',
    query: chatsQuery(metadataIndexes.chats),
    response: chatList,
    paginated: true,
    handle: async ({ actor, query }) =>
      presentChatPage(
        await list.active(actor, { ...query, metadata: metadataFilterOf(query) }),
        clock.now(),
      ),
  }),
  route({
    method: 'post',
    path: '/api/chats/or-create',
    summary: 'The direct chat with a user; made as a pending request when there is none',
    tag,
    auth: 'user',
    userLimit: 'writes',
    body: orCreateBody,
    response: chatResponse,
    otherStatuses: [201],
    handle: async ({ actor, body }) => {
      const { chat, created } = await directChats.getOrCreate(actor, body.recipientId, 'request');
      const view = await list.detail(actor, chat._id.toHexString());
      return { data: presentChat(view, clock.now()), status: created ? 201 : 200 };
    },
  }),
  route({
    method: 'get',
    path: '/api/chats/:chatId',
    summary: 'One chat',
    tag,
    auth: 'user',
    userLimit: 'reads',
    params: chatParams,
    response: chatResponse,
    handle: async ({ actor, params }) => ({
      data: presentChat(await list.detail(actor, params.chatId), clock.now()),
    }),
  }),
  ...(['accept', 'reject'] as const).map((verb) =>
    route({
      method: 'post',
      path: `/api/chats/:chatId/${verb}`,
      summary: `${verb === 'accept' ? 'Accept' : 'Reject'} a chat request; only its recipient may`,
      tag,
      auth: 'user',
      userLimit: 'writes',
      params: chatParams,
      response: chatResponse,
      handle: async ({ actor, params }) => {
        await directChats.answer(actor, params.chatId, verb === 'accept' ? 'accepted' : 'rejected');
        return { data: presentChat(await list.detail(actor, params.chatId), clock.now()) };
      },
    }),
  ),
];
