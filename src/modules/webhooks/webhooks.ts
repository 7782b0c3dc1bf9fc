import { Types } from 'mongoose';
import type { Outbound } from '../../platform/outbound.js';
import { objectId } from '../../platform/object-id.js';
import { newSigningSecret } from '../../platform/webhook-signature.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, invalidInput, notFound } from '../../shared/errors.js';
import { newUuid } from '../../shared/ids.js';
import type { AuditTrail } from '../users/index.js';
import type { Deliverer } from './deliverer.js';
import type { EventFeed } from './event-feed.js';
import type {
  DeliveriesRepository,
  DeliveryQuery,
  StoredDelivery,
  StoredWebhook,
  WebhookEventType,
  WebhooksRepository,
} from './webhooks.repository.js';
import { newDelivery } from './webhooks.repository.js';

/** How many webhooks there may be: each of them costs a request per event. */
export const MAX_WEBHOOKS = 20;
/** How long a former secret goes on signing, in milliseconds. */
const ROTATION_MS = 24 * 3_600_000;

/** What an admin sets of a webhook. */
export interface WebhookInput {
  url: string;
  events: WebhookEventType[];
  description: string;
  isEnabled: boolean;
}

/** The admins' use cases of webhooks. Each change stands in the audit trail. */
export class Webhooks {
  constructor(
    private readonly deps: {
      webhooks: WebhooksRepository;
      deliveries: DeliveriesRepository;
      deliverer: Deliverer;
      feed: EventFeed;
      outbound: Pick<Outbound, 'refusalTo'>;
      audit: AuditTrail;
      clock: Clock;
    },
  ) {}

  /** All webhooks, oldest first. */
  list(): Promise<StoredWebhook[]> {
    return this.deps.webhooks.all();
  }

  /** @throws {AppError} NOT_FOUND. */
  async one(webhookId: string): Promise<StoredWebhook> {
    const webhook = await this.deps.webhooks.find(webhookId);
    if (!webhook) throw notFound('Webhook');
    return webhook;
  }

  /**
   * Makes a webhook; the first of its `secrets` is to be shown now and never again.
   *
   * @throws {AppError} VALIDATION for an address that may not be called, CONFLICT when there are too many.
   */
  async create(actor: Actor, input: WebhookInput): Promise<StoredWebhook> {
    const { audit, clock, webhooks } = this.deps;
    this.checkUrl(input.url);
    if ((await webhooks.count()) >= MAX_WEBHOOKS) {
      throw new AppError('CONFLICT', `There can be at most ${MAX_WEBHOOKS} webhooks`);
    }
    const now = new Date(clock.now());
    const webhook: StoredWebhook = {
      _id: new Types.ObjectId(),
      ...input,
      secrets: [{ secret: newSigningSecret(), until: null }],
      createdBy: objectId(actor.userId),
      createdAt: now,
      updatedAt: now,
      since: now,
      failingSince: null,
      disabledReason: null,
    };
    const subject = webhook._id.toHexString();
    const details = { url: input.url, events: input.events };
    await audit.during(actor, { action: 'webhooks.create', subject, details }, () =>
      webhooks.insert(webhook),
    );
    return webhook;
  }

  /**
   * Changes a webhook. One that is enabled again hears of what happens from now on; `recover` brings the rest.
   *
   * @throws {AppError} NOT_FOUND, VALIDATION for an address that may not be called.
   */
  async update(
    actor: Actor,
    webhookId: string,
    changes: Partial<WebhookInput>,
  ): Promise<StoredWebhook> {
    const { audit, clock, webhooks } = this.deps;
    if (changes.url !== undefined) this.checkUrl(changes.url);
    const before = await this.one(webhookId);
    const now = new Date(clock.now());
    const isRestart = changes.isEnabled === true && !before.isEnabled;
    const details = { ...changes };
    const after = await audit.during(
      actor,
      { action: 'webhooks.update', subject: webhookId, details },
      () =>
        webhooks.update(webhookId, {
          ...changes,
          updatedAt: now,
          ...(isRestart && { since: now, failingSince: null, disabledReason: null }),
        }),
    );
    if (!after) throw notFound('Webhook');
    return after;
  }

