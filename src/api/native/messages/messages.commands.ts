import type { AnyCommand } from '../../../transport/socket/command.js';
import { command, hasField } from '../../../transport/socket/command.js';
import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import type { MessageEvents } from '../../../modules/messages/messages.events.js';
import { presentMessage } from './messages.shapes.js';
import { sendMediaSchema, sendTextSchema, toSendInput } from './messages.schemas.js';
import type { SendMessage } from '../../../modules/messages/send-message.js';

/** Native socket commands that send messages. */
export const messageCommands = (sender: SendMessage, maxLength: number): AnyCommand[] => [
  command({
    event: 'send_message',
    dialect: 'native',
    summary: 'Send a text message',
    accepts: hasField('chatId'),
    schema: sendTextSchema(maxLength),
    userLimit: 'sends',
    load: 'work',
    handle: async ({ actor }, payload) => {
      const sent = await sender.send(actor, { ...payload, messageType: 'text', media: [] });
      return { data: presentMessage(sent.message, sent.sender, 'sent') };
    },
  }),
  command({
    event: 'send_media',
    dialect: 'native',
    summary: 'Send uploaded files, or https addresses of foreign ones',
    accepts: hasField('chatId'),
    schema: sendMediaSchema(maxLength),
    userLimit: 'sends',
    load: 'work',
    handle: async ({ actor }, payload) => {
      const sent = await sender.send(actor, toSendInput(payload));
      return { data: presentMessage(sent.message, sent.sender, 'sent') };
    },
  }),
];

/**
 * Counts, per person, what the person has not read, right after a message; undefined when the database
 * is too slow to tell in time.
 */
export type UnreadAt = (
  userId: string,
  message: MessageEvents['message.sent']['message'],
) => Promise<number | undefined>;

/**
 * How native clients hear of messages: those who look at the chat get the message, the others a note
 * with the message and their own unread count. In a large chat one note serves all; it carries the
 * chat's newest number, from which each client subtracts its own read position. So does a note whose
 * count is not there: the message is what matters.
 */
export const messageRenderings = (unreadAt: UnreadAt): RenderingTable<MessageEvents> => ({
  dialect: 'native',
  renderings: {
    'message.sent': renders(
      ['message_received', 'media_received', 'unread_message'],
      ({ message, sender, memberIds }, local) => {
        const { chatId } = message;
        const shown = presentMessage(message, sender, 'sent');
        const received = {
          part: { devices: 'looking' },
          event: shown.media.length > 0 ? 'media_received' : 'message_received',
          payload: shown,
        } as const;
        if (!memberIds) {
          const note = {
            part: { devices: 'not looking' },
            event: 'unread_message',
            payload: { chatId, lastSeq: message.seq, message: shown },
          } as const;
          return [received, note];
        }
        const notes = local.notLooking(memberIds, chatId).map(async (userId) => {
          const unreadCount = await unreadAt(userId, message);
          const count = unreadCount === undefined ? { lastSeq: message.seq } : { unreadCount };
          return {
            part: { devices: 'not looking', userIds: [userId] },
            event: 'unread_message',
            payload: { chatId, ...count, message: shown },
          } as const;
        });
        return [received, ...notes];
      },
    ),
  },
});
