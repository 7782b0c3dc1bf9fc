import { locationError, MongoError } from '../errors.js';
import { fieldOf, isDocument } from '../semantics/index.js';
import type { BsonDocument, BsonValue, MaybeValue } from '../semantics/index.js';
import { EMPTY_ARRAY, KeyWriter } from './key-encoding.js';
import type { IndexedValue } from './key-encoding.js';

/** One field of a compound index. */
export interface IndexField {
  readonly path: readonly string[];
  readonly isDescending: boolean;
}

/** One entry of an index: the encoded key and the values it stands for. */
export interface IndexKey {
  readonly bytes: Buffer;
  readonly values: readonly IndexedValue[];
}

/** The keys under which an index files one document. */
export interface DocumentKeys {
  /** Distinct keys, in no particular order; none when the index leaves the document out. */
  readonly keys: readonly IndexKey[];
  /** Bit `i` is set when field `i` met an array. */
  readonly multikeyFields: number;
}

const writer = new KeyWriter();

/**
 * The keys of a document: one per element where a field meets an array, as MongoDB makes them.
 * @param isSparse leave out a document that has none of the fields
 * @throws MongoError 171 when two fields meet different arrays
 */
export function documentKeys(
  document: BsonDocument,
  fields: readonly IndexField[],
  isSparse: boolean,
): DocumentKeys {
  const collector = new KeyCollector(fields, isSparse);
  collector.expand(
    document,
    fields.map((field) => field.path),
    fields.map(() => undefined),
  );
  return { keys: collector.keys, multikeyFields: collector.multikeyFields };
}

/** What is left of each field's path; `null` once its value is fixed. */
type Remaining = (readonly string[] | null)[];

class KeyCollector {
  readonly keys: IndexKey[] = [];
  multikeyFields = 0;
  private readonly seen = new Set<string>();

  constructor(
    private readonly fields: readonly IndexField[],
    private readonly isSparse: boolean,
  ) {}

  /** Follows every path from `from`; where paths stop at an array, goes on once per element. */
  expand(from: BsonDocument, remaining: Remaining, values: IndexedValue[]): void {
    let array: BsonValue[] | undefined;
    let arrayField = -1;
    const stopped: number[] = [];
    for (const [i, path] of remaining.entries()) {
      if (path === null) continue;
      const reached = follow(from, path);
      if (!Array.isArray(reached.value)) {
        values[i] = reached.value;
        remaining[i] = null;
        continue;
      }
      if (array !== undefined && array !== reached.value) throw this.parallelArrays(arrayField, i);
      array = reached.value;
      arrayField = i;
      remaining[i] = reached.rest;
      stopped.push(i);
      this.multikeyFields |= 1 << i;
    }
    if (array === undefined) {
      this.add(values);
      return;
    }
    const items: readonly (BsonValue | typeof EMPTY_ARRAY)[] =
      array.length === 0 ? [EMPTY_ARRAY] : array;
    for (const item of items) {
      this.expandElement(item, stopped, [...remaining], [...values]);
    }
  }

  private expandElement(
    item: BsonValue | typeof EMPTY_ARRAY,
    stopped: readonly number[],
    remaining: Remaining,
    values: IndexedValue[],
  ): void {
    for (const i of stopped) {
      if (remaining[i]!.length > 0) continue;
      values[i] = item;
      remaining[i] = null;
    }
    this.expand(item !== EMPTY_ARRAY && isDocument(item) ? item : {}, remaining, values);
  }

  private add(values: readonly IndexedValue[]): void {
    if (this.isSparse && values.every((value) => value === undefined)) return;
    writer.reset();
    for (const [i, value] of values.entries()) writer.value(value, this.fields[i]!.isDescending);
    const bytes = writer.take();
    if (this.multikeyFields !== 0) {
      const identity = bytes.toString('latin1');
      if (this.seen.has(identity)) return;
      this.seen.add(identity);
    }
    this.keys.push({ bytes, values });
  }

  private parallelArrays(first: number, second: number): MongoError {
    const name = (i: number) => this.fields[i]!.path.join('.');
    return new MongoError(
      171,
      'CannotIndexParallelArrays',
      `cannot index parallel arrays [${name(second)}] [${name(first)}]`,
    );
  }
}

/** Walks a path until it ends, breaks off, or meets an array that it does not index into. */
function follow(
  from: BsonDocument,
  path: readonly string[],
): { value: MaybeValue; rest: readonly string[] } {
  let value: MaybeValue = from;
  for (let depth = 0; depth < path.length; depth++) {
    const name: string = path[depth]!;
    if (Array.isArray(value)) {
      if (!/^\d+$/.test(name)) return { value, rest: path.slice(depth) };
      if (value.some((item) => isDocument(item) && Object.hasOwn(item, name))) {
        throw locationError(
          16746,
          `Ambiguous field name found in array (do not use numeric field names in embedded elements in an array), field: '${name}'`,
        );
      }
      if (Number(name) >= value.length) return { value, rest: path.slice(depth) };
      value = value[Number(name)];
    } else if (isDocument(value)) {
      value = fieldOf(value, name);
    } else {
      return { value: undefined, rest: [] };
    }
  }
  return { value, rest: [] };
}
