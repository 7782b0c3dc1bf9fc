import { Double } from 'bson';
import { locationError, mongoError } from '../errors.js';
import { isDocument } from './bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from './bson-types.js';
import { compareBson } from './compare.js';
import { exactInt64 } from './numbers.js';
import { indexKeyTuples, parsePath } from './path.js';
import type { Path } from './path.js';

/** One field of a sort: ascending, descending, or by text score (best first). */
export interface SortField {
  readonly path: string;
  readonly direction: 1 | -1;
  readonly byTextScore?: boolean;
}

/**
 * Reads a sort specification.
 * @throws MongoError for a direction that MongoDB does not take
 */
export function parseSort(spec: BsonDocument): SortField[] {
  return Object.keys(spec).map((path): SortField => {
    const direction = spec[path]!;
    if (isDocument(direction)) {
      if (direction.$meta === 'textScore' && Object.keys(direction).length === 1) {
        return { path, direction: -1, byTextScore: true };
      }
      throw mongoError('BadValue', `Illegal key in $sort specification: ${path}`);
    }
    checkSortPath(path);
    return { path, direction: parseDirection(direction) };
  });
}

function parseDirection(value: BsonValue): 1 | -1 {
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
  /** The key of a document; `textScore` is wanted when the sort goes by it. */
  keyOf(document: BsonDocument, textScore?: number): SortKey;
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
  const valued = fields.filter((field) => field.byTextScore !== true);
  const paths = valued.map((field) => parsePath(field.path));
  const directions = fields.map((field) => field.direction);

  const compareValued = (left: SortKey, right: SortKey): number => {
    for (const [index, field] of valued.entries()) {
      const order = compareBson(left[index], right[index]);
      if (order !== 0) return order * field.direction;
    }
    return 0;
  };
  const keyOf = (document: BsonDocument, textScore?: number): SortKey => {
    const values = lowestTuple(document, paths, compareValued);
    if (valued.length === fields.length) return values;
    let next = 0;
    return fields.map((field) => (field.byTextScore ? new Double(textScore ?? 0) : values[next++]));
  };
  const compareKeys = (left: SortKey, right: SortKey): number => {
    for (const [index, direction] of directions.entries()) {
      const order = compareBson(left[index], right[index]);
      if (order !== 0) return order * direction;
    }
    return 0;
  };
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
