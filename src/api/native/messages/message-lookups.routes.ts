import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { chatParams } from '../../shared/chat.schemas.js';
import { editResponse, repliesQuery, threadResponse } from './message-changes.schemas.js';
import { messageParams, messageResponse } from '../../shared/message.schemas.js';
import { presentMessage } from '../../shared/message.shapes.js';
import type { UseCases } from '../../shared/use-cases.js';

const tag = 'Messages';

/** REST endpoints that read single messages, threads and pins. */
export const messageLookupRoutes = ({ history, lookups }: UseCases): AnyRoute[] => [
  route({
    method: 'get',
    path: '/api/messages/:messageId',
    summary: 'One message',
    tag,
    auth: 'user',
    userLimit: 'reads',
    params: messageParams,
    response: messageResponse,
    handle: async ({ actor, params }) => {
      const { message, sender, status } = await history.one(actor, params.messageId);
      return { data: presentMessage(message, sender, status) };
    },
  }),
  route({
    method: 'get',
    path: '/api/messages/:messageId/replies',
    summary: 'The answers to a message, oldest first',
    tag,
    auth: 'user',
    userLimit: 'reads',
    params: messageParams,
    query: repliesQuery,
    response: threadResponse,
    handle: async ({ actor, params, query }) => {
      const { views, hasMore } = await lookups.replies(actor, params.messageId, query);
      const messages = views.map(({ message, sender, status }) =>
        presentMessage(message, sender, status),
      );
      return { data: { messages, hasMore } };
    },
  }),
  route({
    method: 'get',
    path: '/api/messages/:messageId/edits',
    summary: 'The texts that a message had before, oldest first',
    tag,
    auth: 'user',
    userLimit: 'reads',
    params: messageParams,
    response: Joi.array().items(editResponse),
    handle: async ({ actor, params }) => ({
      data: (await lookups.edits(actor, params.messageId)).map(({ content, at }) => ({
        content,
        at: at.toISOString(),
      })),
    }),
  }),
  route({
    method: 'get',
    path: '/api/chats/:chatId/pinned',
    summary: 'The pinned messages of a chat, last pinned first',
    tag,
    auth: 'user',
    userLimit: 'reads',
    params: chatParams,
    response: Joi.array().items(messageResponse),
    handle: async ({ actor, params }) => ({
      data: (await lookups.pinned(actor, params.chatId)).map(({ message, sender, status }) =>
        presentMessage(message, sender, status),
      ),
    }),
  }),
];
