import { randomBytes } from 'node:crypto';
import { mongoError } from '../errors.js';
import type { ExecutionBudget } from '../planner/plan-execution.js';

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
}

/** A cursor that nobody has asked for this long is closed, in milliseconds. */
const IDLE_MS = 10 * 60 * 1000;

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
    private readonly source: Iterator<Uint8Array>,
    private readonly limit?: number,
  ) {}

  /** Takes up to `size` documents. The batch is the last when no more can follow. */
  take(size: number): Batch {
    const documents: Uint8Array[] = [];
    let bytes = 0;
    while (documents.length < size) {
      const document = this.peek();
      if (document === undefined) return { documents, isLast: true };
      if (documents.length > 0 && bytes + document.length > MAX_BATCH_BYTES) break;
      documents.push(document);
      bytes += document.length;
      this.count += 1;
      this.next = undefined;
    }
    return { documents, isLast: this.limit !== undefined && this.count >= this.limit };
  }

  private peek(): Uint8Array | undefined {
    if (this.next === undefined) {
      const result = this.source.next();
      if (result.done !== true) this.next = result.value;
    }
    return this.next;
  }
}

/** The open cursors of all connections. */
export class CursorRegistry {
  private readonly cursors = new Map<bigint, OpenCursor>();

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
    this.cursors.set(id, { ...cursor, lastUsedAt: performance.now() });
    cursor.budget.pause();
    return id;
  }

  /**
   * The next batch of a cursor, which closes after its last.
   * @throws MongoError 43 when there is no such cursor, 13 when it belongs to another namespace
   */
  next(id: bigint, namespace: string, size: number): Batch {
    const cursor = this.cursors.get(id);
    if (!cursor) throw mongoError('CursorNotFound', `cursor id ${String(id)} not found`);
    if (cursor.namespace !== namespace) {
      throw mongoError(
        'Unauthorized',
        `Requested getMore on namespace '${namespace}', but cursor belongs to a different namespace ${cursor.namespace}`,
      );
    }
    cursor.lastUsedAt = performance.now();
    cursor.budget.resume();
    try {
      const batch = cursor.results.take(size);
      cursor.budget.pause();
      if (batch.isLast) this.cursors.delete(id);
      return batch;
    } catch (error) {
      this.cursors.delete(id);
      throw error;
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

  /** Closes the cursors that have been forgotten; one that is kept goes with its session or collection. */
  closeIdle(): void {
    const since = performance.now() - IDLE_MS;
    for (const [id, cursor] of this.cursors) {
      if (!cursor.isKept && cursor.lastUsedAt < since) this.cursors.delete(id);
    }
  }
}
