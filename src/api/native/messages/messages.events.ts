import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import type { MessageEvents, UnreadAt } from '../../../modules/messages/index.js';
import { presentMessage } from '../../shared/message.shapes.js';

/**
 * The events about messages that native clients receive. Devices that have the chat open get
 * `message_received` (or `media_received`); the others get `unread_message`, with the message and their own
 * unread count. In a large chat one `unread_message` is sent to all; it carries the chat's newest number,
 * from which each client subtracts its own read position. The same is sent when the count is missing, so that
 * the message is not delayed.
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
    'message.shadowed': renders(
      ['message_received', 'media_received'],
      ({ message, sender, status }) => [
        {
          event: message.media.length > 0 ? 'media_received' : 'message_received',
          payload: presentMessage(message, sender, status),
        },
      ],
    ),
  },
});
