import { mongoError } from '../errors.js';
import { analyseFilter, equalsBson, fieldOf, isDocument } from '../semantics/index.js';
import type {
  BsonDocument,
  BsonValue,
  FilterAnalysis,
  PathPredicate,
  SortField,
} from '../semantics/index.js';
import type { CollectionStore } from '../storage/collection-store.js';
import type { IndexStore } from '../storage/index-store.js';
import { indexBounds } from './index-bounds.js';
import type { IndexBounds } from './index-bounds.js';
import { beyondPartialFilter, impliesPartialFilter } from './partial-implication.js';

/** A query in the terms the planner needs. */
export interface PlannedQuery {
  readonly filter: BsonDocument;
  readonly sort: readonly SortField[];
  /** How many documents are wanted, counting those to skip; `undefined` for all. */
  readonly wanted?: number;
  /** An index name, a key pattern, or `$natural`. */
  readonly hint?: BsonValue;
}

/** Read the collection from one end to the other. */
export interface CollectionScan {
  readonly stage: 'COLLSCAN';
  readonly isReverse: boolean;
  readonly isComplete: boolean;
  readonly providesSort: boolean;
}

/** Read one document by its `_id`. */
export interface IdLookup {
  readonly stage: 'IDHACK';
  readonly id: BsonValue;
  readonly isComplete: boolean;
  readonly providesSort: boolean;
}

/** Read ranges of an index. */
export interface IndexScan {
  readonly stage: 'IXSCAN';
  readonly index: IndexStore;
  readonly bounds: IndexBounds;
  readonly isReverse: boolean;
  /** Whether the ranges hold exactly the documents that match, so that no filter is needed. */
  readonly isComplete: boolean;
  readonly providesSort: boolean;
}

/** Read the plans of the branches of an `$or` one after the other, each document once. */
export interface UnionScan {
  readonly stage: 'OR';
  readonly branches: readonly (IndexScan | IdLookup)[];
  readonly isComplete: false;
  readonly providesSort: boolean;
}

/** How a query finds its documents. */
export type Plan = CollectionScan | IdLookup | IndexScan | UnionScan;

/** Estimates stop counting here. */
const ESTIMATE_LIMIT = 1000;
/** Of many ranges the first few are taken for all. */
const ESTIMATED_RANGES = 8;
/** What reading a document out of an index's order costs, next to reading on in the collection. */
const FETCH_COST = 2;
/** A filter behind an index in sort order is taken to keep one document of this many. */
const ASSUMED_SELECTIVITY = 8;

/**
 * Chooses how to find the documents of a query: by `_id`, by the index that has the fewest entries
 * to read (an index in sort order may stop early), by a union of indexes for `$or`, or by reading
 * everything.
 * @throws MongoError 2 when a hint names no index, 27 when it names several
 */
export function planQuery(collection: CollectionStore, query: PlannedQuery): Plan {
  const analysis = analyseFilter(query.filter);
  const hinted = query.hint === undefined ? undefined : planHinted(collection, query, analysis);
  if (hinted) return hinted;
  const byId = planById(analysis);
  if (byId) return byId;
  const scans: IndexScan[] = [];
  for (const index of collection.indexes) {
    const scan = scanOf(index, query, analysis);
    if (!scan) continue;
    // Nothing finds less than one document, so nothing else need be looked at.
    if (isPoint(scan)) return scan;
    const { bounds, providesSort } = scan;
    if (bounds.fields.length > 0 || (providesSort && query.sort.length > 0)) scans.push(scan);
  }
  const best = cheapest(collection, query, scans);
  if (best && best.bounds.fields.length > 0) return best;
  return planUnion(collection, query) ?? best ?? collectionScan(query, false);
}

function collectionScan(query: PlannedQuery, isReverse: boolean): CollectionScan {
  return {
    stage: 'COLLSCAN',
    isReverse,
    isComplete: Object.keys(query.filter).length === 0,
    providesSort: query.sort.length === 0,
  };
}

/** The only value `_id` may have, by a filter that says so. */
function planById(analysis: FilterAnalysis): IdLookup | undefined {
  const predicate = analysis.predicates.find(({ path, eq }) => path === '_id' && eq?.length === 1);
  if (predicate === undefined) return undefined;
  return {
    stage: 'IDHACK',
    id: predicate.eq![0]!,
    isComplete: analysis.complete && analysis.predicates.length === 1,
    providesSort: true,
  };
}

/** How an index would serve the query; `undefined` when it may lack documents that match. */
function scanOf(
  index: IndexStore,
  query: PlannedQuery,
  analysis: FilterAnalysis,
): IndexScan | undefined {
  const bounds = indexBounds(index, analysis.predicates);
  const { filed } = index.spec;
  let open = analysis;
  if (filed) {
    if (!impliesPartialFilter(query.filter, analysis, filed)) return undefined;
    open = analyseFilter(beyondPartialFilter(query.filter, filed));
  }
  if (index.spec.isSparse && !analysis.predicates.some((one) => requiresField(index, one))) {
    return undefined;
  }
  const direction = sortDirection(index, bounds, query.sort);
  return {
    stage: 'IXSCAN',
    index,
    bounds,
    isReverse: direction === 'reverse',
    isComplete:
      open.complete &&
      analysis.predicates.every((one) => bounds.expressed.has(one) || !isOpen(open, one)),
    providesSort: direction !== undefined,
  };
}

/** Whether a part of a filter still has conditions on the path of a predicate. */
function isOpen({ predicates }: FilterAnalysis, { path }: PathPredicate): boolean {
  return predicates.some((predicate) => predicate.path === path);
}

