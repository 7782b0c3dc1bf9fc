import { mongoError } from '../errors.js';
import { PAUSE } from '../pausing.js';
import type { Pause } from '../pausing.js';
import type { CollectionStore, StoredRow } from '../storage/collection-store.js';
import type { IndexScan, Plan } from './query-plan.js';

/** Milliseconds that a long command works before it lets other commands run. */
export const SLICE_MS = 10;

/** Documents that are written together, unless that takes {@link LONGEST_PIECE_MS}. */
const SMALLEST_PIECE = 100;
const LONGEST_PIECE_MS = 100;

/** What a command may spend, and what it has spent so far. */
export class ExecutionBudget {
  /** Documents read. */
  documentsExamined = 0;
  /** Index entries read. */
  keysExamined = 0;
  /** How often others may have written since the command began: what it has read ahead may be stale. */
  interruptions = 0;
  private deadline: number;
  /** Without end for what runs in one go. */
  private sliceEnd = Infinity;
  private restingSince: number | undefined;

  /** @param maxTimeMs milliseconds from now; 0 for no limit */
  constructor(maxTimeMs = 0) {
    this.deadline = maxTimeMs > 0 ? performance.now() + maxTimeMs : Infinity;
  }

  /** @throws MongoError 50 when the time is up */
  check(): void {
    if (this.deadline < Infinity && performance.now() > this.deadline) {
      throw mongoError('MaxTimeMSExpired', 'operation exceeded time limit');
    }
  }

  /** Lets the command run for {@link SLICE_MS} before others have their turn. */
  beginSlice(): void {
    this.sliceEnd = performance.now() + SLICE_MS;
  }

  /** Whether it is time to let other commands run. */
  readonly isSliceOver = (): boolean =>
    this.sliceEnd < Infinity && performance.now() > this.sliceEnd;

  /**
   * Whether what the command has written is to be committed before it goes on. A few documents are
   * written together even when the machine is slow: all of them, or none when one fails.
   */
  isPieceOver(written: number): boolean {
    if (!this.isSliceOver()) return false;
    return written >= SMALLEST_PIECE || performance.now() > this.sliceEnd + LONGEST_PIECE_MS;
  }

  /** Others have written while the command let them run. */
  interrupted(): void {
    this.interruptions += 1;
  }

  /** A cursor waits for its client: that time does not count. */
  pause(): void {
    this.interruptions += 1;
    this.restingSince = performance.now();
  }

  /** The client asks for the next batch. */
  resume(): void {
    if (this.restingSince !== undefined) this.deadline += performance.now() - this.restingSince;
    this.restingSince = undefined;
  }
}

/** Rows are read from SQLite in pieces: the first small, in case few are wanted, then larger. */
const FIRST_CHUNK = 64;
const LARGEST_CHUNK = 1024;
/** A piece of large documents has fewer: about so many bytes. */
const CHUNK_BYTES = 8 * 1024 * 1024;

/**
 * The rows that a plan finds, each once, before any filter. Between two pieces nothing is held open
 * in SQLite, so a cursor may rest for minutes while others write: it goes on after the last row, and
 * what it had read ahead is read again. It never pauses between reading a row and yielding it, so that
 * a row may be written to as soon as it comes.
 * @throws MongoError 175 when the collection or the index has gone meanwhile
 */
export function* planRows(
  collection: CollectionStore,
  plan: Plan,
  budget: ExecutionBudget,
  firstChunk = FIRST_CHUNK,
): Generator<StoredRow | Pause> {
  switch (plan.stage) {
    case 'IDHACK': {
      budget.keysExamined += 1;
      const row = collection.findById(plan.id);
      if (row) {
        budget.documentsExamined += 1;
        yield row;
      }
      return;
    }
    case 'COLLSCAN':
      yield* collectionRows(collection, plan.isReverse, budget, firstChunk);
      return;
    case 'IXSCAN':
      yield* distinctRows(indexRows(plan, budget, firstChunk), plan.index.multikeyFields !== 0);
      return;
    case 'OR': {
      yield* distinctRows(unionRows(collection, plan.branches, budget, firstChunk), true);
      return;
    }
  }
}

function* unionRows(
  collection: CollectionStore,
  branches: readonly Plan[],
  budget: ExecutionBudget,
  firstChunk: number,
): Generator<StoredRow | Pause> {
  for (const branch of branches) yield* planRows(collection, branch, budget, firstChunk);
}

function* distinctRows(
  rows: Iterable<StoredRow | Pause>,
  hasRepeats: boolean,
): Generator<StoredRow | Pause> {
  if (!hasRepeats) {
    yield* rows;
    return;
  }
  const seen = new Set<number>();
  for (const row of rows) {
    if (row === PAUSE) {
      yield PAUSE;
      continue;
    }
    if (seen.has(row.rowId)) continue;
    seen.add(row.rowId);
    yield row;
  }
}

function collectionRows(
  collection: CollectionStore,
  isReverse: boolean,
  budget: ExecutionBudget,
  firstChunk: number,
): Generator<StoredRow | Pause> {
  return pagedRows(budget, firstChunk, (after: StoredRow | undefined, limit) => {
    collection.assertExists();
    return collection
      .rows(after?.rowId, limit, isReverse)
      .map(([rowId, bytes]): StoredRow => ({ rowId, bytes }));
  });
}

interface IndexedRow extends StoredRow {
  readonly key: Uint8Array;
}

function* indexRows(
  { index, bounds, isReverse }: IndexScan,
  budget: ExecutionBudget,
  firstChunk: number,
): Generator<StoredRow | Pause> {
  const ranges = isReverse ? bounds.ranges.toReversed() : bounds.ranges;
  for (const range of ranges) {
    const rows = pagedRows(budget, firstChunk, (after: IndexedRow | undefined, limit) => {
      index.assertExists();
      return index
        .rows(range, isReverse, limit, after)
        .map(([key, rowId, bytes]): IndexedRow => ({ key, rowId, bytes }));
    });
    for (const row of rows) {
      if (row !== PAUSE) budget.keysExamined += 1;
      yield row;
    }
  }
}

/** Reads pieces of growing size, each after the last row that was used. */
function* pagedRows<Row extends StoredRow>(
  budget: ExecutionBudget,
  firstChunk: number,
  fetch: (after: Row | undefined, limit: number) => Row[],
): Generator<Row | Pause> {
  let chunk = firstChunk;
  let last: Row | undefined;
  for (;;) {
    budget.check();
    const { interruptions } = budget;
    const rows = fetch(last, chunk);
    for (const row of rows) {
      // What a filter does with one document may take long.
      budget.check();
      if (budget.isSliceOver()) {
        yield PAUSE;
        if (budget.interruptions !== interruptions) break;
      }
      budget.documentsExamined += 1;
      last = row;
      yield row;
      if (budget.interruptions !== interruptions) break;
    }
    const isResumed = budget.interruptions !== interruptions;
    if (!isResumed && rows.length < chunk) return;
    const wanted = isResumed ? firstChunk : Math.min(chunk * 4, LARGEST_CHUNK);
    chunk = Math.min(wanted, rowsThatFit(rows));
  }
}

/** How many rows like these make up a piece. */
function rowsThatFit(rows: readonly StoredRow[]): number {
  const bytes = rows.reduce((sum, row) => sum + row.bytes.length, 0);
  return Math.max(1, Math.floor((CHUNK_BYTES * rows.length) / bytes));
}
