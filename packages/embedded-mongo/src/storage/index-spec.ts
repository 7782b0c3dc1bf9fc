import { Double, Int32, Long } from 'bson';
import { mongoError, notSupported, WITHOUT_TEXT_INDEX } from '../errors.js';
import {
  bsonTypeOf,
  encode,
  equalsBson,
  fieldOf,
  isDocument,
  isNumeric,
} from '../semantics/index.js';
import type { BsonDocument, BsonValue, MaybeValue } from '../semantics/index.js';
import { assertPartialFilter, filedFilter } from './partial-filter.js';
import type { IndexField } from './index-keys.js';

/** An index as it was asked for, checked and in one form. */
export interface IndexSpec {
  readonly name: string;
  /** The key pattern as documents show it. */
  readonly key: BsonDocument;
  readonly fields: readonly IndexField[];
  readonly isUnique: boolean;
  readonly isSparse: boolean;
  readonly partialFilter?: BsonDocument;
  /** Of a partial index, what documents it holds: see {@link filedFilter}. */
  readonly filed?: BsonDocument;
  readonly expireAfterSeconds?: number;
  /** The whole specification as `listIndexes` answers it. */
  readonly document: BsonDocument;
}

const OPTIONS = new Set([
  'v',
  'key',
  'name',
  'ns',
  'unique',
  'sparse',
  'background',
  'partialFilterExpression',
  'expireAfterSeconds',
  'collation',
  'hidden',
]);

const MAX_TTL_SECONDS = 2_147_483_647;

/** The specification of the index that every collection has. */
export function idIndexSpec(): IndexSpec {
  return readIndexSpec({ key: { _id: new Int32(1) }, name: '_id_' });
}

/**
 * Checks a member of `createIndexes.indexes`.
 * @throws MongoError 67, 197, 9, 14 or 115 that names what is wrong or not supported
 */
export function readIndexSpec(spec: BsonDocument): IndexSpec {
  for (const option of Object.keys(spec)) {
    if (OPTIONS.has(option)) continue;
    if (MONGODB_OPTIONS.has(option)) throw notSupported(`The index option '${option}'`);
    throw mongoError(
      'InvalidIndexSpecificationOption',
      `The field '${option}' is not valid for an index specification. Specification: ${Object.keys(spec).join(', ')}`,
    );
  }
  const key = fieldOf(spec, 'key');
  const name = fieldOf(spec, 'name');
  if (key === undefined) {
    throw mongoError(
      'FailedToParse',
      "The 'key' field is a required property of an index specification",
    );
  }
  if (!isDocument(key)) throw mongoError('TypeMismatch', "The field 'key' must be an object");
  if (Object.keys(key).length === 0) {
    throw mongoError('CannotCreateIndex', 'Index keys cannot be an empty object');
  }
  if (name === undefined) {
    throw mongoError(
      'FailedToParse',
      "The 'name' field is a required property of an index specification",
    );
  }
  if (typeof name !== 'string') {
    throw mongoError('TypeMismatch', "The field 'name' must be a string");
  }
  if (name === '') throw mongoError('CannotCreateIndex', 'Cannot specify an empty index name');
  if (name === '*') throw mongoError('BadValue', "The index name '*' is not valid.");
  const fields = readFields(key);
  const isId = Object.keys(key).length === 1 && Object.hasOwn(key, '_id');
  if (name === '_id_' && !isId) {
    throw mongoError(
      'BadValue',
      "The index name '_id_' is reserved for the _id index, which must have key pattern {_id: 1}",
    );
  }
  refuseUnsupported(spec);
  for (const option of isId ? ['unique', 'sparse', 'expireAfterSeconds'] : []) {
    if (!Object.hasOwn(spec, option)) continue;
    throw mongoError(
      'InvalidIndexSpecificationOption',
      `The field '${option}' is not valid for an _id index specification.`,
    );
  }
  const partialFilter = readPartialFilter(spec, isId);
  const expireAfterSeconds = readTtl(spec, fields);
  const isUnique = isTrue(spec, 'unique');
  const isSparse = isTrue(spec, 'sparse');
  if (isSparse && partialFilter) {
    throw mongoError(
      'CannotCreateIndex',
      'cannot mix "partialFilterExpression" and "sparse" options',
    );
  }
  const document: BsonDocument = { v: new Int32(2), key, name };
  if (isUnique && !isId) document['unique'] = true;
  if (isSparse) document['sparse'] = true;
  if (partialFilter) document['partialFilterExpression'] = partialFilter;
  if (expireAfterSeconds !== undefined)
    document['expireAfterSeconds'] = fieldOf(spec, 'expireAfterSeconds')!;
  if (isTrue(spec, 'background')) document['background'] = true;
  return {
    name,
    key: document['key'] as BsonDocument,
    fields,
    isUnique: isUnique || isId,
    isSparse,
    ...(partialFilter ? { partialFilter, filed: filedFilter(partialFilter) } : {}),
    ...(expireAfterSeconds === undefined ? {} : { expireAfterSeconds }),
    document,
  };
}

/** A member of `createIndexes.indexes` without the options that MongoDB does not have either. */
export function withoutUnknownOptions(spec: BsonDocument): BsonDocument {
  return Object.fromEntries(
    Object.entries(spec).filter(([option]) => OPTIONS.has(option) || MONGODB_OPTIONS.has(option)),
  );
}

