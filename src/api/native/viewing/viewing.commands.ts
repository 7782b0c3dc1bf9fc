import Joi from 'joi';
import type { AnyCommand } from '../../../transport/socket/command.js';
import { command } from '../../../transport/socket/command.js';
import { chatIdSchema } from '../../../shared/external-ids.js';

const chatSchema = Joi.object<{ chatId: string }>({ chatId: chatIdSchema.required() });

/** Native commands by which a device says which chats it has open. */
export const viewingCommands: AnyCommand[] = [
  command({
    event: 'join_chat',
    dialect: 'native',
    summary: 'Say that this device is looking at a chat: it then gets message_received',
    schema: chatSchema,
    answer: chatSchema,
    confirms: 'join_chat_success',
    userLimit: 'marks',
    handle: async ({ socket }, { chatId }) => {
      await socket.openChat(chatId);
      return { data: { chatId }, confirm: { chatId } };
    },
  }),
  command({
    event: 'leave_chat',
    dialect: 'native',
    summary: 'Say that this device is no longer looking at a chat',
    schema: chatSchema,
    answer: chatSchema,
    handle: ({ socket }, { chatId }) => {
      socket.closeChat(chatId);
      return Promise.resolve({ data: { chatId } });
    },
  }),
];
