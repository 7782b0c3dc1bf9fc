import type { Connection } from 'mongoose';
import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { Clock } from '../../shared/clock.js';
import type { ChatEvents } from '../chats/index.js';
import type { MessageEvents, MessageLookups, MessageReader } from '../messages/index.js';
import type { StarEvents } from './stars.events.js';
import { StarsRepository } from './stars.repository.js';
import { Stars } from './stars.js';

export type { StarEvents, StarState } from './stars.events.js';
export { defineStarModels } from './stars.repository.js';
export type { StarQuery, StarTarget, StarredMessage, Stars } from './stars.js';

/** The events after which a user sees messages no longer. */
type EndsOfSight = Pick<MessageEvents, 'message.deleted' | 'message.hidden'> &
  Pick<ChatEvents, 'chat.cleared' | 'members.removed'>;

/**
 * Builds the stars module.
 *
 * @param deps.connection has the module's models.
 */
export const createStars = ({
  connection,
  bus,
  clock,
  reader,
  lookups,
}: {
  connection: Connection;
  bus: Publisher<StarEvents>;
  clock: Clock;
  reader: Pick<MessageReader, 'visible'>;
  lookups: Pick<MessageLookups, 'shownAmong'>;
}): { api: { stars: Stars }; subscriptions: Subscription<EndsOfSight>[] } => {
  const stars = new StarsRepository(connection);
  const shared = {
    phase: 'effects',
    on: 'origin',
    does: 'removes the stars on what can no longer be seen',
  } as const;
  return {
    api: { stars: new Stars({ stars, reader, lookups, bus, clock }) },
    subscriptions: [
      {
        event: 'message.deleted',
        ...shared,
        run: ({ message }) => stars.removeOfMessage(message.id),
      },
      {
        event: 'message.hidden',
        ...shared,
        run: ({ userId, messageIds }) => stars.removeOfUser(userId, messageIds),
      },
      {
        event: 'chat.cleared',
        ...shared,
        run: ({ chatId, userId, seq }) => stars.removeOfChat(chatId, [userId], seq),
      },
      {
        event: 'members.removed',
        ...shared,
        run: ({ chatId, userIds }) => stars.removeOfChat(chatId, userIds),
      },
    ],
  };
};
