import { locationError, MongoError } from '../errors.js';
import { fieldOf, isDocument } from './bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from './bson-types.js';

/** A dotted path, split once. */
export type Path = readonly string[];

/** Splits a dotted field path. */
export function parsePath(path: string): Path {
  return path.split('.');
}

/** Whether a path component can be an array index. */
export function isArrayIndex(part: string): boolean {
  return /^(0|[1-9]\d*)$/.test(part);
}

/** Where in an array a filter found its match; what the positional `$` stands for. */
export interface MatchPosition {
  index?: number;
}

/** Asked for each value a path leads to; `undefined` says that there is no value. */
export type ValueTest = (value: MaybeValue) => boolean;

/**
 * Follows a path as MongoDB's matcher does and stops at the first value that passes the test.
 * Arrays on the way are searched through their documents (and by position when the next part is
 * a number); an array at the end is tried by its elements and then as a whole.
 * @param leafElements whether the elements of an array at the end of the path are tried
 * @param position receives the index in the outermost array that was searched through
 */
export function anyValueAt(
  document: BsonDocument,
  path: Path,
  test: ValueTest,
  leafElements = true,
  position?: MatchPosition,
): boolean {
  return walkDocument(document, path, 0, test, leafElements, position);
}

function walkDocument(
  document: BsonDocument,
  path: Path,
  from: number,
  test: ValueTest,
  leafElements: boolean,
  position: MatchPosition | undefined,
): boolean {
  let current: MaybeValue = document;
  for (let part = from; part < path.length; part += 1) {
    if (Array.isArray(current)) {
      return walkArray(current, path, part, test, leafElements, position);
    }
    if (!isDocument(current)) return test(undefined);
    current = fieldOf(current, path[part]!);
    if (current === undefined) return test(undefined);
  }
  if (leafElements && Array.isArray(current)) {
    const index = current.findIndex(test);
    if (index >= 0) {
      if (position) position.index = index;
      return true;
    }
  }
  return test(current);
}

function walkArray(
  array: BsonValue[],
  path: Path,
  part: number,
  test: ValueTest,
  leafElements: boolean,
  position: MatchPosition | undefined,
): boolean {
  const last = part === path.length - 1;
  const wanted = path[part]!;
  for (const [index, element] of array.entries()) {
    const indexed = wanted === String(index);
    if (isDocument(element)) {
      if (walkDocument(element, path, part, test, leafElements, position)) {
        if (position) position.index = index;
        return true;
      }
      if (indexed && last && test(element)) {
        if (position) position.index = index;
        return true;
      }
      if (indexed && !last && walkDocument(element, path, part + 1, test, leafElements, position)) {
        return true;
      }
    } else if (indexed && last) {
      if (test(element)) return true;
    } else if (indexed && Array.isArray(element)) {
      if (walkArray(element, path, part + 1, test, leafElements, position)) return true;
    }
  }
  return false;
}

/** Whether the path leads to any value. */
export function pathExists(document: BsonDocument, path: Path): boolean {
  return anyValueAt(document, path, (value) => value !== undefined);
}

/** The value at a path through documents only, without looking into arrays. */
export function plainValueAt(document: BsonDocument, path: Path): MaybeValue {
  let current: MaybeValue = document;
  for (const part of path) {
    if (!isDocument(current)) return undefined;
    current = fieldOf(current, part);
  }
  return current;
}

/**
 * The keys one path contributes to an index: one per array element, `null` for a missing field,
 * `undefined` for an empty array.
 */
export function indexKeyValues(document: BsonDocument, path: Path): MaybeValue[] {
  return indexKeyTuples(document, [path]).map((tuple) => tuple[0]);
}

/**
 * The keys of a compound index: one tuple for each element of the array that the paths lead
 * through, so that the values of one tuple belong to the same element.
 * @throws MongoError 171 `CannotIndexParallelArrays` when the paths lead through two arrays
 */
export function indexKeyTuples(document: BsonDocument, paths: readonly Path[]): MaybeValue[][] {
  const tuples: MaybeValue[][] = [];
  const start = paths.map((path): Walk => ({ value: document, path, from: 0 }));
  collectTuples(start, new Array<MaybeValue>(paths.length).fill(null), tuples);
  return tuples;
}

/** How far one path has been followed: to `value`, with the parts from `from` on still to go. */
interface Walk {
  readonly value: MaybeValue;
  readonly path: Path;
  readonly from: number;
}

function collectTuples(
  walks: readonly (Walk | undefined)[],
  fixed: readonly MaybeValue[],
  tuples: MaybeValue[][],
): void {
  const tuple = [...fixed];
  const pending: (Walk | undefined)[] = [];
  let array: BsonValue[] | undefined;
  for (const [index, walk] of walks.entries()) {
    if (walk === undefined) continue;
    const stop = followToArray(walk);
    if (Array.isArray(stop.value)) {
      if (array !== undefined && array !== stop.value) {
        throw new MongoError(
          171,
          'CannotIndexParallelArrays',
          `cannot index parallel arrays [${stop.path[stop.from - 1] ?? ''}]`,
        );
      }
      array = stop.value;
      pending[index] = stop;
    } else {
      tuple[index] = stop.value ?? null;
    }
  }
  if (array === undefined) {
    tuples.push(tuple);
  } else if (array.length === 0) {
    pending.forEach((walk, index) => {
      tuple[index] = walk && walk.from === walk.path.length ? undefined : null;
    });
    tuples.push(tuple);
  } else {
    expandArray(array, pending, tuple, tuples);
  }
}

function expandArray(
  array: BsonValue[],
  pending: readonly (Walk | undefined)[],
  tuple: MaybeValue[],
  tuples: MaybeValue[][],
): void {
  const positional = pending.map((walk) => walk && positionalStep(array, walk));
  const everyPositional = pending.every((walk, index) => !walk || positional[index]);
  for (const element of everyPositional ? [null] : array) {
    const next = pending.map((walk, index): Walk | undefined => {
      if (walk === undefined) return undefined;
      if (positional[index]) return positional[index];
      if (walk.from === walk.path.length) {
        tuple[index] = element;
        return undefined;
      }
      return { value: isDocument(element) ? element : undefined, path: walk.path, from: walk.from };
    });
    collectTuples(next, tuple, tuples);
  }
}

/** The step to `array[n]` when the path goes on with a number that is an index of the array. */
function positionalStep(array: BsonValue[], walk: Walk): Walk | undefined {
  const part = walk.path[walk.from];
  if (part === undefined || !isArrayIndex(part) || Number(part) >= array.length) return undefined;
  if (array.some((element) => isDocument(element) && Object.hasOwn(element, part))) {
    throw locationError(
      16746,
      `Ambiguous field name found in array (do not use numeric field names in embedded elements in an array), field: '${part}'`,
    );
  }
  return { value: array[Number(part)], path: walk.path, from: walk.from + 1 };
}

function followToArray({ value, path, from }: Walk): Walk {
  let current = value;
  let part = from;
  while (part < path.length && !Array.isArray(current)) {
    current = isDocument(current) ? fieldOf(current, path[part]!) : undefined;
    part += 1;
    if (current === undefined) return { value: undefined, path, from: path.length };
  }
  return { value: current, path, from: part };
}
