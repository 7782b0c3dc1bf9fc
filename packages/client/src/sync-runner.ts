import { toChatError } from './chat-error.js';
import type { SyncWishes } from './sync-wishes.js';
import type { Timers } from './timers.js';
import { backoff } from './timers.js';
import type { SyncAnswer, SyncRequest } from './wire.types.js';

/** What asking for changes is built from. */
export interface SyncRunnerParts {
  timers: Timers;
  wishes: SyncWishes;
  /** Stands for the connection that there is at the moment; undefined while there is none. */
  connection(): number | undefined;
  fetch(request: SyncRequest): Promise<SyncAnswer>;
  onAnswer(answer: SyncAnswer): void;
}

/** Asks the server until nothing is wished for: one request at a time, again after what may pass. */
export class SyncRunner {
  private running: Promise<void> | undefined;
  private cancelPause: (() => void) | undefined;

  constructor(private readonly parts: SyncRunnerParts) {}

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
    this.cancelPause?.();
  }

  private async rounds(connection: number | undefined): Promise<void> {
    // Not to be marked as running before the caller has kept the promise.
    await Promise.resolve();
    try {
      for (let attempt = 0; this.parts.wishes.areOpen;) {
        attempt = (await this.round(connection, attempt)) ? 0 : attempt + 1;
      }
    } finally {
      this.running = undefined;
    }
  }

  /** Asks once; answers whether there was an answer, after a pause when there was none. */
  private async round(connection: number | undefined, attempt: number): Promise<boolean> {
    const { wishes, timers } = this.parts;
    const request = wishes.take();
    try {
      const answer = await this.parts.fetch(request);
      this.parts.onAnswer(answer);
      if (answer.hasMore) wishes.putBack(request);
      return true;
    } catch (thrown) {
      wishes.putBack(request);
      const error = toChatError(thrown);
      // Without a connection there is nothing to retry: connecting syncs.
      if (!error.isRetryable || !this.isOn(connection)) throw error;
      await this.pause((error.retryAfter ?? 0) * 1000 + backoff(attempt, timers.random()));
      if (!this.isOn(connection)) throw error;
      return false;
    }
  }

  private isOn(connection: number | undefined): boolean {
    return connection !== undefined && connection === this.parts.connection();
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.parts.timers.after(ms, resolve);
      this.cancelPause = () => {
        cancel();
        resolve();
      };
    });
  }
}
