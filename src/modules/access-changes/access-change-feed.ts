import type { Model } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import type { Clock } from '../../shared/clock.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import { AppError } from '../../shared/errors.js';
import type { AccessChange, AccessChangeDoc } from './access-change.model.js';

/** What services need of the board. */
export interface AccessChangePoster {
  /** Tells the other nodes, by the database alone; call it before the change, and wait for it. */
  post(accessChanges: AccessChange[]): Promise<void>;
}

interface Waiting {
  accessChanges: AccessChange[];
  resolve(): void;
  reject(error: unknown): void;
}

/** Entries that are kept; a node that has read none of so many has lost its place. */
const KEPT = 10_000;
/** How many entries are posted between two clearings. */
const CLEAR_EVERY = 100;
/** How often a post may lose its number to other nodes. */
const MAX_ATTEMPTS = 20;

/**
 * Where nodes leave word for each other that reaches them without Redis. Posted before a change is
 * written, so that no crash can come between the change and the word of it.
 */
export class AccessChangeFeed implements AccessChangePoster {
  private waiting: Waiting[] = [];
  private isPosting = false;
  private last: number | undefined;

  constructor(
    private readonly accessChanges: Model<AccessChangeDoc>,
    private readonly clock: Clock,
  ) {}

  /** @throws {AppError} UNAVAILABLE or TIMEOUT: then nothing must be changed. */
  post(accessChanges: AccessChange[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ accessChanges, resolve, reject });
      void this.run();
    });
  }

  /** What comes together is written together. */
  private async run(): Promise<void> {
    if (this.isPosting) return;
    this.isPosting = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        await this.write(batch.flatMap(({ accessChanges }) => accessChanges));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.isPosting = false;
  }

  private async write(accessChanges: AccessChange[]): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const n = (this.last ?? (await withDeadline(this.newest(), QUEUE_STEP_MS))) + 1;
      try {
        await withDeadline(
          this.accessChanges.create({ n, accessChanges, at: new Date(this.clock.now()) }),
          QUEUE_STEP_MS,
        );
        this.last = n;
        if (n % CLEAR_EVERY === 0) void this.clearBelow(n - KEPT);
        return;
      } catch (error) {
        // Another node has taken the number; or nobody knows what has become of the write.
        this.last = undefined;
        if (!isDuplicateKey(error)) throw error;
      }
    }
    throw new AppError('UNAVAILABLE', 'The server is very busy; try again', { retryAfter: 1 });
  }

  private async newest(): Promise<number> {
    const newest = await this.accessChanges.findOne({}, { n: 1 }).sort({ n: -1 }).lean();
    return newest?.n ?? 0;
  }

  /** Nobody waits for it, and if it fails, the next clearing does its work. */
  private async clearBelow(n: number): Promise<void> {
    await this.accessChanges.collection.deleteMany({ n: { $lte: n } }).catch(() => undefined);
  }
}
