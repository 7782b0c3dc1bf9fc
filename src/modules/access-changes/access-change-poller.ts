import { trusted } from 'mongoose';
import type { Model } from 'mongoose';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import type { AccessChange, AccessChangeDoc } from './access-change.model.js';

/** What is done about notices. */
export interface AccessChangeReader {
  /** Looks at what the notices are about, and puts this node's sockets and memory right. */
  lookAt(accessChanges: AccessChange[]): Promise<void>;
  /** Notices were missed: nothing that this node remembers is certain. */
  doubtAll(): Promise<void>;
}

/** How often the board is read, in milliseconds: by one query over its unique index. */
export const ACCESS_POLL_MS = 250;
/** For how long a notice is looked at again: it was posted before its change, which may take its time. */
const RECENT_MS = 10_000;
/** Entries read, and notices looked at, at once. */
const PAGE = 500;

interface Recent {
  accessChange: AccessChange;
  until: number;
}

/**
 * Reads what other nodes, and this one, have posted. A notice is looked at from the tick after the one
 * that has read it: by then the event about it has come over Redis, if there is a way, and nobody is told
 * twice.
 */
export class AccessChangePoller {
  private cursor = 0;
  private readonly recent = new Map<string, Recent>();

  constructor(
    private readonly accessChanges: Model<AccessChangeDoc>,
    private readonly reader: AccessChangeReader,
    /** A clock that does not jump, in milliseconds. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Begins behind the newest notice: this node has nobody connected yet. */
  async start(): Promise<void> {
    const newest = await this.accessChanges.findOne({}, { n: 1 }).sort({ n: -1 }).lean();
    this.cursor = newest?.n ?? 0;
  }

  /** Looks at what is recent, then reads what is new. */
  async tick(): Promise<void> {
    const recent = [...this.recent];
    for (let i = 0; i < recent.length; i += PAGE) await this.look(recent.slice(i, i + PAGE));
    await this.read();
  }

  /**
   * Looks at what some notices are about, and lets go of those whose time is over. While that fails, no
   * time passes: the change may have been written just before the fault, or be written right after it.
   */
  private async look(entries: [string, Recent][]): Promise<void> {
    const now = this.now();
    try {
      const accessChanges = entries.map(([, { accessChange }]) => accessChange);
      await withDeadline(this.reader.lookAt(accessChanges), QUEUE_STEP_MS);
    } catch (error) {
      for (const entry of this.recent.values()) entry.until = this.now() + RECENT_MS;
      throw error;
    }
    for (const [key, entry] of entries) if (entry.until < now) this.recent.delete(key);
  }

  private async read(): Promise<void> {
    for (let hasMore = true; hasMore;) {
      const entries = await withDeadline(
        this.accessChanges
          .find({ n: trusted({ $gt: this.cursor }) })
          .sort({ n: 1 })
          .limit(PAGE)
          .read('primary')
          // The cursor must not run ahead of what a failover leaves.
          .readConcern('majority')
          .lean()
          .exec(),
        QUEUE_STEP_MS,
      );
      if (entries[0] && entries[0].n > this.cursor + 1) await this.reader.doubtAll();
      this.cursor = entries.at(-1)?.n ?? this.cursor;
      const until = this.now() + RECENT_MS;
      for (const accessChange of entries.flatMap(({ accessChanges }) => accessChanges)) {
        this.recent.set(
          `${accessChange.kind} ${accessChange.userId} ${accessChange.chatId ?? ''}`,
          {
            accessChange,
            until,
          },
        );
      }
      hasMore = entries.length === PAGE;
    }
  }
}
