import type { BsonValue, Bound, PathPredicate } from '../semantics/index.js';
import type { IndexStore, KeyRange } from '../storage/index-store.js';
import { KEY_TAG, keyTagOf, KeyWriter } from '../storage/key-encoding.js';

/** What the filter says about one field of an index. */
export type FieldBounds =
  | { readonly kind: 'points'; readonly values: readonly BsonValue[] }
  | { readonly kind: 'range'; readonly lower?: Bound; readonly upper?: Bound };

/** The part of an index that holds every document a filter can match. */
export interface IndexBounds {
  /** Disjoint, in key order. */
  readonly ranges: readonly KeyRange[];
  /** One per leading field that narrows the scan. */
  readonly fields: readonly FieldBounds[];
  /** How many leading fields have exactly one value. */
  readonly fixedFields: number;
  /** The predicates that the ranges express in full. */
  readonly expressed: ReadonlySet<PathPredicate>;
}

/** Above this many ranges, `$in` on a further field is left to the filter. */
const MAX_RANGES = 4096;

/** Greater than every byte that can follow a key's prefix. */
const AFTER_ALL = Buffer.from([0xff]);

const writer = new KeyWriter();

/** The bounds that predicates put on an index. Without any, the whole index. */
export function indexBounds(index: IndexStore, predicates: readonly PathPredicate[]): IndexBounds {
  const expressed = new Set<PathPredicate>();
  const fields: FieldBounds[] = [];
  let prefixes: Buffer[] = [Buffer.alloc(0)];
  let ranges: KeyRange[] | undefined;
  let fixedFields = 0;
  for (const [i, field] of index.spec.fields.entries()) {
    const bounds = fieldBounds(index, i, predicates, expressed);
    if (bounds === undefined) break;
    if (bounds.kind === 'range') {
      fields.push(bounds);
      ranges = prefixes.map((prefix) => rangeAfter(prefix, bounds, field.isDescending));
      break;
    }
    const points = encodePoints(bounds.values, field.isDescending);
    if (prefixes.length > 1 && prefixes.length * points.length > MAX_RANGES) {
      for (const predicate of predicates) {
        if (predicate.path === field.path.join('.')) expressed.delete(predicate);
      }
      break;
    }
    fields.push(bounds);
    if (points.length === 1 && fixedFields === i) fixedFields = i + 1;
    prefixes = prefixes.flatMap((prefix) => points.map((point) => Buffer.concat([prefix, point])));
  }
  ranges ??= prefixes.map((prefix) => ({
    lower: prefix,
    upper: Buffer.concat([prefix, AFTER_ALL]),
  }));
  return { ranges: ranges.filter(isNotEmpty), fields, fixedFields, expressed };
}

function isNotEmpty({ lower, upper }: KeyRange): boolean {
  return Buffer.compare(lower, upper) < 0;
}

/**
 * What the predicates on one field amount to. Two conditions on a field with arrays may be met by
 * two different elements, so only one of them bounds the scan; and fields inside one array have
 * their keys in pairs, so only the first of them does.
 */
function fieldBounds(
  index: IndexStore,
  i: number,
  predicates: readonly PathPredicate[],
  expressed: Set<PathPredicate>,
): FieldBounds | undefined {
  const path = index.spec.fields[i]!.path;
  const isMultikey = (index.multikeyFields & (1 << i)) !== 0;
  if (isMultikey && sharesArrayWithEarlier(index, i)) return undefined;
  const own = predicates.filter((predicate) => predicate.path === path.join('.'));
  const points = own
    .filter((predicate) => predicate.eq !== undefined)
    .sort((left, right) => left.eq!.length - right.eq!.length)[0];
  if (points !== undefined) {
    expressed.add(points);
    return { kind: 'points', values: points.eq! };
  }
  const [first, ...others] = own;
  if (first === undefined) return undefined;
  expressed.add(first);
  let range: Range = first;
  if (!isMultikey) {
    for (const other of others) {
      if (rangeTag(other) !== rangeTag(first)) continue;
      range = intersect(range, other);
      expressed.add(other);
    }
  }
  return {
    kind: 'range',
    ...(range.lower ? { lower: range.lower } : {}),
    ...(range.upper ? { upper: range.upper } : {}),
  };
}

function sharesArrayWithEarlier(index: IndexStore, i: number): boolean {
  const { fields } = index.spec;
  return fields
    .slice(0, i)
    .some(
      (field, j) => (index.multikeyFields & (1 << j)) !== 0 && field.path[0] === fields[i]!.path[0],
    );
}

type Range = Pick<PathPredicate, 'lower' | 'upper'>;

function intersect(left: Range, right: Range): Range {
  const lower = tighter(left.lower, right.lower, 1);
  const upper = tighter(left.upper, right.upper, -1);
  return { ...(lower ? { lower } : {}), ...(upper ? { upper } : {}) };
}

function tighter(left: Bound | undefined, right: Bound | undefined, sign: number) {
  if (left === undefined || right === undefined) return left ?? right;
  const order = sign * Buffer.compare(encodeOne(left.value), encodeOne(right.value));
  if (order === 0) return left.inclusive ? right : left;
  return order > 0 ? left : right;
}

function rangeTag({ lower, upper }: Range): number {
  return keyTagOf((lower ?? upper)!.value);
}

function encodeOne(value: BsonValue, isDescending = false): Buffer {
  return writer.reset().value(value, isDescending).take();
}

function encodePoints(values: readonly BsonValue[], isDescending: boolean): Buffer[] {
  const distinct = new Map<string, Buffer>();
  for (const value of values) {
    const point = encodeOne(value, isDescending);
    distinct.set(point.toString('latin1'), point);
  }
  return [...distinct.values()].sort((left, right) => Buffer.compare(left, right));
}

/** A range covers only values of its bounds' type, as MongoDB compares them. */
function rangeAfter(prefix: Buffer, range: Range, isDescending: boolean): KeyRange {
  const tag = rangeTag(range);
  const { lower, upper } = range;
  if (!isDescending) {
    return {
      lower: lower
        ? edge(prefix, encodeOne(lower.value), !lower.inclusive)
        : edge(prefix, lowestOfType(tag), false),
      upper: upper
        ? edge(prefix, encodeOne(upper.value), upper.inclusive)
        : edge(prefix, Buffer.from([tag + 1]), false),
    };
  }
  // The largest value comes first: what follows a bound in ascending order precedes it here.
  return {
    lower: upper
      ? edge(prefix, encodeOne(upper.value, true), !upper.inclusive)
      : edge(prefix, Buffer.from([~tag & 0xff]), false),
    upper: lower
      ? edge(prefix, encodeOne(lower.value, true), lower.inclusive)
      : edge(prefix, endOfTypeDescending(tag), false),
  };
}

function edge(prefix: Buffer, bound: Buffer, isAfter: boolean): Buffer {
  return Buffer.concat(isAfter ? [prefix, bound, AFTER_ALL] : [prefix, bound]);
}

/** NaN is filed below all numbers but is in no range of them. */
function lowestOfType(tag: number): Buffer {
  return Buffer.from(tag === KEY_TAG.number ? [tag, 0x00, 0x01] : [tag]);
}

function endOfTypeDescending(tag: number): Buffer {
  const inverse = ~tag & 0xff;
  return Buffer.from(tag === KEY_TAG.number ? [inverse, 0xff, 0xfe] : [inverse + 1]);
}
