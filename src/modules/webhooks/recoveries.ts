import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../platform/logger.js';
import type { Clock } from '../../shared/clock.js';
import type { DeliveriesRepository } from './deliveries.repository.js';
import type { EventFeed } from './event-feed.js';
import type { Recovery, StoredWebhook, WebhooksRepository } from './webhooks.repository.js';

/** A recovery waits while so many deliveries of its webhook do: the database must not fill up with them. */
const MAX_WAITING = 10_000;
/** How often it looks whether they have become fewer, in milliseconds. */
const LOOK_MS = 1000;

/**
 * Runs the recoveries that admins have asked for, outside of their requests: there can be weeks to read. Each saves its
 * position after each portion, and goes on there on whatever node comes next. What is found twice is stored once.
 */
export class Recoveries {
  private readonly running = new Map<string, Promise<void>>();
  private isStopped = false;

  constructor(
    private readonly deps: {
      webhooks: Pick<WebhooksRepository, 'saveRecovery'>;
      deliveries: Pick<DeliveriesRepository, 'areWaiting' | 'retryAll'>;
      feed: Pick<EventFeed, 'recoverMessages' | 'recoverOthers'>;
      clock: Clock;
      logger: Logger;
    },
  ) {}

  /** Goes on with those recoveries that have not ended and do not run here; does not wait for them. */
  run(webhooks: StoredWebhook[]): void {
    if (this.isStopped) return;
    for (const webhook of webhooks) {
      const { recovery } = webhook;
      const id = webhook._id.toHexString();
      if (!recovery || recovery.step === 'done' || this.running.has(id)) continue;
      const run = this.recover(webhook, recovery)
        .catch((error: unknown) => {
          this.deps.logger.warn({ err: error, webhook: id }, 'a recovery goes on later');
        })
        .finally(() => this.running.delete(id));
      this.running.set(id, run);
    }
  }

  /** Begins no further portion. */
  stop(): void {
    this.isStopped = true;
  }

  /** Resolves when none runs. */
  async idle(): Promise<void> {
    await Promise.all(this.running.values());
  }

  private async recover(webhook: StoredWebhook, started: Recovery): Promise<void> {
    const { clock, deliveries, feed } = this.deps;
    const { since } = started;
    let recovery = started;
    const save = async (changes: Partial<Recovery>): Promise<boolean> => {
      recovery = { ...recovery, ...changes };
      const isNewest = await this.deps.webhooks.saveRecovery(webhook._id, recovery);
      return isNewest && !this.isStopped;
    };
    if (recovery.step === 'deliveries') {
      const now = new Date(clock.now());
      const found = await deliveries.retryAll(webhook._id.toHexString(), since, now);
      if (!(await save({ found, step: 'messages' }))) return;
    }
    if (recovery.step === 'messages') {
      for await (const portion of feed.recoverMessages(webhook, since, recovery.position)) {
        const { found, position } = portion;
        if (!(await save({ found: recovery.found + found, position }))) return;
        if (!(await this.room(webhook))) return;
      }
      if (!(await save({ step: 'others' }))) return;
    }
    for await (const { found } of feed.recoverOthers(webhook, since)) {
      if (!(await save({ found: recovery.found + found }))) return;
      if (!(await this.room(webhook))) return;
    }
    await save({ step: 'done', finishedAt: new Date(clock.now()) });
  }

  /** Waits until few enough deliveries wait; false when this node ends before. */
  private async room({ _id }: StoredWebhook): Promise<boolean> {
    while (!this.isStopped && (await this.deps.deliveries.areWaiting(_id, MAX_WAITING))) {
      await sleep(LOOK_MS);
    }
    return !this.isStopped;
  }
}
