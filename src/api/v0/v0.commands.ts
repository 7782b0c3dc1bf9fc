import type { AnyCommand } from '../../transport/socket/command.js';
import { command, hasField } from '../../transport/socket/command.js';
import type { UseCases } from '../shared/use-cases.js';
import { messageParams } from '../shared/message.schemas.js';
import type { V0Calls } from './v0.calls.js';
import { sendSchema, typingSchema, messageResponse } from './v0.schemas.js';
import { readResponse } from '../shared/dialect.schemas.js';

/** Socket commands of v0. `send_message` is v0's when it names a receiver. */
export const v0Commands = (calls: V0Calls, { maxLength }: UseCases): AnyCommand[] => [
  command({
    event: 'send_message',
    dialect: 'v0',
    summary: 'Send a message to a person',
    accepts: hasField('receiverId'),
    schema: sendSchema(maxLength),
    answer: messageResponse,
    confirms: 'message_sent',
    userLimit: 'sends',
    shedAs: 'work',
    handle: async ({ actor }, payload) => {
      const { data } = await calls.send(actor, payload);
      return { data, confirm: { success: true, data } };
    },
  }),
  ...([true, false] as const).map((isTyping) =>
    command({
      event: isTyping ? 'typing_start' : 'typing_stop',
      dialect: 'v0',
      summary: isTyping ? 'Show a person that I am typing' : 'Show a person that I have stopped',
      schema: typingSchema,
      answer: typingSchema,
      ...(isTyping ? { userLimit: 'signals', shedAs: 'signals' } : { userLimit: 'marks' }),
      handle: async ({ actor }, { receiverId }) => {
        await calls.typing(actor, receiverId, isTyping);
        return { data: { receiverId } };
      },
    }),
  ),
  command({
    event: 'mark_message_read',
    dialect: 'v0',
    summary: 'Read a message, and so those before it',
    schema: messageParams,
    answer: readResponse,
    userLimit: 'marks',
    handle: async ({ actor }, { messageId }) => ({
      data: await calls.readMessage(actor, messageId),
    }),
  }),
];
