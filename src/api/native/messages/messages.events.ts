import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import type { MessageEvents, UnreadAt } from '../../../modules/messages/index.js';
import { presentMessage } from '../../shared/message.shapes.js';

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
