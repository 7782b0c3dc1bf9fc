import type { MessageEvents } from '../../modules/messages/index.js';
import type { PresenceEvents } from '../../modules/presence/index.js';
import { presenceListeners, presentStatus } from '../../modules/presence/index.js';
import type { ReceiptEvents } from '../../modules/receipts/index.js';
import type { TypingEvent, TypingEvents } from '../../modules/typing/index.js';
import { typingAudience } from '../../modules/typing/index.js';
import { presentUserCard } from '../../modules/users/index.js';
import type { ViewingEvents } from '../../modules/viewing/index.js';
import type { Audience, Emission, RenderingTable } from '../../realtime/rendering.js';
import { rooms } from '../../realtime/rooms.js';
import { receiptAudiences } from '../receipt-audience.js';
import type { RoomNames } from './room-names.js';
import { presentMessage } from './room.presenter.js';

/** What the room dialect's clients hear of. */
export type RoomEvents = MessageEvents &
  PresenceEvents &
  ReceiptEvents &
  TypingEvents &
  ViewingEvents;

type MaybeLater = Emission | Promise<Emission>;

/**
 * How the room dialect's clients are told. `user-online` and `user-offline` with a `room` say that
 * somebody has come to the room or left it; without one they are about the person altogether.
 */
export const roomRenderings = (names: RoomNames): RenderingTable<RoomEvents> => {
  /** Builds an emission that carries the room's name, at once when the name is known. */
  const named = (chatId: string, build: (room: string) => Emission): MaybeLater => {
    const name = names.of(chatId);
    return typeof name === 'string' ? build(name) : name.then(build);
  };
  const typing = (event: TypingEvent, isTyping: boolean): MaybeLater =>
    named(event.chatId, (room) => ({
      audience: typingAudience(event),
      event: 'user-typing',
      payload: {
        room,
        userId: event.user.id,
        username: event.user.username,
        user: presentUserCard(event.user),
        isTyping,
      },
      isVolatile: true,
    }));
  const visit = (
    { chatId, userId }: { chatId: string; userId: string },
    event: string,
  ): MaybeLater =>
    named(chatId, (room) => ({
      audience: { room: rooms.open(chatId), except: [rooms.user(userId)] },
      event,
      payload: { userId, room },
      isVolatile: true,
    }));

  return {
    dialect: 'room',
    renderings: {
      'message.sent': ({ message, sender }) => [
        named(message.chatId, (room) => ({
          audience: { room: rooms.chat(message.chatId) },
          event: 'new-message',
          payload: presentMessage({ message, sender, status: 'sent' }, room),
        })),
      ],
      'messages.read': (event) =>
        receiptAudiences(event).map((audience) =>
          named(event.chatId, (room) => ({
            audience,
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
        ),
      'typing.started': (event) => [typing(event, true)],
      'typing.stopped': (event) => [typing(event, false)],
      'chat.opened': (event) => [visit(event, 'user-online')],
      'chat.closed': (event) => [visit(event, 'user-offline')],
      'presence.changed': (event, local) =>
        presenceListeners(event, local).flatMap((listenerId) => {
          const audience: Audience = { room: rooms.user(listenerId) };
          const payload = presentStatus(event.userId, event);
          const turn = event.status === 'offline' ? 'user-offline' : 'user-online';
          return [turn, 'user-status-update'].map((event) => ({
            audience,
            event,
            payload,
            isVolatile: true,
          }));
        }),
    },
  };
};
