import { CoalescedTask } from '../../platform/coalesced-task.js';
import { writeNumbered } from '../../platform/sequence.js';
import type { Clock } from '../../shared/clock.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import type { AccessChange } from './access-changes.events.js';
import type { AccessChangesRepository } from './access-changes.repository.js';

/** What use cases need in order to announce that somebody's access changes. */
export interface AccessChangePoster {
  /** Posts the changes to the feed that all nodes read. Await it before writing the change itself. */
  post(accessChanges: AccessChange[]): Promise<void>;
}

/** Entries that are kept; a node that is further behind has to reconnect all its sockets. */
const KEPT = 10_000;
/** How many entries are posted between two clearings. */
const CLEAR_EVERY = 100;
/** How often a post may lose its number to other nodes. */
const MAX_ATTEMPTS = 20;

/**
 * Announces access changes to every node without Redis. A change is announced before it is written, so
 * that no crash can come between the change and its announcement.
 */
export class AccessChangeFeed implements AccessChangePoster {
  private waiting: AccessChange[] = [];
  /** Changes posted at the same moment are written as one entry. */
  private readonly posting = new CoalescedTask(() => this.write());
  private last: number | undefined;

  constructor(
    private readonly entries: AccessChangesRepository,
    private readonly clock: Clock,
  ) {}

  /** @throws {AppError} UNAVAILABLE or TIMEOUT: then the caller must not write the change. */
  post(accessChanges: AccessChange[]): Promise<void> {
    this.waiting.push(...accessChanges);
    return this.posting.run();
  }

  private async write(): Promise<void> {
    const accessChanges = this.waiting;
    this.waiting = [];
    const known = this.last;
    // After a failure it is unknown whether the number was taken.
    this.last = undefined;
    this.last = await writeNumbered({
      known,
      newest: () => withDeadline(this.entries.newestNumber(), QUEUE_STEP_MS),
      write: async (n) => {
        const at = new Date(this.clock.now());
        await withDeadline(this.entries.insert({ n, accessChanges }, at), QUEUE_STEP_MS);
        return n;
      },
      maxAttempts: MAX_ATTEMPTS,
      refusal: 'The server is very busy; try again',
    });
    if (this.last % CLEAR_EVERY === 0) void this.clear(this.last - KEPT);
  }

  /** Not awaited: if it fails, the next clearing removes the same entries. */
  private async clear(upTo: number): Promise<void> {
    await this.entries.deleteUpTo(upTo).catch(() => undefined);
  }
}
