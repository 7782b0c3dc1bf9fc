import { randomBytes } from 'node:crypto';
import { mongoError } from '../errors.js';
import type { ExecutionBudget } from '../planner/plan-execution.js';
import { PAUSE } from '../pausing.js';
import type { Pause, Task } from '../pausing.js';

/** A query's results waiting to be fetched. */
interface NewCursor {
  readonly namespace: string;
  readonly results: ResultStream;
  readonly budget: ExecutionBudget;
  /** The session the query was sent in; none when the client sends no sessions. */
  readonly session: string | undefined;
  /** Whether the client has asked for a cursor that does not time out by itself. */
  readonly isKept: boolean;
}

interface OpenCursor extends NewCursor {
  lastUsedAt: number;
  /** Whether a `getMore` is reading it, which may pause. */
  isInUse: boolean;
}

/** A cursor that nobody has asked for this long is closed, in milliseconds. */
const IDLE_MS = 10 * 60 * 1000;

/** As long a session lives after its last command, and with it a cursor that is kept: `hello` says so. */
const SESSION_MS = 30 * 60 * 1000;

/** A batch holds at most so many bytes, and at least one document. */
const MAX_BATCH_BYTES = 16 * 1024 * 1024;

/** One batch, and whether there is more. */
export interface Batch {
  readonly documents: Uint8Array[];
  readonly isLast: boolean;
}

/** Encoded documents, handed out in batches. */
export class ResultStream {
  private next: Uint8Array | undefined;
  private count = 0;

  /** @param limit the stream is known to end after so many; `undefined` when that is not known */
  constructor(
    private readonly source: Iterator<Uint8Array | Pause>,
    private readonly limit?: number,
  ) {}

  /** Takes up to `size` documents. The batch is the last when no more can follow. */
  *take(size: number): Task<Batch> {
    const documents: Uint8Array[] = [];
    let bytes = 0;
    while (documents.length < size) {
      const document = yield* this.peek();
      if (document === undefined) return { documents, isLast: true };
      if (documents.length > 0 && bytes + document.length > MAX_BATCH_BYTES) break;
      documents.push(document);
      bytes += document.length;
      this.count += 1;
      this.next = undefined;
    }
    return { documents, isLast: this.limit !== undefined && this.count >= this.limit };
  }

  private *peek(): Task<Uint8Array | undefined> {
    while (this.next === undefined) {
      const result = this.source.next();
      if (result.done === true) return undefined;
      if (result.value === PAUSE) yield PAUSE;
      else this.next = result.value;
    }
    return this.next;
  }
}

/** The open cursors of all connections. */
export class CursorRegistry {
  private readonly cursors = new Map<bigint, OpenCursor>();
  /** When the sessions that have cursors were last used. */
  private readonly sessions = new Map<string, number>();

  /** How many cursors are open. */
  get size(): number {
    return this.cursors.size;
  }

  /** Keeps what is left of a query and gives it an id. */
  open(cursor: NewCursor): bigint {
    let id: bigint;
    do {
      id = randomBytes(8).readBigInt64LE() & 0x7fffffffffffffffn;
    } while (id === 0n || this.cursors.has(id));
    this.cursors.set(id, { ...cursor, lastUsedAt: performance.now(), isInUse: false });
    if (cursor.session !== undefined) this.sessions.set(cursor.session, performance.now());
    cursor.budget.pause();
    return id;
  }

  /**
   * The next batch of a cursor, which closes after its last.
   * @param running the budget of the command that asks
   * @throws MongoError 43 when there is no such cursor, 13 when it belongs to another namespace, 143 when
   *   another command is reading it, 237 when it is closed meanwhile
   */
  *next(id: bigint, namespace: string, size: number, running: ExecutionBudget): Task<Batch> {
    const cursor = this.cursors.get(id);
    if (!cursor) throw mongoError('CursorNotFound', `cursor id ${String(id)} not found`);
    if (cursor.namespace !== namespace) {
      throw mongoError(
        'Unauthorized',
        `Requested getMore on namespace '${namespace}', but cursor belongs to a different namespace ${cursor.namespace}`,
      );
    }
    if (cursor.isInUse) {
      throw mongoError('CursorInUse', `cursor id ${String(id)} is already in use`);
    }
    cursor.isInUse = true;
    cursor.budget.resume();
    try {
      const batch = yield* this.unlessClosed(id, cursor, size, running);
      cursor.budget.pause();
      if (batch.isLast) this.cursors.delete(id);
      return batch;
    } catch (error) {
      this.cursors.delete(id);
      throw error;
    } finally {
      cursor.isInUse = false;
      cursor.lastUsedAt = performance.now();
    }
  }

  private *unlessClosed(
    id: bigint,
    cursor: OpenCursor,
    size: number,
    running: ExecutionBudget,
  ): Task<Batch> {
    const { budget } = cursor;
    const work = cursor.results.take(size);
    for (;;) {
      budget.beginSlice();
      const { done, value } = work.next();
      if (done === true) return value;
      const { interruptions } = running;
      yield PAUSE;
      if (running.interruptions !== interruptions) budget.interrupted();
      if (this.cursors.get(id) !== cursor) {
        throw mongoError('CursorKilled', `cursor id ${String(id)} was killed`);
      }
    }
  }

  /** Closes a cursor; answers whether there was one. */
  close(id: bigint, namespace: string): boolean {
    return this.cursors.get(id)?.namespace === namespace && this.cursors.delete(id);
  }

  /** Closes the cursors of a namespace, as when its collection goes. */
  closeAll(namespace: string): void {
    for (const [id, cursor] of this.cursors) {
      if (cursor.namespace === namespace) this.cursors.delete(id);
    }
  }

  /** Closes the cursors of a session that ends, or of every session. */
  closeSession(session?: string): void {
    for (const [id, cursor] of this.cursors) {
      if (session === undefined || cursor.session === session) this.cursors.delete(id);
    }
  }

  /** A client has used a session, or said that it will. */
  touchSession(session: string): void {
    if (this.sessions.has(session)) this.sessions.set(session, performance.now());
  }

  /**
   * Closes the cursors that have been forgotten, and those of sessions that have: a client that has died
   * ends neither. One that is kept lasts as long as its session.
   */
  closeIdle(): void {
    const now = performance.now();
    for (const [id, { isInUse, isKept, lastUsedAt, session }] of this.cursors) {
      if (isInUse) continue;
      const sessionUsedAt = session === undefined ? 0 : (this.sessions.get(session) ?? 0);
      const isForgotten = isKept
        ? Math.max(lastUsedAt, sessionUsedAt) < now - SESSION_MS
        : lastUsedAt < now - IDLE_MS;
      if (isForgotten) this.cursors.delete(id);
    }
    const held = new Set([...this.cursors.values()].map(({ session }) => session));
    for (const session of this.sessions.keys()) {
      if (!held.has(session)) this.sessions.delete(session);
    }
  }
}
