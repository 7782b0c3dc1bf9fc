import type { Logger } from '../../platform/logger.js';
import type { Metrics } from '../../platform/metrics.js';
import type { Outbound, OutboundAnswer } from '../../platform/outbound.js';
import { signedHeaders } from '../../platform/webhook-signature.js';
import type { Clock } from '../../shared/clock.js';
import { cutText } from '../../shared/text.js';
import type { Attempt, DeliveriesRepository, StoredDelivery } from './deliveries.repository.js';
import type { DisabledReason, StoredWebhook, WebhooksRepository } from './webhooks.repository.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Pauses before the further attempts, in milliseconds: those of the Standard Webhooks specification. */
export const RETRY_PAUSES = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  10 * HOUR,
];
/** Each pause is longer or shorter by up to this share, so that many deliveries do not come back together. */
const JITTER = 0.2;
/** The longest pause that a receiver may ask for by `Retry-After`. */
const MAX_RETRY_AFTER_MS = DAY;
/** A webhook that has done nothing but fail for so long is switched off. */
export const DISABLED_AFTER_MS = 5 * DAY;
/** Longest time of one attempt, in milliseconds. */
const TIMEOUT_MS = 15 * SECOND;
/** Bytes of an answer that are read, and characters of it that are stored. */
const MAX_ANSWER_BYTES = 2048;
const KEPT_ANSWER = 500;
/** Requests to one webhook at a time. */
const CONCURRENCY = 4;
/** Deliveries of a webhook that are read at once. */
const BATCH = 100;

/** Sends the deliveries that are due, each webhook at its own pace. */
export class Deliverer {
  /** The webhooks that are being served, by id. */
  private readonly serving = new Map<string, { webhook: StoredWebhook; served: Promise<void> }>();
  private isStopped = false;

  constructor(
    private readonly deps: {
      webhooks: WebhooksRepository;
      deliveries: DeliveriesRepository;
      outbound: Outbound;
      clock: Clock;
      logger: Logger;
      metrics: Pick<Metrics, 'webhookDeliveries'>;
      random?: () => number;
    },
  ) {}

  /**
   * Starts to serve the webhooks that nobody serves yet; does not wait for their receivers. For those that are being
   * served, another address or secret holds from the next attempt on.
   *
   * @param webhooks all that are enabled: none other is sent anything any more.
   */
  serve(webhooks: StoredWebhook[]): void {
    if (this.isStopped) return;
    const enabled = new Map(webhooks.map((webhook) => [webhook._id.toHexString(), webhook]));
    for (const [id, { webhook }] of this.serving) {
      const current = enabled.get(id);
      if (current) Object.assign(webhook, { url: current.url, secrets: current.secrets });
      else webhook.isEnabled = false;
    }
    for (const [id, webhook] of enabled) {
      if (this.serving.has(id)) continue;
      const served = this.serveOne(webhook)
        .catch((error: unknown) => {
          this.deps.logger.warn({ err: error, webhook: id }, 'deliveries were interrupted');
        })
        .finally(() => this.serving.delete(id));
      this.serving.set(id, { webhook, served });
    }
  }

  /** Resolves when nothing is being served. */
  async idle(): Promise<void> {
    await Promise.all([...this.serving.values()].map(({ served }) => served));
  }

  /** Begins no further attempt. Those under way are made again by the next node if they are cut off. */
  stop(): void {
    this.isStopped = true;
  }

