import type { AnyCommand } from '../../transport/socket/command.js';
import { command } from '../../transport/socket/command.js';
import type { UseCases } from '../shared/use-cases.js';
import { conversationParams, readResponse, deletedResponse } from '../shared/dialect.schemas.js';
import type { ConversationCalls } from './conversation.calls.js';
import { deleteSchema, readSchema, sendSchema, messageResponse } from './conversation.schemas.js';

const dialect = 'conversation';

/** Socket commands of the conversation dialect about messages. */
export const conversationMessageCommands = (
  calls: ConversationCalls,
  { maxLength }: UseCases,
): AnyCommand[] => [
  command({
    event: 'send:message',
    dialect,
    summary: 'Send a message with text, media or both',
    schema: sendSchema(maxLength),
    answer: messageResponse,
    confirms: 'message:sent',
    userLimit: 'sends',
    shedAs: 'work',
    handle: async ({ actor }, payload) => {
      const { data } = await calls.send(actor, payload);
      const { id: messageId, conversationId, clientMessageId, status, createdAt } = data;
      const sent = { messageId, conversationId, clientMessageId, status, createdAt, message: data };
      return { data, confirm: sent };
    },
  }),
  command({
    event: 'message:read',
    dialect,
    summary: 'Read messages, and so those before them; without ids, all',
    schema: readSchema,
    answer: readResponse,
    userLimit: 'marks',
    handle: async ({ actor }, payload) => ({ data: await calls.read(actor, payload) }),
  }),
  command({
    event: 'delete:message',
    dialect,
    summary: 'Delete a message for me, or my own for everyone',
    schema: deleteSchema,
    answer: deletedResponse,
    userLimit: 'changes',
    handle: async ({ actor }, payload) => ({ data: await calls.remove(actor, payload) }),
  }),
];

/** Socket commands of the conversation dialect about being in a conversation. */
export const conversationCommands = ({ typing }: UseCases): AnyCommand[] => [
  command({
    event: 'join:conversation',
    dialect,
    summary: 'Say that this device is looking at a conversation',
    schema: conversationParams,
    answer: conversationParams,
    userLimit: 'marks',
    handle: async ({ socket }, { conversationId }) => {
      await socket.openChat(conversationId);
      return { data: { conversationId } };
    },
  }),
  command({
    event: 'leave:conversation',
    dialect,
    summary: 'Say that this device is no longer looking at a conversation',
    schema: conversationParams,
    answer: conversationParams,
    handle: ({ socket }, { conversationId }) => {
      socket.closeChat(conversationId);
      return Promise.resolve({ data: { conversationId } });
    },
  }),
  ...(['start', 'stop'] as const).map((verb) =>
    command({
      event: `typing:${verb}`,
      dialect,
      summary: verb === 'start' ? 'Show that I am typing' : 'Show that I have stopped typing',
      schema: conversationParams,
      answer: conversationParams,
      ...(verb === 'start' ? { userLimit: 'signals', shedAs: 'signals' } : { userLimit: 'marks' }),
      handle: async ({ actor }, { conversationId }) => {
        await typing[verb](actor, conversationId);
        return { data: { conversationId } };
      },
    }),
  ),
];
