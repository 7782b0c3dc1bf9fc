import type { Subscription } from '../platform/event-bus.js';
import type { Areas } from './areas.js';
import type { Conversations } from './conversations.area.js';
import type { DomainEvents } from './domain-events.js';
import type { People } from './people.area.js';
import type { ReactionParts } from './reactions.js';
import { reactions } from './reactions.js';

/** What accounts, chats and groups do about events. */
export const subscriptionsOfChats = ({
  access,
  users,
  presence,
  groups,
}: People & Pick<Conversations, 'groups'>): Subscription<DomainEvents>[] => [
  ...access.subscriptions,
  ...users.subscriptions,
  ...presence.attendance.subscriptions,
  ...groups.subscriptions,
];

const subscriptionsOfAreas = (areas: Areas): Subscription<DomainEvents>[] => [
  ...subscriptionsOfChats(areas),
  ...areas.media.subscriptions,
  ...areas.search.subscriptions,
  ...areas.broadcasts.subscriptions,
  ...areas.live.subscriptions,
];

/** Everything that a node does about events. Their phases, not their places here, say what comes first. */
export const subscriptionsOf = (parts: ReactionParts): Subscription<DomainEvents>[] => [
  ...subscriptionsOfAreas(parts.areas),
  ...reactions(parts),
];
