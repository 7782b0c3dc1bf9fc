import { ChatError, toChatError } from './chat-error.js';
import { Retry } from './retry.js';
import type { Timers } from './timers.js';

/** What getting in step is built from. */
export interface CatchUpParts {
  timers: Timers;
  /** Does all that a new connection needs; `isCurrent` tells whether it is still that connection. */
  steps(isCurrent: () => boolean): Promise<void>;
  /** The device is in step with the server. */
  onDone(): void;
}

/** Somebody who waits for the device to be in step. */
interface Waiter {
  resolve(): void;
  reject(error: ChatError): void;
}

/** Gets a device in step after each connection, and tries again while that fails. */
export class CatchUp {
  private readonly waiters = new Set<Waiter>();
  /** Counts connections; what belongs to an earlier one has no consequences any more. */
  private connection = 0;
  private isDone = false;
  private readonly retry: Retry;

  constructor(private readonly parts: CatchUpParts) {
    this.retry = new Retry(parts.timers);
  }

  /** Resolves when the device is in step, at once if it is; rejects when that is given up before. */
  wait(): Promise<void> {
    if (this.isDone) return Promise.resolve();
    const done = new Promise<void>((resolve, reject) => {
      this.waiters.add({ resolve, reject });
    });
    // Whoever does not wait for it is told by the client's events.
    done.catch(() => undefined);
    return done;
  }

  /** There is a new connection. */
  begin(): void {
    this.end();
    void this.run(this.connection);
  }

  /** The connection is gone. */
  end(): void {
    this.connection += 1;
    this.isDone = false;
    this.retry.stop();
  }

  /** There will be no connection: those who wait are told why. */
  giveUp(error: ChatError): void {
    this.end();
    for (const { reject } of this.takeWaiters()) reject(error);
  }

  private async run(connection: number): Promise<void> {
    const isCurrent = () => connection === this.connection;
    try {
      await this.parts.steps(isCurrent);
    } catch (thrown) {
      // When the connection is gone too, the next one does all this again.
      if (!isCurrent()) return;
      this.retry.later(() => void this.run(connection), toChatError(thrown).retryAfter);
      return;
    }
    if (!isCurrent()) return;
    this.isDone = true;
    this.retry.reset();
    // First, because whoever hears of it may disconnect.
    for (const { resolve } of this.takeWaiters()) resolve();
    this.parts.onDone();
  }

  private takeWaiters(): Waiter[] {
    const waiters = [...this.waiters];
    this.waiters.clear();
    return waiters;
  }
}

/** Why nobody waits any longer after `disconnect()`. */
export const wasDisconnected = (): ChatError =>
  new ChatError({ code: 'DISCONNECTED', message: 'disconnect() was called' });
