import { locationError, mongoError, notSupported } from '../errors.js';
import { bsonTypeOf, isDocument, isNumeric } from './bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from './bson-types.js';
import { compareBson } from './compare.js';
import { exactInt64 } from './numbers.js';
import { indexKeyTuples, parsePath } from './path.js';
import type { Path } from './path.js';

/** One field of a sort: ascending or descending. */
export interface SortField {
  readonly path: string;
  readonly direction: 1 | -1;
}

/**
 * Reads a sort specification.
 * @throws MongoError for a direction that MongoDB does not take
 */
export function parseSort(spec: BsonDocument): SortField[] {
  return Object.keys(spec).map((path): SortField => {
    const direction = spec[path]!;
    if (isDocument(direction)) {
      if (Object.hasOwn(direction, '$meta')) throw notSupported('A sort by $meta');
      throw mongoError('BadValue', `Illegal key in $sort specification: ${path}`);
    }
    checkSortPath(path);
    return { path, direction: parseDirection(direction) };
  });
}

function parseDirection(value: BsonValue): 1 | -1 {
  if (!isNumeric(value)) {
    throw locationError(15974, `Illegal key in $sort specification: ${bsonTypeOf(value)}`);
  }
  const integer = exactInt64(value);
  if (integer === 1n) return 1;
  if (integer === -1n) return -1;
  throw locationError(15975, '$sort key ordering must be 1 (for ascending) or -1 (for descending)');
}

function checkSortPath(path: string): void {
  if (path === '') {
    throw locationError(40352, 'FieldPath cannot be constructed with empty string');
  }
  const parts = path.split('.');
  if (parts.includes('')) {
    throw locationError(15998, 'FieldPath field names may not be empty strings.');
  }
  if (parts.some((part) => part.startsWith('$') && !['$id', '$ref', '$db'].includes(part))) {
    throw locationError(
      16410,
      "FieldPath field names may not start with '$'. Consider using $getField or $setField.",
    );
  }
}

/** A document's place in a sort, worked out once per document. */
export type SortKey = readonly MaybeValue[];

/** A compiled sort: take the key of each document once, then compare keys. */
export interface Sort {
  readonly fields: readonly SortField[];
  keyOf(document: BsonDocument): SortKey;
  compareKeys(left: SortKey, right: SortKey): number;
  /** The documents in order; equal ones keep theirs. */
  sorted(documents: Iterable<BsonDocument>): BsonDocument[];
}

/**
 * Compiles a sort. An array counts by its lowest element when ascending and by its highest when
 * descending; a missing field counts as null, an empty array as less than null.
 */
export function compileSort(spec: BsonDocument): Sort {
  const fields = parseSort(spec);
  const paths = fields.map((field) => parsePath(field.path));
  const compareKeys = (left: SortKey, right: SortKey): number => {
    for (const [index, { direction }] of fields.entries()) {
      const order = compareBson(left[index], right[index]);
      if (order !== 0) return order * direction;
    }
    return 0;
  };
  const keyOf = (document: BsonDocument) => lowestTuple(document, paths, compareKeys);
  return {
    fields,
    keyOf,
    compareKeys,
    sorted: (documents) =>
      Array.from(documents, (document) => ({ document, key: keyOf(document) }))
        .sort((left, right) => compareKeys(left.key, right.key))
        .map(({ document }) => document),
  };
}

function lowestTuple(
  document: BsonDocument,
  paths: readonly Path[],
  compare: (left: SortKey, right: SortKey) => number,
): SortKey {
  const tuples = sortTuples(document, paths);
  return tuples.reduce((lowest, tuple) => (compare(tuple, lowest) < 0 ? tuple : lowest));
}

function sortTuples(document: BsonDocument, paths: readonly Path[]): MaybeValue[][] {
  try {
    return indexKeyTuples(document, paths);
  } catch (error) {
    if ((error as { code?: number }).code !== 171) throw error;
    throw mongoError('BadValue', 'cannot sort with keys that are parallel arrays');
  }
}
