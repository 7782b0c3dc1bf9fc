import { isTask } from '../pausing.js';
import type { Task } from '../pausing.js';
import type { DatabaseFile } from '../storage/database-file.js';
import { asMongoError, isOutOfSpace, MongoError, mongoError } from '../errors.js';
import { errorReply } from '../commands/reply.js';

/** One request waiting for its turn. */
export interface QueuedRequest {
  /**
   * The reply, or what works it out in slices; each is committed with the group it runs in. Should it
   * throw, everything the group has written is undone.
   */
  run(): Buffer | Task<Buffer>;
  /** Called with the reply once everything the request wrote is permanent. */
  done(reply: Buffer): void;
}

/** A request of a group, and what it is answered if the group is committed; nothing if it has paused. */
interface GroupedRequest {
  readonly request: QueuedRequest;
  /** What is left of a request that has paused. */
  rest?: Task<Buffer>;
  reply: Buffer | undefined;
}

/** A long request between two of its slices. */
interface PausedRequest {
  readonly request: QueuedRequest;
  readonly rest: Task<Buffer>;
}

/** A group is committed after this many milliseconds, however many requests still wait. */
const GROUP_MS = 20;

/** After a write that found no room, requests run alone for so many milliseconds: a read beside it would fail too. */
const ALONE_MS = 5000;

/**
 * Group commit: all requests that have arrived by the time the event loop comes round share one
 * SQLite transaction, and are answered after its commit. A long request pauses, and goes on with one
 * slice in each of the groups that follow, after those that have arrived meanwhile.
 */
export class RequestQueue {
  private waiting: QueuedRequest[] = [];
  private paused: PausedRequest[] = [];
  private isScheduled = false;
  private isStopped = false;
  private aloneUntil = 0;
  private onIdle: (() => void) | undefined;

  /** @param onRollback called when a group could not be committed, or a request could not tidy up, to drop what memory knows of it */
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

  /** Resolves when no request waits and none is paused. */
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
      if (this.waiting.length + this.paused.length > 0) this.schedule();
      else this.onIdle?.();
    });
  }

  private runGroup(): void {
    const group: GroupedRequest[] = [];
    let failure: unknown;
    try {
      this.file.beginTransaction();
      this.runWaiting(group);
      this.resumeOne(group);
      this.file.commit();
    } catch (error) {
      failure = error;
      if (isOutOfSpace(error)) this.aloneUntil = performance.now() + ALONE_MS;
      this.undo(error);
    }
    if (failure !== undefined && group.length === 0) {
      const request = this.waiting.shift();
      if (request) group.push({ request, reply: undefined });
      else group.push({ ...this.paused.shift()!, reply: undefined });
    }
    this.settle(group, failure);
  }

  /** Runs the requests that have arrived, as long as a group may take or until one of them pauses. */
  private runWaiting(group: GroupedRequest[]): void {
    const until = performance.now() + GROUP_MS;
    for (let request = this.waiting.shift(); request; request = this.waiting.shift()) {
      const grouped: GroupedRequest = { request, reply: undefined };
      group.push(grouped);
      const work = request.run();
      if (isTask(work)) {
        grouped.rest = work;
        advance(grouped);
      } else grouped.reply = work;
      const now = performance.now();
      const isEnough = now > until || now < this.aloneUntil || grouped.reply === undefined;
      if (isEnough || !this.file.isInTransaction) return;
    }
  }

  /** Runs a slice of the request that has been paused longest. */
  private resumeOne(group: GroupedRequest[]): void {
    const isAlone = group.length > 0 && performance.now() < this.aloneUntil;
    if (isAlone || !this.file.isInTransaction) return;
    const resumed = this.paused.shift();
    if (!resumed) return;
    const grouped: GroupedRequest = { ...resumed, reply: undefined };
    group.push(grouped);
    advance(grouped);
  }

  /** Answers the requests of a group that has been committed, or has failed. */
  private settle(group: readonly GroupedRequest[], failure: unknown): void {
    const failed = failure === undefined ? undefined : commitFailure(failure);
    for (const { request, rest, reply } of group) {
      // A slice that could not be committed ends its request.
      if (failed) this.giveUp(rest, failed);
      if (failed ?? reply) request.done(failed ?? reply!);
      else this.paused.push({ request, rest: rest! });
    }
  }

  /** Has a request tidy up; what it can't, as on a full disk, the next start does. */
  private giveUp(rest: Task<Buffer> | undefined, reply: Buffer): void {
    try {
      rest?.return(reply);
    } catch (error) {
      // The others of the group still have to be answered.
      this.onRollback(error);
    }
  }

  private undo(error: unknown): void {
    try {
      this.file.rollback();
    } finally {
      this.onRollback(error);
    }
  }
}

/** Runs the next slice of a request. */
function advance(grouped: GroupedRequest): void {
  const step = grouped.rest!.next();
  if (step.done === true) grouped.reply = step.value;
}

function commitFailure(error: unknown): Buffer {
  const { code, codeName, message } = asMongoError(error);
  return errorReply(
    new MongoError(code, codeName, `the database file refused the write: ${message}`),
  );
}
