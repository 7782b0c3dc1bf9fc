import { presentUserCard } from './user-card.shapes.js';
import type { BroadcastRecord } from '../../modules/broadcasts/index.js';

/** A broadcast as its recipients see it. */
export const presentBroadcast = ({
  id,
  number,
  senderId,
  sender,
  message,
  messageType,
  sentAt,
  createdAt,
}: BroadcastRecord) => ({
  id,
  _id: id,
  number,
  senderId,
  senderName: sender?.name ?? null,
  sender: sender && presentUserCard(sender),
  message,
  messageType,
  sentAt,
  createdAt,
});

/** A broadcast as admins see it. */
export const presentAdminBroadcast = (record: BroadcastRecord) => ({
  ...presentBroadcast(record),
  audience: record.audience.kind,
  role: record.audience.role ?? null,
  userIds: record.audience.userIds ?? null,
  status: record.status,
  scheduledAt: record.scheduledAt,
});