/** Whether two specifications differ in nothing but perhaps their names. */
export function isSameIndex(left: IndexSpec, right: IndexSpec): boolean {
  const shape = ({ document }: IndexSpec) =>
    Object.fromEntries(
      Object.entries(document)
        .filter(([option]) => option !== 'name' && option !== 'background')
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  return equalsBson(shape(left), shape(right));
}

/**
 * Whether two indexes cannot stand side by side, although they may differ in other options: those with
 * the same keys, filter, uniqueness and sparseness.
 */
export function isEquivalentIndex(left: IndexSpec, right: IndexSpec): boolean {
  if (left.isUnique !== right.isUnique || left.isSparse !== right.isSparse) return false;
  const signature = ({ key, partialFilter }: IndexSpec) =>
    Buffer.concat([encode({ key }), partialFilter ? encode(partialFilter) : Buffer.alloc(0)]);
  return (
    equalsBson(left.key, right.key) &&
    (equalsBson(left.partialFilter, right.partialFilter) ||
      signature(left).equals(signature(right)))
  );
}

const MONGODB_OPTIONS = new Set([
  'weights',
  'default_language',
  'language_override',
  'textIndexVersion',
  'wildcardProjection',
  'storageEngine',
  '2dsphereIndexVersion',
  'bits',
  'min',
  'max',
  'bucketSize',
  'prepareUnique',
  'clustered',
]);

function isTrue(spec: BsonDocument, option: string): boolean {
  const value = fieldOf(spec, option);
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  if (isNumeric(value)) return toNumber(value) !== 0;
  throw mongoError('TypeMismatch', `The field '${option}' has value that is not a boolean`);
}

function readFields(key: BsonDocument): IndexField[] {
  const fields: IndexField[] = [];
  for (const [name, direction] of Object.entries(key)) {
    if (name === '') throw mongoError('CannotCreateIndex', 'Index keys cannot be an empty field');
    if (direction === 'text') throw notSupported('A text index', WITHOUT_TEXT_INDEX);
    if (typeof direction === 'string') {
      if (
        ['hashed', '2d', '2dsphere', 'geoHaystack', 'columnstore', 'wildcard'].includes(direction)
      ) {
        throw notSupported(`The index type '${direction}'`);
      }
      throw mongoError('CannotCreateIndex', `Unknown index plugin '${direction}'`);
    }
    if (!isNumeric(direction) || toNumber(direction) === 0 || Number.isNaN(toNumber(direction))) {
      throw mongoError(
        'CannotCreateIndex',
        `Values in v:2 index key pattern must be numbers other than zero or strings; field '${name}' is of type ${bsonTypeOf(direction)}`,
      );
    }
    if (name.includes('$**')) throw notSupported('A wildcard index');
    const path = name.split('.');
    if (path.includes('')) {
      throw mongoError('CannotCreateIndex', `Index key '${name}' contains an empty field name`);
    }
    if (path.some((part) => part.startsWith('$') && !/^\$(ref|id|db)$/.test(part))) {
      throw mongoError(
        'CannotCreateIndex',
        "Index key contains an illegal field name: field name starts with '$'.",
      );
    }
    fields.push({ path, isDescending: toNumber(direction) < 0 });
  }
  if (fields.length > 32) {
    throw mongoError('CannotCreateIndex', 'An index may have at most 32 fields');
  }
  return fields;
}

function refuseUnsupported(spec: BsonDocument): void {
  const collation = fieldOf(spec, 'collation');
  if (
    collation !== undefined &&
    !(isDocument(collation) && fieldOf(collation, 'locale') === 'simple')
  ) {
    throw notSupported("The index option 'collation'");
  }
  if (isTrue(spec, 'hidden')) throw notSupported("The index option 'hidden'");
  const version = fieldOf(spec, 'v');
  if (version !== undefined && !(isNumeric(version) && toNumber(version) === 2)) {
    throw notSupported('An index version other than 2');
  }
}

function readPartialFilter(spec: BsonDocument, isId: boolean): BsonDocument | undefined {
  const filter = fieldOf(spec, 'partialFilterExpression');
  if (filter === undefined) return undefined;
  if (!isDocument(filter)) {
    throw mongoError('TypeMismatch', '"partialFilterExpression" for an index must be a document');
  }
  if (isId) throw mongoError('CannotCreateIndex', '_id index cannot be a partial index');
  assertPartialFilter(filter);
  return filter;
}

function readTtl(spec: BsonDocument, fields: readonly IndexField[]): number | undefined {
  const seconds = fieldOf(spec, 'expireAfterSeconds');
  if (seconds === undefined) return undefined;
  assertTtlSeconds(seconds);
  if (fields.length !== 1) {
    throw mongoError(
      'CannotCreateIndex',
      'TTL indexes are single-field indexes, compound indexes and the _id index do not support expireAfterSeconds',
    );
  }
  return toNumber(seconds);
}

/** Throws unless the value can be an index's `expireAfterSeconds`. */
export function assertTtlSeconds(seconds: MaybeValue): void {
  const value = isNumeric(seconds) ? toNumber(seconds) : NaN;
  if (!(value >= 0 && value <= MAX_TTL_SECONDS)) {
    throw mongoError(
      'CannotCreateIndex',
      `TTL index 'expireAfterSeconds' option must be within an acceptable range, 0 to ${String(MAX_TTL_SECONDS)}`,
    );
  }
}

/** A BSON number as a JavaScript one. */
export function toNumber(value: BsonValue): number {
  if (value instanceof Long) return value.toNumber();
  if (value instanceof Int32 || value instanceof Double) return value.value;
  return Number(String(value));
}
