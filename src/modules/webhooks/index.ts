import type { Connection } from 'mongoose';
import type { Config } from '../../config/index.js';
import type { Job } from '../../platform/jobs.js';
import type { Logger } from '../../platform/logger.js';
import type { Metrics } from '../../platform/metrics.js';
import type { Outbound } from '../../platform/outbound.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import type { Broadcasts } from '../broadcasts/index.js';
import type { MessagesRepository } from '../messages/index.js';
import type { AuditTrail } from '../users/index.js';
import { Deliverer } from './deliverer.js';
import { EventFeed } from './event-feed.js';
import type { EventPayloads, StoredFacts } from './event-sources.js';
import { EventSources } from './event-sources.js';
import { DeliveriesRepository, defineDeliveryModel } from './deliveries.repository.js';
import { FeedRepository, defineFeedModels } from './feed.repository.js';
import { Recoveries } from './recoveries.js';
import type { DisabledReason, StoredWebhook } from './webhooks.repository.js';
import { WebhooksRepository, defineWebhookModel } from './webhooks.repository.js';
import { Webhooks } from './webhooks.js';

export type { EventPayloads } from './event-sources.js';
export { MAX_WEBHOOKS } from './webhooks.js';
export type { WebhookInput, Webhooks } from './webhooks.js';
export { DELIVERY_STATUSES } from './deliveries.repository.js';
export type { DeliveryQuery, DeliveryStatus, StoredDelivery } from './deliveries.repository.js';
export { WEBHOOK_EVENTS } from './webhooks.repository.js';
export type { Recovery, StoredWebhook, WebhookEventType } from './webhooks.repository.js';

/** How often the database is asked for what is new, in milliseconds; one node does it. */
const ROUND_MS = 1000;
const PRUNE_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Registers the module's models on a connection. */
export const defineWebhookModels = (connection: Connection): void => {
  defineWebhookModel(connection);
  defineDeliveryModel(connection);
  defineFeedModels(connection);
};

/** The module of webhooks, built. */
export interface WebhooksModule {
  api: { webhooks: Webhooks };
  jobs: Job[];
  close(): Promise<void>;
}

/**
 * Builds the module of webhooks.
 *
 * @param deps.connection has the module's models.
 * @param deps.facts where the events other than those of messages are found.
 */
export const createWebhooks = ({
  config,
  connection,
  clock,
  logger,
  metrics,
  outbound,
  audit,
  broadcasts,
  messages,
  facts,
  payloads,
}: {
  config: Pick<Config, 'webhookRetentionDays'>;
  connection: Connection;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  outbound: Outbound;
  audit: AuditTrail;
  broadcasts: Pick<Broadcasts, 'create'>;
  messages: MessagesRepository;
  facts: StoredFacts;
  payloads: EventPayloads;
}): WebhooksModule => {
  const stored = new WebhooksRepository(connection);
  const deliveries = new DeliveriesRepository(connection);
  const deliverer = new Deliverer({
    webhooks: stored,
    deliveries,
    outbound,
    clock,
    logger,
    metrics,
  });
  const feed = new EventFeed({
    feed: new FeedRepository(connection),
    deliveries,
    messages,
    sources: new EventSources(facts, payloads),
    payloads,
    directory: facts.directory,
    clock,
  });
  const recoveries = new Recoveries({ webhooks: stored, deliveries, feed, clock, logger });
  /** A notice that fails is given in a later round, and holds up no event. */
  const giveNotices = async (webhooks: StoredWebhook[]): Promise<void> => {
    for (const webhook of webhooks) {
      if (!webhook.noticeDueAt) continue;
      try {
        await tellAdmins({ audit, broadcasts }, webhook, webhook.noticeDueAt);
        await stored.noticeGiven(webhook._id);
      } catch (error) {
        logger.warn({ err: error, webhook: webhook._id }, 'admins were not told of a webhook');
      }
    }
  };
  const round = async (): Promise<void> => {
    const all = await stored.all();
    const enabled = all.filter(({ isEnabled }) => isEnabled);
    // First: what is stored goes out, also when there is much to catch up with.
    deliverer.serve(enabled);
    recoveries.run(all);
    await giveNotices(all);
    await feed.run(enabled);
    const oldest = await Promise.all(enabled.map(({ _id }) => deliveries.oldestWaiting(_id)));
    const waitingSince = Math.min(...oldest.map((at) => at?.getTime() ?? Infinity));
    metrics.webhookOldestWaiting.set(Math.max(0, (clock.now() - waitingSince) / 1000));
    deliverer.serve(enabled);
  };
  return {
    api: {
      webhooks: new Webhooks({
        webhooks: stored,
        deliveries,
        deliverer,
        outbound,
        audit,
        clock,
      }),
    },
    jobs: [
      { name: 'webhooks', everyMs: ROUND_MS, run: round, isOncePerCluster: true },
      {
        name: 'old webhook deliveries',
        everyMs: PRUNE_MS,
        run: () =>
          deliveries.removeBefore(new Date(clock.now() - config.webhookRetentionDays * DAY_MS)),
        isOncePerCluster: true,
      },
    ],
    close: async () => {
      deliverer.stop();
      recoveries.stop();
      // Ends the requests under way: the next node makes them again.
      await outbound.close();
      await Promise.all([deliverer.idle(), feed.idle(), recoveries.idle()]);
    },
  };
};

const REASONS: Record<DisabledReason, string> = {
  gone: 'its receiver answered 410 Gone',
  failing: 'nothing has arrived there for five days',
};

/**
 * Says in the audit trail and in a broadcast to all admins that a webhook was switched off. Called again when the node
 * has died in between; the broadcast is sent once.
 */
const tellAdmins = async (
  { audit, broadcasts }: { audit: AuditTrail; broadcasts: Pick<Broadcasts, 'create'> },
  webhook: StoredWebhook,
  disabledAt: Date,
): Promise<void> => {
  const { createdBy, url } = webhook;
  const subject = webhook._id.toHexString();
  const reason = webhook.disabledReason ?? 'failing';
  const maker: Actor = { userId: createdBy.toHexString(), role: 'admin', sessionId: '' };
  const details = { reason, url };
  await audit.during('system', { action: 'webhooks.disable', subject, details }, async () => {
    await broadcasts.create(maker, {
      clientMessageId: `webhook-disabled-${subject}-${disabledAt.getTime()}`,
      message: `The webhook to ${new URL(url).host} is disabled: ${REASONS[reason]}.`,
      messageType: 'text',
      audience: { kind: 'role', role: 'admin' },
    });
  });
};
