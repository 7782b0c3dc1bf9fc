import type { UserRole } from '../../shared/actor.js';
import type { ForClients } from '../../shared/audience.js';
import type { UserCard } from '../users/index.js';
import type { StoredBroadcast, BroadcastStatus, BroadcastType } from './broadcast.model.js';

/** A broadcast as plain JSON. */
export interface BroadcastRecord {
  id: string;
  /** Position in the sequence of sent broadcasts; null until it is sent. */
  number: number | null;
  senderId: string;
  sender: UserCard | null;
  message: string;
  messageType: BroadcastType;
  audience: { kind: 'all' | 'role' | 'list'; role?: UserRole; userIds?: string[] };
  status: BroadcastStatus;
  scheduledAt: string;
  sentAt: string | null;
  createdAt: string;
}

/** What happens to broadcasts. */
export interface BroadcastEvents {
  /** A broadcast was sent: every node reads it from the database and shows it to its sockets. */
  'broadcast.sent': { number: number };
  /**
   * This node shows a broadcast to users who have sockets here; never passed to other nodes. Devices that are
   * still catching up receive what they have missed, not what is sent meanwhile.
   */
  'broadcast.shown': ForClients & { broadcast: BroadcastRecord };
  /** How many broadcasts somebody has not read. */
  'broadcasts.unread': ForClients & {
    userId: string;
    unreadCount: number;
    /** More was missed than came as events: the list has the older ones before this number. */
    before: number | null;
  };
}

/** The record of a stored broadcast. */
export const toBroadcastRecord = (
  doc: StoredBroadcast,
  sender: UserCard | undefined,
): BroadcastRecord => ({
  id: doc._id.toHexString(),
  number: doc.number ?? null,
  senderId: doc.senderId.toHexString(),
  sender: sender ?? null,
  message: doc.message,
  messageType: doc.messageType,
  audience:
    doc.audience.kind === 'list'
      ? { kind: 'list', userIds: doc.audience.userIds.map((id) => id.toHexString()) }
      : doc.audience,
  status: doc.status,
  scheduledAt: doc.scheduledAt.toISOString(),
  sentAt: doc.sentAt?.toISOString() ?? null,
  createdAt: doc.createdAt.toISOString(),
});
