import type { AnyCommand } from '../../../transport/socket/command.js';
import { command, hasField } from '../../../transport/socket/command.js';
import { presentMessage } from '../../shared/message.shapes.js';
import { sendMediaSchema, sendTextSchema, toSendInput } from './messages.schemas.js';
import type { UseCases } from '../../shared/use-cases.js';
import { messageResponse } from '../../shared/message.schemas.js';

/** Native socket commands that send messages. */
export const messageCommands = ({ sending, maxLength }: UseCases): AnyCommand[] => [
  command({
    event: 'send_message',
    dialect: 'native',
    summary: 'Send a text message',
    accepts: hasField('chatId'),
    schema: sendTextSchema(maxLength),
    answer: messageResponse,
    userLimit: 'sends',
    shedAs: 'work',
    handle: async ({ actor }, payload) => {
      const sent = await sending.send(actor, { ...payload, media: [] });
      return { data: presentMessage(sent.message, sent.sender, 'sent') };
    },
  }),
  command({
    event: 'send_media',
    dialect: 'native',
    summary: 'Send uploaded files, or https addresses of foreign ones',
    accepts: hasField('chatId'),
    schema: sendMediaSchema(maxLength),
    answer: messageResponse,
    userLimit: 'sends',
    shedAs: 'work',
    handle: async ({ actor }, payload) => {
      const sent = await sending.send(actor, toSendInput(payload));
      return { data: presentMessage(sent.message, sent.sender, 'sent') };
    },
  }),
];
