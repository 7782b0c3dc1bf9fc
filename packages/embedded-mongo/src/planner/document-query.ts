import { mongoError } from '../errors.js';
import { PAUSE, sortInSlices } from '../pausing.js';
import type { Pause, Task } from '../pausing.js';
import { compileFilter, compileSort, decode } from '../semantics/index.js';
import type {
  BsonDocument,
  BsonValue,
  ExpressionContext,
  Filter,
  MatchPosition,
  Sort,
  SortKey,
} from '../semantics/index.js';
import type { CollectionStore, StoredRow } from '../storage/collection-store.js';
import { planRows } from './plan-execution.js';
import type { ExecutionBudget } from './plan-execution.js';
import { planQuery } from './query-plan.js';
import type { Plan } from './query-plan.js';

/** What documents are wanted, and in which order. */
export interface QueryShape {
  readonly filter: BsonDocument;
  readonly sort?: BsonDocument | undefined;
  readonly skip?: number | undefined;
  /** At most so many; 0 or `undefined` for all. */
  readonly limit?: number | undefined;
  readonly hint?: BsonValue | undefined;
  readonly context?: ExpressionContext | undefined;
}

/** A document that a query found; decoded when somebody looks at it. */
export class FoundDocument implements StoredRow {
  private decoded: BsonDocument | undefined;

  constructor(
    readonly rowId: number,
    readonly bytes: Uint8Array,
  ) {}

  get document(): BsonDocument {
    this.decoded ??= decode(this.bytes);
    return this.decoded;
  }
}

/** Beyond the documents wanted, a bounded sort keeps so many before it throws the worst away. */
const SORT_SLACK = 1024;

/** A query on one collection, planned and ready to run. */
export class DocumentQuery {
  readonly plan: Plan;
  private readonly filter: Filter;
  private readonly sort: Sort | undefined;
  readonly skip: number;
  /** 0 for all. */
  readonly limit: number;
  readonly sortPattern: BsonDocument | undefined;

  /** @throws MongoError for a filter, sort or hint that is malformed or not supported */
  constructor(
    readonly collection: CollectionStore,
    shape: QueryShape,
    private readonly budget: ExecutionBudget,
  ) {
    const { filter } = shape;
    this.filter = compileFilter(filter, shape.context);
    this.sort =
      shape.sort && Object.keys(shape.sort).length > 0 && !isNatural(shape.sort)
        ? compileSort(shape.sort)
        : undefined;
    this.sortPattern = shape.sort;
    this.skip = shape.skip ?? 0;
    this.limit = shape.limit ?? 0;
    assertNaturalAlone(shape.sort);
    const hint = shape.hint ?? (shape.sort && isNatural(shape.sort) ? shape.sort : undefined);
    this.plan = planQuery(collection, {
      filter,
      sort: this.sort?.fields ?? [],
      ...(this.limit > 0 ? { wanted: this.skip + this.limit } : {}),
      ...(hint === undefined ? {} : { hint }),
    });
  }

  /** Whether the documents have to be sorted after they are found. */
  get sortsInMemory(): boolean {
    return this.sort !== undefined && !this.plan.providesSort;
  }

  /** The documents: filtered, in order, skipped and limited. */
  *run(): Generator<FoundDocument | Pause> {
    const isSorted = this.sortsInMemory;
    const ordered = isSorted ? yield* this.sorted() : this.matches();
    let position = 0;
    const end = this.limit > 0 ? this.skip + this.limit : Infinity;
    for (const found of ordered) {
      if (found === PAUSE) {
        yield PAUSE;
        continue;
      }
      if (position++ < this.skip) continue;
      if (isSorted && this.budget.isSliceOver()) yield PAUSE;
      yield found;
      if (position >= end) return;
    }
  }

  /** The number of documents that match, within skip and limit. */
  *count(): Task<number> {
    const total = this.countFromIndex() ?? (yield* this.countMatches());
    const rest = Math.max(0, total - this.skip);
    return this.limit > 0 ? Math.min(rest, this.limit) : rest;
  }

  /** Where in an array the filter matched: what the positional operator stands for. */
  positionIn(document: BsonDocument): MatchPosition {
    const position: MatchPosition = {};
    this.filter(document, position);
    return position;
  }

  /** Whether {@link count} reads no document. */
  get countsFromIndex(): boolean {
    const { plan } = this;
    return plan.isComplete && (plan.stage === 'COLLSCAN' || plan.stage === 'IXSCAN');
  }

  private countFromIndex(): number | undefined {
    const { plan } = this;
    if (!this.countsFromIndex) return undefined;
    if (plan.stage === 'IXSCAN') return plan.index.countDocuments(plan.bounds.ranges);
    return this.collection.documentCount();
  }

  private *countMatches(): Task<number> {
    const enough = this.limit > 0 ? this.skip + this.limit : Infinity;
    let count = 0;
    for (const match of this.matches()) {
      if (match === PAUSE) yield PAUSE;
      else count += 1;
      if (count >= enough) break;
    }
    return count;
  }

  /** Whether a document, which may have changed since it was found, still is one of those wanted. */
  accepts(document: BsonDocument): boolean {
    return this.filter(document);
  }

  private *matches(): Generator<FoundDocument | Pause> {
    const { plan } = this;
    for (const found of this.candidates()) {
      if (found === PAUSE) yield PAUSE;
      else if (plan.isComplete || this.filter(found.document)) yield found;
    }
  }

  private *candidates(): Generator<FoundDocument | Pause> {
    const { plan } = this;
    const firstChunk =
      this.limit > 0 && plan.isComplete && plan.providesSort
        ? Math.min(this.skip + this.limit, SORT_SLACK)
        : undefined;
    for (const row of planRows(this.collection, plan, this.budget, firstChunk)) {
      yield row === PAUSE ? PAUSE : new FoundDocument(row.rowId, row.bytes);
    }
  }

  private *sorted(): Task<FoundDocument[]> {
    const sort = this.sort!;
    const keep = this.limit > 0 ? this.skip + this.limit : Infinity;
    let entries: { found: FoundDocument; key: SortKey }[] = [];
    const { isSliceOver } = this.budget;
    const settle = function* (): Task<void> {
      entries = yield* sortInSlices(
        entries,
        (left, right) => sort.compareKeys(left.key, right.key),
        isSliceOver,
      );
      if (entries.length > keep) entries = entries.slice(0, keep);
    };
    for (const match of this.matches()) {
      if (match === PAUSE) {
        yield PAUSE;
        continue;
      }
      // Sorting needs the key and, later, the bytes; the decoded document would only fill memory.
      const found = new FoundDocument(match.rowId, match.bytes);
      entries.push({ found, key: sort.keyOf(match.document) });
      if (entries.length >= keep + SORT_SLACK) yield* settle();
    }
    yield* settle();
    return entries.map(({ found }) => found);
  }
}

function assertNaturalAlone(sort: BsonDocument | undefined): void {
  if (sort && isNatural(sort) && Object.keys(sort).length > 1) {
    throw mongoError('BadValue', '$natural sort cannot be combined with other fields');
  }
}

function isNatural(sort: BsonDocument): boolean {
  return Object.hasOwn(sort, '$natural');
}

/** Throws what a query on a collection that exists would throw for its shape. */
export function checkQuery({ filter, sort, context }: QueryShape): void {
  compileFilter(filter, context);
  if (sort && !isNatural(sort)) compileSort(sort);
}
