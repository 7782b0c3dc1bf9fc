import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { chatParams } from '../../shared/chat.schemas.js';
import type { MessageHistory } from '../../../modules/messages/index.js';
import { presentMessage } from '../../shared/message.shapes.js';
import {
  historyQuery,
  messageListQuery,
  sendAnywhereSchema,
  toSendInput,
} from './messages.schemas.js';
import { messageResponse } from '../../shared/message.schemas.js';
import { sendRoute } from '../../shared/dialect.routes.js';
import type { UseCases } from '../../shared/use-cases.js';

const tag = 'Messages';
const messageList = Joi.array().items(messageResponse);

/** REST endpoints for sending and reading messages. */
export const messageRoutes = ({
  sending,
  history,
  roomResolver,
  maxLength,
}: UseCases): AnyRoute[] => [
  sendRoute({
    path: '/api/messages',
    summary: 'Send a message to a chat, or to a room by its name',
    tag,
    auth: 'user',
    body: sendAnywhereSchema(maxLength),
    response: messageResponse,
    send: async (actor, { room, chatId = '', ...body }) => {
      const target = room === undefined ? chatId : await roomResolver.enter(actor, room);
      const sent = await sending.send(actor, toSendInput({ ...body, chatId: target }));
      return { data: presentMessage(sent.message, sent.sender, 'sent'), isReplay: sent.isReplay };
    },
  }),
  route({
    method: 'get',
    path: '/api/messages',
    summary:
      'Messages of a chat, or of a room by its name (`general` without either); by page or cursor',
    tag,
    auth: 'user',
    userLimit: 'reads',
    query: messageListQuery,
    response: messageList,
    paginated: true,
    handle: async ({ actor, query: { room, chatId, ...query } }) =>
      listPage(history, actor, chatId ?? (await roomResolver.find(room)), query),
  }),
  route({
    method: 'get',
    path: '/api/chats/:chatId/messages',
    summary: 'Messages of a chat, by page or cursor',
    tag,
    auth: 'user',
    userLimit: 'reads',
    params: chatParams,
    query: historyQuery,
    response: messageList,
    paginated: true,
    handle: ({ actor, params, query }) => listPage(history, actor, params.chatId, query),
  }),
];

const listPage = async (history: MessageHistory, ...args: Parameters<MessageHistory['list']>) => {
  const { views, pagination } = await history.list(...args);
  return {
    data: views.map(({ message, sender, status }) => presentMessage(message, sender, status)),
    pagination,
  };
};
