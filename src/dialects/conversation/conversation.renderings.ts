import type { MessageEvents } from '../../modules/messages/index.js';
import type { PresenceEvents } from '../../modules/presence/index.js';
import { presenceListeners } from '../../modules/presence/index.js';
import type { ReceiptEvents } from '../../modules/receipts/index.js';
import type { TypingEvent, TypingEvents } from '../../modules/typing/index.js';
import { typingAudience } from '../../modules/typing/index.js';
import { presentUserCard } from '../../modules/users/index.js';
import type { Emission, RenderingTable } from '../../realtime/rendering.js';
import { rooms } from '../../realtime/rooms.js';
import { receiptAudiences } from '../receipt-audience.js';
import { presentMessage } from './conversation.presenter.js';

/** What the conversation dialect's clients hear of. */
export type ConversationEvents = MessageEvents & PresenceEvents & ReceiptEvents & TypingEvents;

const typingChange = (event: TypingEvent, name: 'typing:start' | 'typing:stop'): Emission => ({
  audience: typingAudience(event),
  event: name,
  payload: {
    userId: event.user.id,
    conversationId: event.chatId,
    user: presentUserCard(event.user),
  },
  isVolatile: true,
});

/**
 * How the conversation dialect's clients are told. Deliveries are told message by message, as its
 * clients read `messageId`; in large chats nobody follows them.
 */
export const conversationRenderings: RenderingTable<ConversationEvents> = {
  dialect: 'conversation',
  renderings: {
    'message.sent': ({ message, sender }) => [
      {
        audience: { room: rooms.chat(message.chatId) },
        event: 'new:message',
        payload: {
          conversationId: message.chatId,
          message: presentMessage({ message, sender, status: 'sent' }),
        },
      },
    ],
    'message.deleted': ({ message, actorId }) => [
      {
        audience: { room: rooms.chat(message.chatId) },
        event: 'message:deleted',
        payload: {
          messageId: message.id,
          conversationId: message.chatId,
          deletedBy: actorId,
          deletedForEveryone: true,
        },
      },
    ],
    'message.hidden': ({ chatId, messageIds, userId }) =>
      messageIds.map((messageId) => ({
        audience: { room: rooms.user(userId) },
        event: 'message:deleted',
        payload: {
          messageId,
          conversationId: chatId,
          deletedBy: userId,
          deletedForEveryone: false,
        },
      })),
    'messages.delivered': ({ chatId, userId, messageIds, at, audience }) =>
      (audience.memberIds ? messageIds : []).map((messageId) => ({
        audience: { room: rooms.chat(chatId), except: [rooms.user(userId)] },
        event: 'message:delivered',
        payload: { messageId, conversationId: chatId, deliveredTo: userId, deliveredAt: at },
      })),
    'messages.read': (event) =>
      receiptAudiences(event).map((audience) => ({
        audience,
        event: 'messages:read',
        payload: {
          messageIds: event.messageIds,
          readBy: event.userId,
          conversationId: event.chatId,
          seq: event.seq,
          readAt: event.at,
        },
      })),
    'typing.started': (event) => [typingChange(event, 'typing:start')],
    'typing.stopped': (event) => [typingChange(event, 'typing:stop')],
    'presence.changed': ({ userId, status, lastSeen, ...audience }, local) =>
      presenceListeners({ userId, ...audience }, local).map((listenerId) => ({
        audience: { room: rooms.user(listenerId) },
        event: status === 'offline' ? 'user:offline' : 'user:online',
        payload: { userId, status, lastSeen: lastSeen === null ? null : Date.parse(lastSeen) },
        isVolatile: true,
      })),
  },
};
