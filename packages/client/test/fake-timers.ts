/** A clock that stands until a test turns it. */
import type { Timers } from '../src/timers.js';

/** Time for the client under test; jitter is always the longest. */
export class FakeTimers implements Timers {
  private time = 0;
  private readonly due = new Set<{ at: number; run: () => void }>();

  now(): number {
    return this.time;
  }

  random(): number {
    return 1;
  }

  after(ms: number, run: () => void): () => void {
    const entry = { at: this.time + ms, run };
    this.due.add(entry);
    return () => {
      this.due.delete(entry);
    };
  }

  /** Lets time pass, running what comes due and what follows from it. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await nextTurn();
    for (;;) {
      const next = [...this.due].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.due.delete(next);
      this.time = next.at;
      next.run();
      await nextTurn();
    }
    this.time = end;
  }
}

/** Resolves when everything that was ready to run has run. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
