import { mongoError } from '../errors.js';
import { analyseFilter } from '../semantics/index.js';
import type { BsonDocument, BsonValue } from '../semantics/index.js';
import type { CollectionStore } from '../storage/collection-store.js';
import { compileTextSearch } from '../text/text-search.js';
import { impliesPartialFilter } from './partial-implication.js';

/** Read the rows that the text index finds. */
export interface TextPlan {
  readonly stage: 'TEXT_MATCH';
  readonly indexName: string;
  readonly isComplete: boolean;
  readonly providesSort: false;
  /** The rows that have a wanted term, in insertion order. */
  rowIds(): Iterable<number>;
  /** The relevance of one of their documents; `undefined` when it does not match after all. */
  score(document: BsonDocument): number | undefined;
}

/** Rows are asked of the text index in pieces of this many. */
const CHUNK = 1024;

/** Takes `$text` out of a filter: the text index answers it, the rest is matched as usual. */
export function splitTextFilter(filter: BsonDocument): {
  text: BsonValue | undefined;
  rest: BsonDocument;
} {
  if (!Object.hasOwn(filter, '$text')) return { text: undefined, rest: filter };
  const others = Object.entries(filter).filter(([name]) => name !== '$text');
  return { text: filter['$text'], rest: Object.fromEntries(others) };
}

/**
 * Plans a text search.
 * @throws MongoError 27 when the collection has no text index, 291 when the index begins with a field
 *   that the filter does not pin
 */
export function planText(
  collection: CollectionStore,
  text: BsonValue,
  rest: BsonDocument,
): TextPlan {
  const index = collection.textIndex;
  if (!index) throw mongoError('IndexNotFound', 'text index required for $text query');
  const analysis = analyseFilter(rest);
  const { filed } = index.spec;
  if (filed && !impliesPartialFilter(rest, analysis, filed)) throw unusableIndex();
  const prefix = index.prefixFields.map(({ path }) => {
    const pinned = analysis.predicates.find(
      (one) => one.path === path.join('.') && one.eq?.length === 1,
    );
    if (!pinned) throw unusableIndex();
    return pinned.eq![0]!;
  });
  const search = compileTextSearch(text, index.options);
  return {
    stage: 'TEXT_MATCH',
    indexName: index.spec.name,
    isComplete: Object.keys(rest).length === 0,
    providesSort: false,
    *rowIds() {
      let position = 0;
      while (search.terms.length > 0) {
        const rowIds = index.rowsWith(search.terms, prefix, position, CHUNK);
        yield* rowIds;
        if (rowIds.length < CHUNK) return;
        position = rowIds.at(-1)!;
      }
    },
    score: (document) => search.score(document),
  };
}

function unusableIndex() {
  return mongoError(
    'NoQueryExecutionPlans',
    'error processing query: planner returned error :: caused by :: failed to use text index to satisfy $text query (if text index is compound, are equality predicates given for all prefix fields?)',
  );
}
