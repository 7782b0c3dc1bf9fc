import type { MessageEvent, MessageEvents } from '../../modules/messages/index.js';
import type {
  PresenceEvents,
  TypingEvent,
  TypingEvents,
  ViewingEvent,
  ViewingEvents,
} from '../../modules/presence/index.js';
import { presentStatus } from '../shared/presence.shapes.js';
import type { ReceiptEvents } from '../../modules/receipts/index.js';
import { presentUserCard } from '../shared/user-card.shapes.js';
import type { Emission, RenderingTable } from '../../transport/socket/rendering.js';
import { renders } from '../../transport/socket/rendering.js';
import { receiptPart } from '../shared/receipt-part.js';
import type { RoomNames } from './room-names.js';
import { presentMessage } from './room.shapes.js';

/** The domain events that the room dialect's clients receive. */
export type RoomEvents = MessageEvents &
  PresenceEvents &
  ReceiptEvents &
  TypingEvents &
  ViewingEvents;

/**
 * The room dialect's events. `user-online` and `user-offline` with a `room` mean that somebody has entered or
 * left the room; without one they mean that the person is online or offline.
 */
export const roomRenderings = (names: RoomNames): RenderingTable<RoomEvents> => {
  /** Builds an emission that carries the room's name, synchronously when the name is cached. */
  const named = <Name extends string>(
    chatId: string,
    build: (room: string) => Emission<Name>,
  ): Emission<Name> | Promise<Emission<Name>> => {
    const name = names.of(chatId);
    return typeof name === 'string' ? build(name) : name.then(build);
  };
  const typing = ({ chatId, user }: TypingEvent, isTyping: boolean) =>
    named(chatId, (room) => ({
      event: 'user-typing' as const,
      payload: {
        room,
        userId: user.id,
        username: user.username,
        user: presentUserCard(user),
        isTyping,
      },
      isVolatile: true,
    }));
  const visit = <Name extends string>({ chatId, userId }: ViewingEvent, event: Name) =>
    named(chatId, (room) => ({ event, payload: { userId, room }, isVolatile: true }));
  /** A changed message, whole. */
  const changed = <Name extends string>(event: Name, change: MessageEvent) =>
    named(change.message.chatId, (room) => ({ event, payload: presentMessage(change, room) }));
  const deleted = (
    chatId: string,
    what: { messageId: string; deletedBy: string },
    deleteForEveryone: boolean,
  ) =>
    named(chatId, (room) => ({
      event: 'message-deleted' as const,
      payload: { room, ...what, deleteForEveryone },
    }));
  const reaction = (event: MessageEvents['reaction.added'], isOn: boolean) =>
    named(event.message.chatId, (room) => ({
      event: 'message-reaction' as const,
      payload: {
        room,
        messageId: event.message.id,
        userId: event.userId,
        emoji: event.emoji,
        isOn,
        reactions: event.message.reactions,
      },
    }));

  const newMessage = renders(['new-message'], (event: MessageEvent) => [
    changed('new-message', event),
  ]);

  return {
    dialect: 'room',
    renderings: {
      'message.sent': newMessage,
      'message.shadowed': newMessage,
      'message.edited': renders(['message-edited'], (event) => [changed('message-edited', event)]),
      'message.deleted': renders(['message-deleted'], ({ message, actorId }) => [
        deleted(message.chatId, { messageId: message.id, deletedBy: actorId }, true),
      ]),
      'message.hidden': renders(['message-deleted'], ({ chatId, messageIds, userId }) =>
        messageIds.map((messageId) => deleted(chatId, { messageId, deletedBy: userId }, false)),
      ),
      'reaction.added': renders(['message-reaction'], (event) => [reaction(event, true)]),
      'reaction.removed': renders(['message-reaction'], (event) => [reaction(event, false)]),
      'message.pinned': renders(['message-pinned'], (event) => [changed('message-pinned', event)]),
      'message.unpinned': renders(['message-unpinned'], (event) => [
        changed('message-unpinned', event),
      ]),
      'messages.read': renders(['message-read-receipt'], (event) => [
        named(event.chatId, (room) => ({
          ...receiptPart(event),
          event: 'message-read-receipt',
          payload: {
            room,
            messageId: event.messageIds.at(-1) ?? null,
            messageIds: event.messageIds,
            userId: event.userId,
            readBy: event.userId,
            seq: event.seq,
            readAt: event.at,
          },
        })),
      ]),
      'typing.started': renders(['user-typing'], (event) => [typing(event, true)]),
      'typing.stopped': renders(['user-typing'], (event) => [typing(event, false)]),
      'chat.opened': renders(['user-online'], (event) => [visit(event, 'user-online')]),
      'chat.closed': renders(['user-offline'], (event) => [visit(event, 'user-offline')]),
      'presence.changed': renders(
        ['user-online', 'user-offline', 'user-status-update'],
        (event) => {
          const payload = presentStatus(event.userId, event);
          const turn = event.status === 'offline' ? 'user-offline' : 'user-online';
          return ([turn, 'user-status-update'] as const).map((name) => ({
            event: name,
            payload,
            isVolatile: true,
          }));
        },
      ),
    },
  };
};
