import type { BroadcastEvents } from '../../modules/broadcasts/index.js';
import { presentBroadcast } from '../shared/broadcast.shapes.js';
import type { MessageEvent, MessageEvents } from '../../modules/messages/index.js';
import type { PresenceEvents, TypingEvent, TypingEvents } from '../../modules/presence/index.js';
import { presentStatus } from '../shared/presence.shapes.js';
import type { ReceiptEvents } from '../../modules/receipts/index.js';
import type { RenderingTable } from '../../transport/socket/rendering.js';
import { renders } from '../../transport/socket/rendering.js';
import { receiptPart } from '../shared/receipt-part.js';
import { presentMessage } from './v0.shapes.js';

/** The domain events that v0's clients receive. */
export type V0Events = BroadcastEvents &
  MessageEvents &
  PresenceEvents &
  ReceiptEvents &
  TypingEvents;

const userTyping = ({ user, chatId }: TypingEvent, isTyping: boolean) => ({
  event: 'user_typing' as const,
  payload: { senderId: user.id, senderName: user.name, conversationId: chatId, isTyping },
  isVolatile: true,
});

const newMessage = renders(['new_message'], (event: MessageEvent) => [
  {
    event: 'new_message',
    payload: { success: true, data: presentMessage(event, event.memberIds) },
  },
]);

/** v0's events. Everybody in the chat gets `new_message`, the sender's devices too. */
export const v0Renderings: RenderingTable<V0Events> = {
  dialect: 'v0',
  renderings: {
    'message.sent': newMessage,
    'message.shadowed': newMessage,
    'message.edited': renders(['message_edited'], (event) => [
      {
        event: 'message_edited',
        payload: { success: true, data: presentMessage(event, event.memberIds) },
      },
    ]),
    'message.deleted': renders(['message_deleted'], ({ message, actorId }) => [
      {
        event: 'message_deleted',
        payload: { messageId: message.id, conversationId: message.chatId, deletedBy: actorId },
      },
    ]),
    'message.hidden': renders(['message_deleted'], ({ chatId, messageIds, userId }) =>
      messageIds.map((messageId) => ({
        event: 'message_deleted',
        payload: { messageId, conversationId: chatId, deletedBy: userId },
      })),
    ),
    'messages.read': renders(['message_read'], (event) => [
      {
        ...receiptPart(event),
        event: 'message_read',
        payload: {
          conversationId: event.chatId,
          messageId: event.messageIds.at(-1) ?? null,
          messageIds: event.messageIds,
          readBy: event.userId,
          seq: event.seq,
          readAt: event.at,
        },
      },
    ]),
    'typing.started': renders(['user_typing'], (event) => [userTyping(event, true)]),
    'typing.stopped': renders(['user_typing'], (event) => [userTyping(event, false)]),
    'broadcast.shown': renders(['admin_broadcast'], ({ broadcast }) => [
      {
        event: 'admin_broadcast',
        payload: { success: true, data: presentBroadcast(broadcast) },
      },
    ]),
    'presence.changed': renders(['user_status_update'], (event) => [
      {
        event: 'user_status_update',
        payload: presentStatus(event.userId, event),
        isVolatile: true,
      },
    ]),
  },
};
