import type { AnyRoute } from '../../transport/http/route.js';
import { route } from '../../transport/http/route.js';
import type { UseCases } from '../shared/use-cases.js';
import { conversationRoutesIn, sendRoute } from '../shared/dialect.routes.js';
import { deletedResponse, readResponse } from '../shared/dialect.schemas.js';
import { messageParams } from '../shared/message.schemas.js';
import type { ConversationCalls } from './conversation.calls.js';
import { presentConversation } from './conversation.shapes.js';
import {
  conversationResponse,
  deleteBody,
  messageResponse,
  participantParams,
  readSchema,
  sendSchema,
} from './conversation.schemas.js';

const tag = 'Conversation';
const base = '/api/chat';

/** The conversation dialect's endpoints of conversations. */
export const conversationRoutes = (calls: ConversationCalls, services: UseCases): AnyRoute[] =>
  conversationRoutesIn(
    {
      tag,
      base,
      present: presentConversation,
      response: conversationResponse,
      person: { name: 'participantId', params: participantParams },
      messagesSummary:
        'Messages of a conversation; page 1 is the newest. What is fetched counts as delivered',
      messageResponse,
      messages: (actor, conversationId, query) => calls.messages(actor, conversationId, query),
    },
    services,
  );

/** The conversation dialect's endpoints of messages. */
export const conversationMessageRoutes = (
  calls: ConversationCalls,
  { maxLength }: UseCases,
): AnyRoute[] => [
  sendRoute({
    path: `${base}/message`,
    summary: 'Send a message with text, media or both',
    tag,
    auth: 'user',
    body: sendSchema(maxLength),
    response: messageResponse,
    send: (actor, body) => calls.send(actor, body),
  }),
  route({
    method: 'post',
    path: `${base}/messages/read`,
    summary: 'Read messages, and so those before them; without ids, all',
    tag,
    auth: 'user',
    userLimit: 'marks',
    body: readSchema,
    response: readResponse,
    handle: async ({ actor, body }) => ({ data: await calls.read(actor, body) }),
  }),
  route({
    method: 'delete',
    path: `${base}/message/:messageId`,
    summary: 'Delete a message for me, or my own for everyone',
    tag,
    auth: 'user',
    params: messageParams,
    body: deleteBody,
    userLimit: 'changes',
    response: deletedResponse,
    handle: async ({ actor, params, body }) => ({
      data: await calls.remove(actor, { ...params, ...body }),
    }),
  }),
];
