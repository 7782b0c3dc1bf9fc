import type { Freshness } from '../../platform/cached-lookup.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import type { AccessChange } from './access-changes.events.js';
import type { AccessChangesRepository } from './access-changes.repository.js';

/**
 * How far this node has read the feed: what the caches of rights go by. Times are those of `performance.now()`.
 */
export class FeedProgress implements Freshness {
  confirmedAt = -Infinity;
  droppedAt = -Infinity;
}

/** The handlers of access changes. */
export interface AccessChangeReader {
  /** Reads the current access from the database, and corrects this node's sockets and caches. */
  recheck(accessChanges: AccessChange[]): Promise<void>;
  /** Access changes were missed: everything this node has cached about access may be out of date. */
  recheckEverybody(): Promise<void>;
}

/** How often new access changes are read, in milliseconds: by one query over the unique index. */
export const ACCESS_POLL_MS = 250;
/** For how long an access change is rechecked (ms): it was posted before its write, which may be slow. */
const RECENT_MS = 10_000;
/** Entries read, and access changes rechecked, at once. */
const PAGE = 500;

interface Recent {
  accessChange: AccessChange;
  until: number;
}

/**
 * Reads the access changes that all nodes, this one included, have posted. A change is rechecked from the
 * tick after the one that has read it: by then its event has arrived over Redis, if Redis is used, and no
 * client receives it twice. So the caches are confirmed one reading late, too.
 */
export class AccessChangePoller {
  private cursor = 0;
  private readonly recent = new Map<string, Recent>();
  /** When the last complete reading began, by `performance.now()`; until then all of the feed is known. */
  private readAt = -Infinity;

  constructor(
    private readonly entries: AccessChangesRepository,
    private readonly reader: AccessChangeReader,
    private readonly progress: FeedProgress,
    /** A clock that does not jump, in milliseconds. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Starts after the newest access change, because this node has no sockets yet. */
  async start(): Promise<void> {
    this.readAt = performance.now();
    this.cursor = await this.entries.newestNumber();
  }

  /** Rechecks recent changes, then reads new ones. */
  async tick(): Promise<void> {
    const recent = [...this.recent];
    for (let i = 0; i < recent.length; i += PAGE) await this.recheck(recent.slice(i, i + PAGE));
    // Only now has everything that was read then been forgotten by the caches.
    this.progress.confirmedAt = this.readAt;
    const began = performance.now();
    await this.read();
    this.readAt = began;
  }

  /**
   * Rechecks some access changes, and drops those older than the recheck time. While rechecks fail, their age
   * does not grow: the change may have been written just before the fault, or be written right after it.
   */
  private async recheck(entries: [string, Recent][]): Promise<void> {
    const now = this.now();
    try {
      const accessChanges = entries.map(([, { accessChange }]) => accessChange);
      await withDeadline(this.reader.recheck(accessChanges), QUEUE_STEP_MS);
    } catch (error) {
      for (const entry of this.recent.values()) entry.until = this.now() + RECENT_MS;
      throw error;
    }
    for (const [key, entry] of entries) if (entry.until < now) this.recent.delete(key);
  }

  private async read(): Promise<void> {
    for (let hasMore = true; hasMore;) {
      const entries = await withDeadline(this.entries.after(this.cursor, PAGE), QUEUE_STEP_MS);
      if (entries[0] && entries[0].n > this.cursor + 1) {
        this.progress.droppedAt = performance.now();
        await this.reader.recheckEverybody();
      }
      this.cursor = entries.at(-1)?.n ?? this.cursor;
      const until = this.now() + RECENT_MS;
      for (const accessChange of entries.flatMap(({ accessChanges }) => accessChanges)) {
        const { kind, userId, chatId } = accessChange;
        this.recent.set(`${kind} ${userId} ${chatId ?? ''}`, { accessChange, until });
      }
      hasMore = entries.length === PAGE;
    }
  }
}
