import Joi from 'joi';
import type { AnyCommand } from '../../../transport/socket/command.js';
import { command } from '../../../transport/socket/command.js';
import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import { idSchema } from '../../../shared/ids.js';
import { presentUserCard } from '../users/users.shapes.js';
import type { TypingEvents } from '../../../modules/presence/typing.events.js';
import type { Typing } from '../../../modules/presence/typing.js';

const typingSchema = Joi.object<{ chatId: string }>({ chatId: idSchema.required() });

/** Native socket commands of typing. */
export const typingCommands = (typing: Typing): AnyCommand[] => [
  command({
    event: 'typing',
    dialect: 'native',
    summary: 'Show that I am typing; lasts a few seconds unless renewed',
    schema: typingSchema,
    userLimit: 'signals',
    load: 'signals',
    handle: async ({ actor }, { chatId }) => {
      await typing.start(actor, chatId);
      return { data: { chatId } };
    },
  }),
  command({
    event: 'stop_typing',
    dialect: 'native',
    summary: 'Show that I have stopped typing',
    schema: typingSchema,
    userLimit: 'marks',
    handle: async ({ actor }, { chatId }) => {
      await typing.stop(actor, chatId);
      return { data: { chatId } };
    },
  }),
];

/** How native clients hear of typing. */
export const typingRenderings: RenderingTable<TypingEvents> = {
  dialect: 'native',
  renderings: {
    'typing.started': renders(['user_typing'], ({ chatId, user }) => [
      {
        event: 'user_typing',
        payload: { chatId, userId: user.id, user: presentUserCard(user), isTyping: true },
        isVolatile: true,
      },
    ]),
    'typing.stopped': renders(['user_stop_typing'], ({ chatId, user }) => [
      { event: 'user_stop_typing', payload: { chatId, userId: user.id }, isVolatile: true },
    ]),
  },
};
