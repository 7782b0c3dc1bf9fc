import type { AccessChangeEvents } from './modules/access-changes/index.js';
import type { BroadcastEvents } from './modules/broadcasts/index.js';
import type { ChatEvents } from './modules/chats/index.js';
import type { LiveEvents } from './modules/live/index.js';
import type { MessageEvents } from './modules/messages/index.js';
import type { CaseEvents } from './modules/moderation/index.js';
import type { PresenceEvents, TypingEvents, ViewingEvents } from './modules/presence/index.js';
import type { ReceiptEvents } from './modules/receipts/index.js';
import type { ServerKeyEvents } from './modules/server-keys/index.js';
import type { StarEvents } from './modules/stars/index.js';
import type { UserEvents } from './modules/users/index.js';
import type { ClusterEvents } from './transport/socket/cluster.js';

/** Everything that can happen in the system. */
export type DomainEvents = AccessChangeEvents &
  BroadcastEvents &
  CaseEvents &
  ChatEvents &
  ClusterEvents &
  LiveEvents &
  MessageEvents &
  PresenceEvents &
  ReceiptEvents &
  ServerKeyEvents &
  StarEvents &
  TypingEvents &
  UserEvents &
  ViewingEvents;
