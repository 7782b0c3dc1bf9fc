import Joi from 'joi';
import { asSystem } from '../../../modules/server-calls/index.js';
import type { MessageView } from '../../../modules/messages/index.js';
import { metadataFilterOf } from '../../../shared/metadata.js';
import { paginate } from '../../../shared/pagination.js';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import {
  adminBroadcastResponse,
  broadcastSchema,
  toBroadcastInput,
} from '../../shared/broadcast.schemas.js';
import { presentAdminBroadcast } from '../../shared/broadcast.shapes.js';
import { chatParams } from '../../shared/chat.schemas.js';
import { messageParams, messageResponse } from '../../shared/message.schemas.js';
import { presentMessage } from '../../shared/message.shapes.js';
import type { UseCases } from '../../shared/use-cases.js';
import { deletionResponse } from '../messages/message-changes.schemas.js';
import { presentDeletion } from '../messages/message-changes.shapes.js';
import { toSendInput } from '../messages/messages.schemas.js';
import {
  serverEditBody,
  serverHistoryQuery,
  serverSearchQuery,
  serverSendBody,
} from './server.schemas.js';

const tag = 'Server: messages';
const writes = { tag, auth: 'server', scope: 'messages:write' } as const;
const reads = { tag, auth: 'server', scope: 'messages:read' } as const;

const present = ({ message, sender, status }: MessageView) =>
  presentMessage(message, sender, status);

/** The endpoints by which servers send, read and change messages, and send broadcasts. */
export const serverMessageRoutes = ({
  serverMessages: messages,
  broadcasts,
  metadataIndexes,
  maxLength,
}: UseCases): AnyRoute[] => [
  route({
    method: 'post',
    path: '/api/server/chats/:chatId/messages',
    summary: 'Send a message as the system, or in the name of a member',
    ...writes,
    params: chatParams,
    body: serverSendBody(maxLength),
    shedAs: 'work',
    response: messageResponse,
    status: 201,
    otherStatuses: [200],
    handle: async ({ actor, params, body: { senderId, ...body } }) => {
      const input = { ...toSendInput({ ...body, ...params }), senderId };
      const { message, sender, isReplay } = await messages.send(actor, input);
      return { data: presentMessage(message, sender, 'sent'), status: isReplay ? 200 : 201 };
    },
  }),
  route({
    method: 'get',
    path: '/api/server/chats/:chatId/messages',
    summary: 'Messages of any chat, by page or cursor',
    ...reads,
    params: chatParams,
    query: serverHistoryQuery,
    response: Joi.array().items(messageResponse),
    paginated: true,
    handle: async ({ actor, params, query }) => {
      const { views, pagination } = await messages.list(actor, params.chatId, query);
      return { data: views.map(present), pagination };
    },
  }),
  route({
    method: 'get',
    path: '/api/server/messages',
    summary: 'Messages of all chats by the values of their metadata, newest first',
    ...reads,
    query: serverSearchQuery(metadataIndexes.messages),
    response: Joi.array().items(messageResponse),
    paginated: true,
    handle: async ({ actor, query }) => {
      const metadata = metadataFilterOf(query);
      // No key of metadata is declared, so that nothing can be asked for.
      if (!metadata) return { data: [], pagination: paginate(query, 0) };
      const { hits, total } = await messages.find(actor, { ...query, metadata });
      return { data: hits.map(present), pagination: paginate(query, total) };
    },
  }),
  route({
    method: 'get',
    path: '/api/server/messages/:messageId',
    summary: 'A message of any chat',
    ...reads,
    params: messageParams,
    response: messageResponse,
    handle: async ({ actor, params }) => ({
      data: present(await messages.one(actor, params.messageId)),
    }),
  }),
  route({
    method: 'patch',
    path: '/api/server/messages/:messageId',
    summary:
      'Change the text or metadata of a message of the system’s, or of a user’s in their name',
    ...writes,
    params: messageParams,
    body: serverEditBody(maxLength),
    response: messageResponse,
    handle: async ({ actor, params, body }) => ({
      data: present(await messages.edit(actor, { ...params, ...body })),
    }),
  }),
  route({
    method: 'delete',
    path: '/api/server/messages/:messageId',
    summary: 'Delete a message of anybody’s for everyone',
    ...writes,
    params: messageParams,
    response: deletionResponse,
    handle: async ({ actor, params }) => {
      const { message } = await messages.remove(actor, params.messageId);
      return { data: presentDeletion(message, true) };
    },
  }),
  route({
    method: 'post',
    path: '/api/server/broadcasts',
    summary: 'Send a message to everybody, to a role, or to a list of people; now or later',
    tag,
    auth: 'server',
    scope: 'broadcast',
    body: broadcastSchema(maxLength),
    shedAs: 'work',
    response: adminBroadcastResponse,
    status: 201,
    handle: async ({ actor, body }) => {
      const input = toBroadcastInput(body);
      const clientMessageId = input.clientMessageId ?? actor.onceId;
      return {
        data: presentAdminBroadcast(
          await broadcasts.create(asSystem(actor), { ...input, clientMessageId }),
        ),
      };
    },
  }),
];
