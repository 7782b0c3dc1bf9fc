import type { UserRole } from '../../shared/actor.js';
import type { UserCard } from '../users/index.js';
import type { BroadcastDoc, BroadcastStatus, BroadcastType } from './broadcast.model.js';

/** A broadcast as plain JSON. */
export interface BroadcastRecord {
  id: string;
  /** Place in the sequence of sent broadcasts; null until it is sent. */
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

/** The record of a stored broadcast. */
export const toBroadcastRecord = (
  doc: BroadcastDoc,
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