  /** Makes one attempt; answers the delivery as it is then, null when it was removed meanwhile. */
  async attempt(webhook: StoredWebhook, delivery: StoredDelivery): Promise<StoredDelivery | null> {
    const { clock, deliveries, metrics, outbound, webhooks } = this.deps;
    const started = clock.now();
    const result = await outbound
      .post({
        url: webhook.url,
        headers: signedHeaders(
          signingSecrets(webhook, started),
          delivery.eventId,
          started,
          delivery.payload,
        ),
        body: delivery.payload,
        timeoutMs: TIMEOUT_MS,
        maxAnswerBytes: MAX_ANSWER_BYTES,
      })
      .catch((error: unknown) => error);
    const now = clock.now();
    const answer = isAnswer(result) ? result : undefined;
    // Cut off by our own end: it stays due, and the next node makes it.
    if (this.isStopped && !answer) return null;
    const hasArrived = answer !== undefined && answer.status >= 200 && answer.status < 300;
    const attempt: Attempt = {
      at: new Date(started),
      ms: now - started,
      status: answer?.status ?? null,
      answer: printable(answer ? answer.text : problemOf(result)),
    };
    const pause = hasArrived ? undefined : this.pauseAfter(delivery.attemptCount, answer, now);
    const after = await deliveries.conclude(delivery._id, attempt, {
      status: hasArrived ? 'delivered' : pause === undefined ? 'failed' : 'waiting',
      nextAt: new Date(now + (pause ?? 0)),
    });
    // Removed, or delivered by another node meanwhile.
    if (!after) return null;
    metrics.webhookDeliveries.inc({ outcome: hasArrived ? 'delivered' : 'failed' });
    if (delivery.type === 'webhook.test') return after;
    if (hasArrived) {
      if (webhook.failingSince) await webhooks.noteOutcome(webhook._id, null);
      webhook.failingSince = null;
    } else {
      await this.afterFailure(webhook, answer?.status, now);
    }
    return after;
  }

  private async serveOne(webhook: StoredWebhook): Promise<void> {
    const { clock, deliveries } = this.deps;
    for (;;) {
      const due = await deliveries.due(webhook._id, new Date(clock.now()), BATCH);
      if (due.length === 0) return;
      // The deliveries of a lane follow one another; lanes do not wait for each other.
      const lanes = new Map<string, StoredDelivery[]>();
      for (const delivery of due) {
        lanes.set(delivery.lane, [...(lanes.get(delivery.lane) ?? []), delivery]);
      }
      const waiting = [...lanes.values()];
      const work = async () => {
        for (let lane = waiting.shift(); lane; lane = waiting.shift()) {
          for (const delivery of lane) {
            if (this.isStopped || !webhook.isEnabled) return;
            await this.attempt(webhook, delivery);
          }
        }
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, work));
      if (this.isStopped || !webhook.isEnabled) return;
      const current = await this.deps.webhooks.find(webhook._id.toHexString());
      if (!current?.isEnabled) return;
      Object.assign(webhook, current);
    }
  }

  /** Milliseconds until the next attempt; undefined when there is none. */
  private pauseAfter(
    attemptsBefore: number,
    answer: OutboundAnswer | undefined,
    now: number,
  ): number | undefined {
    const pause = RETRY_PAUSES[attemptsBefore];
    if (pause === undefined) return undefined;
    const random = this.deps.random ?? Math.random;
    const varied = pause * (1 + JITTER * (2 * random() - 1));
    return Math.max(varied, retryAfterOf(answer?.retryAfter, now));
  }

  private async afterFailure(
    webhook: StoredWebhook,
    status: number | undefined,
    now: number,
  ): Promise<void> {
    const since = webhook.failingSince ?? new Date(now);
    if (!webhook.failingSince) {
      await this.deps.webhooks.noteOutcome(webhook._id, since);
      webhook.failingSince = since;
    }
    if (status === 410) await this.disable(webhook, 'gone', now);
    else if (now - since.getTime() >= DISABLED_AFTER_MS)
      await this.disable(webhook, 'failing', now);
  }

  private async disable(
    webhook: StoredWebhook,
    reason: DisabledReason,
    now: number,
  ): Promise<void> {
    webhook.isEnabled = false;
    if (await this.deps.webhooks.disable(webhook, reason, new Date(now))) {
      this.deps.logger.warn({ webhook: webhook._id, reason }, 'a webhook was disabled');
    }
  }
}

const isAnswer = (result: unknown): result is OutboundAnswer =>
  typeof result === 'object' && result !== null && 'isCut' in result;

const problemOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : 'failed';

/** An answer may be anything; lists of deliveries show text. */
const printable = (text: string): string =>
  cutText(text.replace(/[\p{Cc}\uFFFD\p{Cs}]+/gu, ' ').trim(), KEPT_ANSWER);

/** The secrets of a webhook that sign at a time. */
export const signingSecrets = ({ secrets }: Pick<StoredWebhook, 'secrets'>, now: number) =>
  secrets.filter(({ until }) => until === null || until.getTime() > now).map((one) => one.secret);

/** The pause of a `Retry-After` header in milliseconds, at most a day; 0 for none and for what is none. */
export const retryAfterOf = (header: string | undefined, now: number): number => {
  if (header === undefined) return 0;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * SECOND : Date.parse(header) - now;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
};
