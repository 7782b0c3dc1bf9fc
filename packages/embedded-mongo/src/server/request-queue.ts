import type { DatabaseFile } from '../storage/database-file.js';
import { asMongoError, isOutOfSpace, MongoError, mongoError } from '../errors.js';
import { errorReply } from '../commands/reply.js';

/** One request waiting for its turn: runs to its end in one go. */
export interface QueuedRequest {
  /** Should it throw, everything the group has written is undone. */
  run(): Buffer;
  /** Called with the reply once everything the request wrote is permanent. */
  done(reply: Buffer): void;
}

/** A request of a group, and what it is answered if the group is committed. */
interface GroupedRequest {
  readonly request: QueuedRequest;
  reply: Buffer;
}

const NO_REPLY = Buffer.alloc(0);

/** A group is committed after this many milliseconds, however many requests still wait. */
const GROUP_MS = 20;

/** After a write that found no room, requests run alone for so many milliseconds: a read beside it would fail too. */
const ALONE_MS = 5000;

/**
 * Group commit: all requests that have arrived by the time the event loop comes round share one
 * SQLite transaction, and are answered after its commit.
 */
export class RequestQueue {
  private waiting: QueuedRequest[] = [];
  private isScheduled = false;
  private isStopped = false;
  private aloneUntil = 0;
  private onIdle: (() => void) | undefined;

  /** @param onRollback called when a group could not be committed, to drop what memory knows of it */
  constructor(
    private readonly file: DatabaseFile,
    private readonly onRollback: (error: unknown) => void,
  ) {}

  /** Adds a request; after {@link stop} it is answered with an error and not run. */
  push(request: QueuedRequest): void {
    if (this.isStopped) {
      request.done(errorReply(mongoError('InterruptedAtShutdown', 'the database is closing')));
      return;
    }
    this.waiting.push(request);
    this.schedule();
  }

  /** Resolves when no request waits. */
  async idle(): Promise<void> {
    if (!this.isScheduled) return;
    await new Promise<void>((resolve) => {
      this.onIdle = resolve;
    });
  }

  /** Runs what waits, and nothing that comes later: a message may still be on its way when all hang up. */
  async stop(): Promise<void> {
    while (this.isScheduled) await this.idle();
    this.isStopped = true;
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.runGroup();
      if (this.waiting.length > 0) this.schedule();
      else this.onIdle?.();
    });
  }

  private runGroup(): void {
    const group: GroupedRequest[] = [];
    const until = performance.now() + GROUP_MS;
    let failure: unknown;
    try {
      this.file.beginTransaction();
      let request = this.waiting.shift();
      while (request) {
        const grouped: GroupedRequest = { request, reply: NO_REPLY };
        group.push(grouped);
        grouped.reply = request.run();
        const now = performance.now();
        if (now > until || now < this.aloneUntil || !this.file.isInTransaction) break;
        request = this.waiting.shift();
      }
      this.file.commit();
    } catch (error) {
      failure = error;
      if (isOutOfSpace(error)) this.aloneUntil = performance.now() + ALONE_MS;
      this.undo(error);
    }
    if (failure !== undefined && group.length === 0) {
      const request = this.waiting.shift();
      if (request) group.push({ request, reply: NO_REPLY });
    }
    const failed = failure === undefined ? undefined : commitFailure(failure);
    for (const { request, reply } of group) request.done(failed ?? reply);
  }

  private undo(error: unknown): void {
    try {
      this.file.rollback();
    } finally {
      this.onRollback(error);
    }
  }
}

function commitFailure(error: unknown): Buffer {
  const { code, codeName, message } = asMongoError(error);
  return errorReply(
    new MongoError(code, codeName, `the database file refused the write: ${message}`),
  );
}
