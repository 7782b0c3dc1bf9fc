import type { AnyCommand } from '../../../transport/socket/command.js';
import { command } from '../../../transport/socket/command.js';
import { markAsReadSchema, readResponse } from './receipts.schemas.js';
import type { UseCases } from '../../shared/use-cases.js';

/** Native socket commands of receipts. */
export const receiptCommands = ({ receipts }: UseCases): AnyCommand[] => [
  command({
    event: 'mark_as_read',
    dialect: 'native',
    summary: 'Read messages by id, up to a number, or all',
    schema: markAsReadSchema,
    answer: readResponse,
    userLimit: 'marks',
    handle: async ({ actor }, { chatId, ...target }) => ({
      data: await receipts.markRead(actor, chatId, target),
    }),
  }),
];
