import { toChatError } from './chat-error.js';
import { Retry } from './retry.js';
import type { SyncWishes } from './sync-wishes.js';
import type { Timers } from './timers.js';
import type { SyncAnswer, SyncRequest } from './wire.types.js';

/** What asking for changes is built from. */
export interface SyncRunnerParts {
  timers: Timers;
  wishes: SyncWishes;
  /** Stands for the connection that there is at the moment; undefined while there is none. */
  connection(): number | undefined;
  fetch(request: SyncRequest): Promise<SyncAnswer>;
  onAnswer(answer: SyncAnswer, request: SyncRequest): void;
}

/** Asks the server until nothing is wished for: one request at a time, again after what may pass. */
export class SyncRunner {
  private running: Promise<void> | undefined;
  private readonly retry: Retry;

  constructor(private readonly parts: SyncRunnerParts) {
    this.retry = new Retry(parts.timers);
  }

  /** Resolves when all wishes are fulfilled, those included that are made meanwhile. */
  run(): Promise<void> {
    this.running ??= this.rounds(this.parts.connection());
    return this.running;
  }

  /** Resolves when what runs now has ended, however. */
  async ended(): Promise<void> {
    await this.running?.catch(() => undefined);
  }

  /** Ends the pause before the next attempt, if there is one. */
  interrupt(): void {
    this.retry.stop();
  }

  private async rounds(connection: number | undefined): Promise<void> {
    // Not to be marked as running before the caller has kept the promise.
    await Promise.resolve();
    try {
      this.retry.reset();
      while (this.parts.wishes.areOpen) await this.round(connection);
    } finally {
      this.running = undefined;
    }
  }

  /** Asks once, and pauses when there is no answer. */
  private async round(connection: number | undefined): Promise<void> {
    const { wishes } = this.parts;
    const request = wishes.take();
    try {
      const answer = await this.parts.fetch(request);
      this.parts.onAnswer(answer, request);
      if (answer.hasMore) wishes.putBack(request);
      this.retry.reset();
    } catch (thrown) {
      wishes.putBack(request);
      const error = toChatError(thrown);
      // Without a connection there is nothing to retry: connecting syncs.
      if (!error.isRetryable || !this.isOn(connection)) throw error;
      await this.retry.pause(error.retryAfter);
      if (!this.isOn(connection)) throw error;
    }
  }

  private isOn(connection: number | undefined): boolean {
    return connection !== undefined && connection === this.parts.connection();
  }
}
