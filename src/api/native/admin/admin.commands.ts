import type { AnyCommand } from '../../../transport/socket/command.js';
import { command } from '../../../transport/socket/command.js';
import { presentMessage } from '../../shared/message.shapes.js';
import { adminMessageSchema } from '../../shared/admin-message.schemas.js';
import type { UseCases } from '../../shared/use-cases.js';
import { messageResponse } from '../../shared/message.schemas.js';

/** The admins' command, the same in the native and the v0 dialect. */
export const adminCommands = ({ admin, maxLength }: UseCases): AnyCommand[] => [
  command({
    event: 'admin_message_user',
    dialect: 'native',
    isShared: true,
    auth: 'admin',
    summary: 'Write to a person, whether or not they have accepted a chat',
    schema: adminMessageSchema(maxLength),
    answer: messageResponse,
    userLimit: 'sends',
    shedAs: 'work',
    handle: async ({ actor }, payload) => {
      const { message, sender } = await admin.sendToUser(actor, payload);
      return { data: presentMessage(message, sender, 'sent') };
    },
  }),
];
