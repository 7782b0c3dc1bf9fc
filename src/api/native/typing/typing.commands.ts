import Joi from 'joi';
import type { AnyCommand } from '../../../transport/socket/command.js';
import { command } from '../../../transport/socket/command.js';
import { chatIdSchema } from '../../../shared/external-ids.js';
import type { UseCases } from '../../shared/use-cases.js';

const typingSchema = Joi.object<{ chatId: string }>({ chatId: chatIdSchema.required() });

/** Native socket commands of typing. */
export const typingCommands = ({ typing }: UseCases): AnyCommand[] => [
  command({
    event: 'typing',
    dialect: 'native',
    summary: 'Show that I am typing; lasts a few seconds unless renewed',
    schema: typingSchema,
    answer: typingSchema,
    userLimit: 'signals',
    shedAs: 'signals',
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
    answer: typingSchema,
    userLimit: 'marks',
    handle: async ({ actor }, { chatId }) => {
      await typing.stop(actor, chatId);
      return { data: { chatId } };
    },
  }),
];
