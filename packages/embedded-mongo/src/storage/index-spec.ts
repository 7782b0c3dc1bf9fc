import { Double, Int32, Long } from 'bson';
import { mongoError, notSupported } from '../errors.js';
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

/** The languages of a text index: with English stems and stop words, or words as they stand. */
export type TextLanguage = 'english' | 'none';

/** What a text index searches. */
export interface TextOptions {
  /** The searched paths and their weights; empty with `searchesEverything`. */
  readonly weights: ReadonlyMap<string, number>;
  /** `{ '$**': 'text' }`: every string in the document. */
  readonly searchesEverything: boolean;
  readonly language: TextLanguage;
  /** The field by which a document names its own language. */
  readonly languageOverride: string;
}

/** An index as it was asked for, checked and in one form. */
export interface IndexSpec {
  readonly name: string;
  /** The key pattern as documents show it. */
  readonly key: BsonDocument;
  /** The ordinary fields; those of a text index are the ones beside its text. */
  readonly fields: readonly IndexField[];
  readonly isUnique: boolean;
  readonly isSparse: boolean;
  readonly partialFilter?: BsonDocument;
  /** Of a partial index, what documents it holds: see {@link filedFilter}. */
  readonly filed?: BsonDocument;
  readonly expireAfterSeconds?: number;
  readonly text?: TextOptions;
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
  'weights',
  'default_language',
  'language_override',
  'textIndexVersion',
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
  if (!isDocument(key)) throw mongoError('TypeMismatch', "The field 'key' must be an object");
  if (Object.keys(key).length === 0) {
    throw mongoError('CannotCreateIndex', 'Index keys cannot be an empty object');
  }
  if (typeof name !== 'string') {
    throw mongoError(
      'FailedToParse',
      "The 'name' field is a required property of an index specification",
    );
  }
  if (name === '') throw mongoError('CannotCreateIndex', 'Cannot specify an empty index name');
  if (name === '*') throw mongoError('BadValue', "The index name '*' is not valid.");
  const fields = readFields(key);
  const text = readTextOptions(key, spec);
  const isId = Object.keys(key).length === 1 && Object.hasOwn(key, '_id') && !text;
  refuseUnsupported(spec);
  for (const option of isId ? ['unique', 'sparse'] : []) {
    if (!Object.hasOwn(spec, option)) continue;
    throw mongoError(
      'InvalidIndexSpecificationOption',
      `The field '${option}' is not valid for an _id index specification.`,
    );
  }
  const partialFilter = readPartialFilter(spec, isId);
  const expireAfterSeconds = readTtl(spec, fields, isId);
  const isUnique = isTrue(spec, 'unique');
  const isSparse = isTrue(spec, 'sparse');
  if (isSparse && partialFilter) {
    throw mongoError(
      'CannotCreateIndex',
      'cannot mix "partialFilterExpression" and "sparse" options',
    );
  }
  if (text && isUnique) {
    throw mongoError('CannotCreateIndex', `Index type 'text' does not support the unique option`);
  }
  const document: BsonDocument = { v: new Int32(2), key: text ? textKeyPattern(key) : key, name };
  if (isUnique && !isId) document['unique'] = true;
  if (isSparse) document['sparse'] = true;
  if (partialFilter) document['partialFilterExpression'] = partialFilter;
  if (expireAfterSeconds !== undefined)
    document['expireAfterSeconds'] = fieldOf(spec, 'expireAfterSeconds')!;
  if (isTrue(spec, 'background')) document['background'] = true;
  if (text) Object.assign(document, textDocument(text));
  return {
    name,
    key: document['key'] as BsonDocument,
    fields,
    isUnique: isUnique || isId,
    isSparse: isSparse || Boolean(text),
    ...(partialFilter ? { partialFilter, filed: filedFilter(partialFilter) } : {}),
    ...(expireAfterSeconds === undefined ? {} : { expireAfterSeconds }),
    ...(text ? { text } : {}),
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
    if (direction === 'text' || name === '_fts' || name === '_ftsx') continue;
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
    throw mongoError(
      'CannotCreateIndex',
      '"partialFilterExpression" for an index must be a document',
    );
  }
  if (isId) throw mongoError('CannotCreateIndex', '_id index cannot be a partial index');
  assertPartialFilter(filter);
  return filter;
}

