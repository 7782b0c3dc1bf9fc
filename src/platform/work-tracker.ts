import { AppError } from '../shared/errors.js';
import type { LoadMonitor, Sheddable } from './load-monitor.js';

/** Ends what was counted in; further calls do nothing. */
export type End = () => void;

/**
 * What a node takes in, over all transports: new work is refused while the process is too busy and, once
 * it shuts down, for good; what was taken in before is counted until it has ended.
 */
export class WorkTracker {
  private underWay = 0;
  private isClosed = false;
  private readonly waiters: (() => void)[] = [];

  constructor(private readonly load: Pick<LoadMonitor, 'admit'>) {}

  /**
   * Lets work in, or refuses it.
   *
   * @throws {AppError} SHUTTING_DOWN for work during the shutdown; UNAVAILABLE while the process is too busy.
   */
  admit(what: Sheddable): void {
    if (this.isClosed && what === 'work') {
      throw new AppError('SHUTTING_DOWN', 'This server is shutting down; try again', {
        retryAfter: 1,
      });
    }
    this.load.admit(what);
  }

  /** Counts a request or command in; what begins during the shutdown is not waited for. */
  begin(): End {
    if (this.isClosed) return () => undefined;
    this.underWay += 1;
    let hasEnded = false;
    return () => {
      if (hasEnded) return;
      hasEnded = true;
      this.underWay -= 1;
      if (this.underWay === 0) for (const waiter of this.waiters.splice(0)) waiter();
    };
  }

  /** Takes no new work from now on. */
  close(): void {
    this.isClosed = true;
  }

  /** Resolves when nothing that was counted in is under way. */
  idle(): Promise<void> {
    if (this.underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push(resolve));
  }
}
