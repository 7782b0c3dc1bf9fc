import type { BroadcastEvents } from '../../modules/broadcasts/index.js';
import { broadcastAudiences, presentBroadcast } from '../../modules/broadcasts/index.js';
import type { MessageEvents } from '../../modules/messages/index.js';
import type { PresenceEvents } from '../../modules/presence/index.js';
import { presenceListeners, presentStatus } from '../../modules/presence/index.js';
import type { ReceiptEvents } from '../../modules/receipts/index.js';
import type { TypingEvent, TypingEvents } from '../../modules/typing/index.js';
import { typingAudience } from '../../modules/typing/index.js';
import type { Emission, RenderingTable } from '../../realtime/rendering.js';
import { rooms } from '../../realtime/rooms.js';
import { receiptAudiences } from '../receipt-audience.js';
import { presentMessage } from './v0.presenter.js';

/** What v0's clients hear of. */
export type V0Events = BroadcastEvents &
  MessageEvents &
  PresenceEvents &
  ReceiptEvents &
  TypingEvents;

const userTyping = (event: TypingEvent, isTyping: boolean): Emission => ({
  audience: typingAudience(event),
  event: 'user_typing',
  payload: {
    senderId: event.user.id,
    senderName: event.user.name,
    conversationId: event.chatId,
    isTyping,
  },
  isVolatile: true,
});

/** How v0's clients are told. Everybody in the chat gets `new_message`, the sender's devices too. */
export const v0Renderings: RenderingTable<V0Events> = {
  dialect: 'v0',
  renderings: {
    'message.sent': ({ message, sender, audience }) => [
      {
        audience: { room: rooms.chat(message.chatId) },
        event: 'new_message',
        payload: {
          success: true,
          data: presentMessage({ message, sender, status: 'sent' }, audience.memberIds),
        },
      },
    ],
    'message.deleted': ({ message, actorId }) => [
      {
        audience: { room: rooms.chat(message.chatId) },
        event: 'message_deleted',
        payload: { messageId: message.id, conversationId: message.chatId, deletedBy: actorId },
      },
    ],
    'message.hidden': ({ chatId, messageIds, userId }) =>
      messageIds.map((messageId) => ({
        audience: { room: rooms.user(userId) },
        event: 'message_deleted',
        payload: { messageId, conversationId: chatId, deletedBy: userId },
      })),
    'messages.read': (event) =>
      receiptAudiences(event).map((audience) => ({
        audience,
        event: 'message_read',
        payload: {
          conversationId: event.chatId,
          messageId: event.messageIds.at(-1) ?? null,
          messageIds: event.messageIds,
          readBy: event.userId,
          seq: event.seq,
          readAt: event.at,
        },
      })),
    'typing.started': (event) => [userTyping(event, true)],
    'typing.stopped': (event) => [userTyping(event, false)],
    'broadcast.shown': ({ broadcast, ...audiences }) =>
      broadcastAudiences(audiences).map((audience) => ({
        audience,
        event: 'admin_broadcast',
        payload: { success: true, data: presentBroadcast(broadcast) },
      })),
    'presence.changed': (event, local) =>
      presenceListeners(event, local).map((listenerId) => ({
        audience: { room: rooms.user(listenerId) },
        event: 'user_status_update',
        payload: presentStatus(event.userId, event),
        isVolatile: true,
      })),
  },
};
