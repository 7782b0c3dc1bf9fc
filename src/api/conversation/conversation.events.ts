import type { MessageEvent, MessageEvents } from '../../modules/messages/index.js';
import type { PresenceEvents, TypingEvent, TypingEvents } from '../../modules/presence/index.js';
import type { ReceiptEvents } from '../../modules/receipts/index.js';
import { presentUserCard } from '../shared/user-card.shapes.js';
import type { RenderingTable } from '../../transport/socket/rendering.js';
import { renders } from '../../transport/socket/rendering.js';
import { receiptPart } from '../shared/receipt-part.js';
import { presentMessage } from './conversation.shapes.js';

/** The domain events that the conversation dialect's clients receive. */
export type ConversationEvents = MessageEvents & PresenceEvents & ReceiptEvents & TypingEvents;

const typingChange = <Name extends string>(event: Name, { user, chatId }: TypingEvent) => ({
  event,
  payload: { userId: user.id, conversationId: chatId, user: presentUserCard(user) },
  isVolatile: true,
});

const newMessage = renders(['new:message'], (event: MessageEvent) => [
  {
    event: 'new:message',
    payload: { conversationId: event.message.chatId, message: presentMessage(event) },
  },
]);

/**
 * The conversation dialect's events. A delivery becomes one event for each message, because clients read
 * `messageId`; in large chats deliveries are not sent.
 */
export const conversationRenderings: RenderingTable<ConversationEvents> = {
  dialect: 'conversation',
  renderings: {
    'message.sent': newMessage,
    'message.shadowed': newMessage,
    'message.edited': renders(['message:edited'], (event) => [
      {
        event: 'message:edited',
        payload: { conversationId: event.message.chatId, message: presentMessage(event) },
      },
    ]),
    'message.deleted': renders(['message:deleted'], ({ message, actorId }) => [
      {
        event: 'message:deleted',
        payload: {
          messageId: message.id,
          conversationId: message.chatId,
          deletedBy: actorId,
          deletedForEveryone: true,
        },
      },
    ]),
    'message.hidden': renders(['message:deleted'], ({ chatId, messageIds, userId }) =>
      messageIds.map((messageId) => ({
        event: 'message:deleted',
        payload: {
          messageId,
          conversationId: chatId,
          deletedBy: userId,
          deletedForEveryone: false,
        },
      })),
    ),
    'messages.delivered': renders(
      ['message:delivered'],
      ({ chatId, userId, messageIds, at, isLarge }) =>
        (isLarge ? [] : messageIds).map((messageId) => ({
          part: { exceptUserIds: [userId] },
          event: 'message:delivered',
          payload: { messageId, conversationId: chatId, deliveredTo: userId, deliveredAt: at },
        })),
    ),
    'messages.read': renders(['messages:read'], (event) => [
      {
        ...receiptPart(event),
        event: 'messages:read',
        payload: {
          messageIds: event.messageIds,
          readBy: event.userId,
          conversationId: event.chatId,
          seq: event.seq,
          readAt: event.at,
        },
      },
    ]),
    'typing.started': renders(['typing:start'], (event) => [typingChange('typing:start', event)]),
    'typing.stopped': renders(['typing:stop'], (event) => [typingChange('typing:stop', event)]),
    'presence.changed': renders(['user:online', 'user:offline'], ({ userId, status, lastSeen }) => [
      {
        event: status === 'offline' ? 'user:offline' : 'user:online',
        payload: { userId, status, lastSeen: lastSeen === null ? null : Date.parse(lastSeen) },
        isVolatile: true,
      },
    ]),
  },
};
