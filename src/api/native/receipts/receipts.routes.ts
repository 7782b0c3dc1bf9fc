import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { chatParams } from '../../shared/chat.schemas.js';
import { messageParams } from '../../shared/message.schemas.js';
import { bulkReadBody, readBody, readResponse } from './receipts.schemas.js';
import type { UseCases } from '../../shared/use-cases.js';

const tag = 'Receipts';

/** REST endpoints of receipts. Reading a message reads everything before it. */
export const receiptRoutes = ({ receipts }: UseCases): AnyRoute[] => [
  route({
    method: 'post',
    path: '/api/messages/:messageId/read',
    summary: 'Read a message, and so everything before it',
    tag,
    auth: 'user',
    userLimit: 'marks',
    params: messageParams,
    response: readResponse,
    handle: async ({ actor, params }) => ({
      data: await receipts.markMessageRead(actor, params.messageId),
    }),
  }),
  route({
    method: 'post',
    path: '/api/chats/:chatId/read',
    summary: 'Read messages of a chat by id, up to a number, or all',
    tag,
    auth: 'user',
    userLimit: 'marks',
    params: chatParams,
    body: readBody,
    response: readResponse,
    handle: async ({ actor, params, body }) => ({
      data: await receipts.markRead(actor, params.chatId, body),
    }),
  }),
  route({
    method: 'post',
    path: '/api/chats/bulk-read',
    summary: 'Read everything in up to 100 chats',
    tag,
    auth: 'user',
    userLimit: 'marks',
    body: bulkReadBody,
    response: Joi.array().items(readResponse),
    handle: async ({ actor, body }) => ({
      data: await receipts.markChatsRead(actor, body.chatIds),
    }),
  }),
];
