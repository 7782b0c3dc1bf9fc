import type { Timers } from './timers.js';

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** Pauses between the attempts at something: longer each time, and not the same for all clients. */
export class Retry {
  /** Attempts since the last success that were not the first. */
  private repeats = 0;
  /** Ends the pause that there is, if there is one, before its time. */
  private endPause: (() => void) | undefined;

  constructor(private readonly timers: Timers) {}

  /** Whether there has been no second attempt since the last success. */
  get isFirst(): boolean {
    return this.repeats === 0;
  }

  /** The next attempt is made at once, and counts. */
  count(): void {
    this.repeats += 1;
  }

  /** Runs the next attempt after a pause; nothing runs when the pause is stopped. It replaces an earlier pause. */
  later(run: () => void, retryAfter?: number): void {
    this.start(retryAfter, run, () => undefined);
  }

  /**
   * Resolves when it is time for the next attempt, or when the pause is stopped.
   *
   * @param retryAfter seconds that the server wants to be left alone, besides.
   */
  pause(retryAfter?: number): Promise<void> {
    return new Promise((resolve) => {
      this.start(retryAfter, resolve, resolve);
    });
  }

  /** Ends the pause; answers whether there was one. */
  stop(): boolean {
    const { endPause } = this;
    endPause?.();
    return endPause !== undefined;
  }

  /** It has worked, or there is a new reason to try: the next pause is the shortest again. */
  reset(): void {
    this.repeats = 0;
  }

  private start(retryAfter = 0, onOver: () => void, onStop: () => void): void {
    this.stop();
    const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.repeats);
    this.count();
    const ms = retryAfter * 1000 + longest * (0.5 + this.timers.random() / 2);
    const cancel = this.timers.after(ms, () => {
      this.endPause = undefined;
      onOver();
    });
    this.endPause = () => {
      this.endPause = undefined;
      cancel();
      onStop();
    };
  }
}
