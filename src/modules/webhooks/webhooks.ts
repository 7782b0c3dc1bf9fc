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
import type {
  DeliveriesRepository,
  DeliveryQuery,
  StoredDelivery,
} from './deliveries.repository.js';
import { newDelivery } from './deliveries.repository.js';
import type { StoredWebhook, WebhookEventType, WebhooksRepository } from './webhooks.repository.js';

/** How many webhooks there may be: each of them costs a request per event. */
export const MAX_WEBHOOKS = 20;
/** How long a former secret goes on signing, in milliseconds. */
const ROTATION_MS = 24 * 3_600_000;
/** Secrets that sign at a time; of more rotations within a day, the oldest secret ends before its time. */
const MAX_SECRETS = 5;

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
      recovery: null,
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
    const isElsewhere = changes.url !== undefined && changes.url !== before.url;
    const details = { ...changes };
    const after = await audit.during(
      actor,
      { action: 'webhooks.update', subject: webhookId, details },
      () =>
        webhooks.update(webhookId, {
          ...changes,
          updatedAt: now,
          ...(isRestart && { since: now, disabledReason: null, noticeDueAt: null }),
          // Another address has not failed yet.
          ...((isRestart || isElsewhere) && { failingSince: null }),
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
   * Gives a webhook another secret, which is the first of its `secrets`. Each one before signs for another day.
   *
   * @throws {AppError} NOT_FOUND, CONFLICT when another admin does so at the same time.
   */
  async rotate(actor: Actor, webhookId: string): Promise<StoredWebhook> {
    const { audit, clock, webhooks } = this.deps;
    const { secrets } = await this.one(webhookId);
    const now = clock.now();
    const [former, ...older] = secrets;
    const { secret: newest } = former!;
    return audit.during(
      actor,
      { action: 'webhooks.rotate_secret', subject: webhookId },
      async () => {
        const rotated = [
          { secret: newSigningSecret(), until: null },
          { secret: newest, until: new Date(now + ROTATION_MS) },
          ...older.filter(({ until }) => until !== null && until.getTime() > now),
        ].slice(0, MAX_SECRETS);
        const after = await webhooks.replaceSecrets(webhookId, newest, rotated, new Date(now));
        if (after) return after;
        await this.one(webhookId);
        throw new AppError('CONFLICT', 'The secret was changed at the same time; try again');
      },
    );
  }

  /**
   * Sends `webhook.test` now, once, whether or not the webhook is enabled.
   *
   * @throws {AppError} NOT_FOUND.
   */
  async test(actor: Actor, webhookId: string): Promise<StoredDelivery> {
    const { audit, clock, deliverer, deliveries } = this.deps;
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
    const details = { deliveryId: delivery._id.toHexString() };
    return audit.during(
      actor,
      { action: 'webhooks.test', subject: webhookId, details },
      async () => {
        await deliveries.add([delivery]);
        // It is not tried again: this is the last attempt.
        const last = { ...delivery, attemptCount: Infinity };
        return (await deliverer.attempt(webhook, last)) ?? delivery;
      },
    );
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
  async redeliver(actor: Actor, webhookId: string, deliveryId: string): Promise<StoredDelivery> {
    const { audit, clock, deliveries } = this.deps;
    const details = { deliveryId };
    return audit.during(
      actor,
      { action: 'webhooks.redeliver', subject: webhookId, details },
      async () => {
        const now = new Date(clock.now());
        const delivery = await deliveries.redeliver(webhookId, deliveryId, now);
        if (!delivery) throw notFound('Delivery');
        return delivery;
      },
    );
  }

  /**
   * Has everything since a time sent that has not arrived: failed deliveries, and what happened while the webhook was
   * disabled, as far as the database still shows it. That happens in the background: `recovery` of the webhook says how
   * far it is. One that has not ended begins anew, and goes as far back as before.
   *
   * @throws {AppError} NOT_FOUND.
   */
  async recover(actor: Actor, webhookId: string, wanted: Date): Promise<StoredWebhook> {
    const { audit, clock, webhooks } = this.deps;
    const { recovery: before } = await this.one(webhookId);
    const isRunning = before && before.step !== 'done' && before.since < wanted;
    const since = isRunning ? before.since : wanted;
    const details = { since };
    return audit.during(
      actor,
      { action: 'webhooks.recover', subject: webhookId, details },
      async () => {
        const after = await webhooks.update(webhookId, {
          recovery: {
            since,
            requestedAt: new Date(clock.now()),
            step: 'deliveries',
            position: since,
            found: 0,
            finishedAt: null,
          },
        });
        if (!after) throw notFound('Webhook');
        return after;
      },
    );
  }

  private checkUrl(url: string): void {
    const refusal = this.deps.outbound.refusalTo(url);
    if (refusal) throw invalidInput('url', refusal.message);
  }
}
