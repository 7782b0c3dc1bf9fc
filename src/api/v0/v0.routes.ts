import type { AnyRoute } from '../../transport/http/route.js';
import { route } from '../../transport/http/route.js';
import type { UseCases } from '../shared/use-cases.js';
import { conversationRoutesIn, sendRoute } from '../shared/dialect.routes.js';
import { conversationParams, deletedResponse, readResponse } from '../shared/dialect.schemas.js';
import { messageParams } from '../shared/message.schemas.js';
import type { V0Calls } from './v0.calls.js';
import { presentConversation, presentMessage } from './v0.shapes.js';
import { conversationResponse, messageResponse, receiverParams, sendSchema } from './v0.schemas.js';

const tag = 'v0';
const base = '/api/v0/chat';

/** v0's endpoints of conversations: lists, one with a person, its messages, unread messages. */
export const v0ConversationRoutes = (calls: V0Calls, services: UseCases): AnyRoute[] => [
  ...conversationRoutesIn(
    {
      tag,
      base,
      present: presentConversation,
      response: conversationResponse,
      person: { name: 'receiverId', params: receiverParams },
      messagesSummary: 'Messages of a conversation; page 1 is the newest',
      messageResponse,
      messages: async (actor, conversationId, query) => {
        const { views, pagination } = await services.history.list(actor, conversationId, query);
        const { chat } = await services.access.member(actor.userId, conversationId);
        const memberIds = chat.members && [...chat.members.keys()];
        return { data: views.map((view) => presentMessage(view, memberIds)), pagination };
      },
    },
    services,
  ),
  route({
    method: 'put',
    path: `${base}/conversation/:conversationId/read`,
    summary: 'Read everything in a conversation',
    tag,
    auth: 'user',
    userLimit: 'marks',
    params: conversationParams,
    response: readResponse,
    handle: async ({ actor, params }) => ({
      data: await calls.read(actor, params.conversationId),
    }),
  }),
];

/** v0's endpoints of messages. */
export const v0MessageRoutes = (calls: V0Calls, { maxLength }: UseCases): AnyRoute[] => [
  sendRoute({
    path: `${base}/send`,
    summary: 'Send a message to a person',
    tag,
    auth: 'user',
    body: sendSchema(maxLength),
    response: messageResponse,
    send: (actor, body) => calls.send(actor, body),
  }),
  route({
    method: 'put',
    path: `${base}/message/:messageId/read`,
    summary: 'Read a message, and so those before it',
    tag,
    auth: 'user',
    userLimit: 'marks',
    params: messageParams,
    response: readResponse,
    handle: async ({ actor, params }) => ({
      data: await calls.readMessage(actor, params.messageId),
    }),
  }),
  route({
    method: 'delete',
    path: `${base}/message/:messageId`,
    summary: 'Delete a message: my own for everyone, one that I received for me',
    tag,
    auth: 'user',
    params: messageParams,
    userLimit: 'changes',
    response: deletedResponse,
    handle: async ({ actor, params }) => ({ data: await calls.remove(actor, params.messageId) }),
  }),
];