  /** @throws {AppError} NOT_FOUND. */
  async remove(actor: Actor, webhookId: string): Promise<void> {
    const { audit, deliveries, webhooks } = this.deps;
    await audit.during(actor, { action: 'webhooks.delete', subject: webhookId }, async () => {
      if (!(await webhooks.remove(webhookId))) throw notFound('Webhook');
      await deliveries.removeOf(webhookId);
    });
  }

  /**
   * Gives a webhook another secret, which is the first of its `secrets`. The one before signs for another day.
   *
   * @throws {AppError} NOT_FOUND.
   */
  async rotate(actor: Actor, webhookId: string): Promise<StoredWebhook> {
    const { audit, clock, webhooks } = this.deps;
    const { secrets } = await this.one(webhookId);
    const now = clock.now();
    const former = secrets[0]!;
    const after = await audit.during(
      actor,
      { action: 'webhooks.rotate_secret', subject: webhookId },
      () =>
        webhooks.update(webhookId, {
          secrets: [
            { secret: newSigningSecret(), until: null },
            { secret: former.secret, until: new Date(now + ROTATION_MS) },
          ],
          updatedAt: new Date(now),
        }),
    );
    if (!after) throw notFound('Webhook');
    return after;
  }

  /**
   * Sends `webhook.test` now, once, whether or not the webhook is enabled.
   *
   * @throws {AppError} NOT_FOUND.
   */
  async test(webhookId: string): Promise<StoredDelivery> {
    const { clock, deliverer, deliveries } = this.deps;
    const webhook = await this.one(webhookId);
    const now = new Date(clock.now());
    const timestamp = now.toISOString();
    const payload = JSON.stringify({ type: 'webhook.test', timestamp, data: { webhookId } });
    const event = { type: 'webhook.test' as const, at: now, lane: 'test', payload };
    const delivery: StoredDelivery = {
      ...newDelivery(webhook._id, { ...event, eventId: `test_${newUuid()}` }, now),
      // Not for the regular rounds, which would send it as well.
      status: 'failed',
    };
    await deliveries.add([delivery]);
    // It is not tried again: this is the last attempt.
    return (await deliverer.attempt(webhook, { ...delivery, attemptCount: Infinity })) ?? delivery;
  }

  /**
   * A page of the deliveries, newest first.
   *
   * @throws {AppError} NOT_FOUND.
   */
  async deliveries(
    webhookId: string,
    query: DeliveryQuery,
  ): Promise<{ deliveries: StoredDelivery[]; hasMore: boolean }> {
    await this.one(webhookId);
    const found = await this.deps.deliveries.list(webhookId, { ...query, limit: query.limit + 1 });
    return { deliveries: found.slice(0, query.limit), hasMore: found.length > query.limit };
  }

  /**
   * Sends a delivery again, at once and with all further attempts, whatever has become of it.
   *
   * @throws {AppError} NOT_FOUND.
   */
  async redeliver(webhookId: string, deliveryId: string): Promise<StoredDelivery> {
    const { clock, deliveries } = this.deps;
    const now = new Date(clock.now());
    const delivery = await deliveries.redeliver(webhookId, deliveryId, now);
    if (!delivery) throw notFound('Delivery');
    return delivery;
  }

  /**
   * Sends everything since a time that has not arrived: failed deliveries, and what happened while the webhook was
   * disabled, as far as the database still shows it. Answers how many deliveries wait because of it.
   *
   * @throws {AppError} NOT_FOUND.
   */
  async recover(webhookId: string, since: Date): Promise<number> {
    const { clock, deliveries, feed } = this.deps;
    const webhook = await this.one(webhookId);
    const again = await deliveries.retryAll(webhookId, since, new Date(clock.now()));
    return again + (await feed.recover(webhook, since));
  }

  private checkUrl(url: string): void {
    const refusal = this.deps.outbound.refusalTo(url);
    if (refusal) throw invalidInput('url', refusal.message);
  }
}