/** Whether the scan is of one key of a unique index: one document at most. */
function isPoint({ index, bounds }: IndexScan): boolean {
  return index.spec.isUnique && bounds.fixedFields === index.spec.fields.length;
}

/** Whether documents that meet the predicate have the field, so that a sparse index has them. */
function requiresField(index: IndexStore, predicate: PathPredicate): boolean {
  const isOnField = index.spec.fields.some(({ path }) => path.join('.') === predicate.path);
  return isOnField && predicate.eq?.includes(null) !== true;
}

/**
 * Whether reading the index forwards or in reverse yields the sort order. Fields that have one value
 * are in any order; a field with arrays has no one place in the index.
 */
function sortDirection(
  index: IndexStore,
  bounds: IndexBounds,
  sort: readonly SortField[],
): 'forward' | 'reverse' | undefined {
  if (sort.length === 0) return 'forward';
  const fixed = new Set(
    index.spec.fields
      .slice(0, bounds.fixedFields)
      .filter((_field, i) => (index.multikeyFields & (1 << i)) === 0)
      .map(({ path }) => path.join('.')),
  );
  const wanted = sort.filter(({ path }) => !fixed.has(path));
  let isReverse: boolean | undefined;
  for (const [n, { path, direction }] of wanted.entries()) {
    const i = bounds.fixedFields + n;
    const field = index.spec.fields[i];
    if (field?.path.join('.') !== path) return undefined;
    if ((index.multikeyFields & (1 << i)) !== 0) return undefined;
    const isOpposite = field.isDescending === direction > 0;
    isReverse ??= isOpposite;
    if (isReverse !== isOpposite) return undefined;
  }
  return isReverse === true ? 'reverse' : 'forward';
}

function cheapest(
  collection: CollectionStore,
  query: PlannedQuery,
  scans: readonly IndexScan[],
): IndexScan | undefined {
  if (scans.length < 2) return scans[0];
  let best = scans[0]!;
  let bestCost = Infinity;
  for (const scan of scans) {
    const cost = costOf(collection, query, scan);
    const isTie = cost === bestCost;
    if (cost < bestCost || (isTie && scan.bounds.fields.length > best.bounds.fields.length)) {
      best = scan;
      bestCost = cost;
    }
  }
  return best;
}

/** Roughly, the documents to read, and once more those to sort. */
function costOf(collection: CollectionStore, query: PlannedQuery, scan: IndexScan): number {
  const entries = estimateEntries(collection, scan);
  if (!scan.providesSort) return entries * FETCH_COST;
  if (query.wanted === undefined) return entries;
  return Math.min(entries, query.wanted * (scan.isComplete ? 1 : ASSUMED_SELECTIVITY));
}

function estimateEntries(collection: CollectionStore, { index, bounds }: IndexScan): number {
  const { ranges, fields } = bounds;
  if (fields.length === 0) return collection.documentCount();
  const sample = ranges.slice(0, ESTIMATED_RANGES);
  let entries = 0;
  for (const range of sample) entries += index.countEntries(range, ESTIMATE_LIMIT);
  return sample.length === 0 ? 0 : (entries * ranges.length) / sample.length;
}

/** Plans an `$or` when each of its branches has an index of its own. */
function planUnion(collection: CollectionStore, query: PlannedQuery): UnionScan | undefined {
  const branches = fieldOf(query.filter, '$or');
  if (!Array.isArray(branches)) return undefined;
  const common = Object.fromEntries(
    Object.entries(query.filter).filter(([name]) => name !== '$or'),
  );
  const plans: (IndexScan | IdLookup)[] = [];
  for (const branch of branches) {
    if (!isDocument(branch)) return undefined;
    const plan = planQuery(collection, { filter: { $and: [common, branch] }, sort: [] });
    if (plan.stage === 'IDHACK') plans.push(plan);
    else if (plan.stage === 'IXSCAN' && plan.bounds.fields.length > 0) plans.push(plan);
    else return undefined;
  }
  return { stage: 'OR', branches: plans, isComplete: false, providesSort: query.sort.length === 0 };
}

function planHinted(
  collection: CollectionStore,
  query: PlannedQuery,
  analysis: FilterAnalysis,
): Plan | undefined {
  const { hint } = query;
  if (isDocument(hint) && Object.keys(hint).length === 0) return undefined;
  const natural = isDocument(hint) ? fieldOf(hint, '$natural') : undefined;
  if (natural !== undefined || hint === '$natural') {
    return collectionScan(query, natural !== undefined && String(natural) === '-1');
  }
  const [index, other] = collection.indexes.filter(({ spec }) =>
    typeof hint === 'string' ? spec.name === hint : equalsBson(spec.key, hint),
  );
  if (index === undefined) {
    throw mongoError(
      'BadValue',
      'error processing query: planner returned error :: caused by :: hint provided does not correspond to an existing index',
    );
  }
  if (other !== undefined) {
    throw mongoError(
      'IndexNotFound',
      `error processing query: planner returned error :: caused by :: Hint matched multiple indexes, must hint by index name. Matched: ${index.spec.name} and ${other.spec.name}`,
    );
  }
  const scan = scanOf(index, query, analysis);
  if (scan) return scan;
  // MongoDB obeys a hint for a sparse or partial index even where the index lacks documents.
  return {
    stage: 'IXSCAN',
    index,
    bounds: indexBounds(index, analysis.predicates),
    isReverse: false,
    isComplete: false,
    providesSort: query.sort.length === 0,
  };
}