function readTtl(
  spec: BsonDocument,
  fields: readonly IndexField[],
  isId: boolean,
): number | undefined {
  const seconds = fieldOf(spec, 'expireAfterSeconds');
  if (seconds === undefined) return undefined;
  assertTtlSeconds(seconds);
  if (fields.length !== 1 || isId) throw ttlOfManyFields();
  return toNumber(seconds);
}

/**
 * Throws for a text index that expires documents. Earlier versions made such indexes, so that reading
 * the specification of one must not fail.
 */
export function refuseTextTtl({ text, expireAfterSeconds }: IndexSpec): void {
  if (text && expireAfterSeconds !== undefined) throw ttlOfManyFields();
}

function ttlOfManyFields() {
  return mongoError(
    'CannotCreateIndex',
    'TTL indexes are single-field indexes, compound indexes and the _id index do not support expireAfterSeconds',
  );
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

function readTextOptions(key: BsonDocument, spec: BsonDocument): TextOptions | undefined {
  const names = Object.keys(key).filter((name) => key[name] === 'text' && name !== '_fts');
  const isStored = Object.hasOwn(key, '_fts');
  const given = fieldOf(spec, 'weights');
  if (names.length === 0 && !isStored) {
    if (given !== undefined) {
      throw mongoError('CannotCreateIndex', "the 'weights' option is only for text indexes");
    }
    return undefined;
  }
  const weights = new Map(names.map((name) => [name, 1]));
  if (given !== undefined) {
    if (!isDocument(given)) throw mongoError('CannotCreateIndex', 'weights must be an object');
    for (const [name, weight] of Object.entries(given)) {
      const value = isNumeric(weight) ? toNumber(weight) : NaN;
      if (!(value >= 1 && value < 1_000_000_000)) {
        throw mongoError(
          'CannotCreateIndex',
          'text index weight must be in the exclusive interval (0,1000000000)',
        );
      }
      weights.set(name, value);
    }
  }
  const override = fieldOf(spec, 'language_override') ?? 'language';
  if (typeof override !== 'string' || override === '') {
    throw mongoError('CannotCreateIndex', 'language_override is not valid');
  }
  return {
    weights,
    searchesEverything: weights.delete('$**'),
    language: readLanguage(fieldOf(spec, 'default_language') ?? 'english'),
    languageOverride: override,
  };
}

/** The text language of this name. */
export function readLanguage(name: MaybeValue): TextLanguage {
  if (name === 'english' || name === 'en') return 'english';
  if (name === 'none') return 'none';
  if (typeof name !== 'string')
    throw mongoError('TypeMismatch', 'a text language must be a string');
  throw notSupported(`The text search language '${name}'`);
}

/** MongoDB shows the text fields of a pattern as `_fts` and `_ftsx`, and their names under weights. */
function textKeyPattern(key: BsonDocument): BsonDocument {
  const pattern: BsonDocument = {};
  for (const [name, direction] of Object.entries(key)) {
    if (direction === 'text' || name === '_ftsx') {
      pattern['_fts'] = 'text';
      pattern['_ftsx'] = new Int32(1);
    } else {
      pattern[name] = direction;
    }
  }
  return pattern;
}

function textDocument(text: TextOptions): BsonDocument {
  const weights: BsonDocument = {};
  if (text.searchesEverything) weights['$**'] = new Int32(1);
  for (const [name, weight] of [...text.weights].sort(([a], [b]) => (a < b ? -1 : 1))) {
    weights[name] = Number.isInteger(weight) ? new Int32(weight) : new Double(weight);
  }
  return {
    weights,
    default_language: text.language,
    language_override: text.languageOverride,
    textIndexVersion: new Int32(3),
  };
}

/** A BSON number as a JavaScript one. */
export function toNumber(value: BsonValue): number {
  if (value instanceof Long) return value.toNumber();
  if (value instanceof Int32 || value instanceof Double) return value.value;
  return Number(String(value));
}
