import type {
  EventPayloads,
  StoredDelivery,
  StoredWebhook,
} from '../../../modules/webhooks/index.js';
import { presentAdminBroadcast } from '../../shared/broadcast.shapes.js';
import { presentMessage } from '../../shared/message.shapes.js';
import { presentMedia } from '../media/media.shapes.js';
import { presentReport } from '../reports/reports.shapes.js';
import { presentOwnUser } from '../users/users.shapes.js';

/**
 * Events as receivers get them: the native shapes, without what depends on who reads them. So messages have no
 * `status`, chats no unread counts, and files no signed addresses.
 */
export const webhookPayloads: EventPayloads = {
  // JSON leaves out what is undefined.
  message: (message, sender) => ({
    ...presentMessage(message, sender, 'sent'),
    status: undefined,
  }),
  chat: (chat) => ({
    id: chat._id.toHexString(),
    _id: chat._id.toHexString(),
    kind: chat.kind,
    isGroup: chat.kind !== 'direct',
    status: chat.status,
    initiator: chat.initiator.toHexString(),
    name: chat.name ?? null,
    slug: chat.slug ?? null,
    description: chat.description ?? null,
    picture: chat.picture ?? null,
    externalId: chat.externalId,
    metadata: chat.metadata,
    createdAt: chat.createdAt.toISOString(),
    updatedAt: chat.updatedAt.toISOString(),
  }),
  user: (user) => presentOwnUser(user),
  report: (report, cards) => presentReport(report, cards),
  media: (file) => {
    const url = `/media/${file._id.toHexString()}`;
    return presentMedia(file, {
      url,
      thumbnailUrl: file.thumbnail ? `${url}/thumbnail` : null,
    });
  },
  broadcast: (broadcast) => presentAdminBroadcast(broadcast),
};

const presentRecovery = (recovery: StoredWebhook['recovery']) =>
  recovery
    ? {
        since: recovery.since.toISOString(),
        requestedAt: recovery.requestedAt.toISOString(),
        found: recovery.found,
        finishedAt: recovery.finishedAt?.toISOString() ?? null,
      }
    : null;

/** A webhook as admins see it, without its secrets. */
export const presentWebhook = (webhook: StoredWebhook) => ({
  id: webhook._id.toHexString(),
  _id: webhook._id.toHexString(),
  url: webhook.url,
  events: webhook.events,
  description: webhook.description,
  isEnabled: webhook.isEnabled,
  disabledReason: webhook.disabledReason,
  failingSince: webhook.failingSince?.toISOString() ?? null,
  recovery: presentRecovery(webhook.recovery),
  createdBy: webhook.createdBy.toHexString(),
  createdAt: webhook.createdAt.toISOString(),
  updatedAt: webhook.updatedAt.toISOString(),
});

/** A webhook with its newest secret, which is shown once. */
export const presentWithSecret = (webhook: StoredWebhook) => ({
  ...presentWebhook(webhook),
  secret: webhook.secrets[0]!.secret,
});

/** A delivery and what was answered. */
export const presentDelivery = (delivery: StoredDelivery) => ({
  id: delivery._id.toHexString(),
  _id: delivery._id.toHexString(),
  eventId: delivery.eventId,
  type: delivery.type,
  at: delivery.at.toISOString(),
  status: delivery.status,
  attemptCount: delivery.attemptCount,
  attempts: delivery.attempts.map(({ at, ms, status, answer }) => ({
    at: at.toISOString(),
    ms,
    status,
    answer,
  })),
  nextAt: delivery.status === 'waiting' ? delivery.nextAt.toISOString() : null,
  payload: delivery.payload,
});
