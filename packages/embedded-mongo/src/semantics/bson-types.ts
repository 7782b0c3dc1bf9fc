import type {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'bson';

/**
 * A decoded document: a plain object whose own properties are its fields, in order. Look fields up
 * with {@link fieldOf}, because names such as `constructor` and `__proto__` are legal in BSON.
 */
export interface BsonDocument {
  [field: string]: BsonValue;
}

/** Any BSON value as the codec yields it: numbers keep their exact type in a wrapper. */
export type BsonValue =
  | null
  | boolean
  | string
  | Int32
  | Double
  | Long
  | Decimal128
  | ObjectId
  | Binary
  | Date
  | BSONRegExp
  | BSONSymbol
  | Code
  | Timestamp
  | MinKey
  | MaxKey
  | BsonValue[]
  | BsonDocument;

/** A value, or `undefined` for a field that is not there. */
export type MaybeValue = BsonValue | undefined;

/** The four numeric BSON types. */
export type BsonNumber = Int32 | Double | Long | Decimal128;

/** The names of `$type` and of MongoDB's error messages. */
export type BsonTypeName =
  | 'double'
  | 'string'
  | 'object'
  | 'array'
  | 'binData'
  | 'objectId'
  | 'bool'
  | 'date'
  | 'null'
  | 'regex'
  | 'javascript'
  | 'symbol'
  | 'javascriptWithScope'
  | 'int'
  | 'timestamp'
  | 'long'
  | 'decimal'
  | 'minKey'
  | 'maxKey';

const TYPE_OF_CLASS: Record<string, BsonTypeName> = {
  Int32: 'int',
  Double: 'double',
  Long: 'long',
  Decimal128: 'decimal',
  ObjectId: 'objectId',
  Binary: 'binData',
  BSONRegExp: 'regex',
  BSONSymbol: 'symbol',
  Timestamp: 'timestamp',
  MinKey: 'minKey',
  MaxKey: 'maxKey',
};

/** The BSON type of a decoded value, by the name MongoDB gives it. */
export function bsonTypeOf(value: BsonValue): BsonTypeName {
  if (value === null) return 'null';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (Array.isArray(value)) return 'array';
  if (value instanceof Date) return 'date';
  const tag = (value as { _bsontype?: string })._bsontype;
  if (tag === undefined) return 'object';
  if (tag === 'Code') return (value as Code).scope ? 'javascriptWithScope' : 'javascript';
  return TYPE_OF_CLASS[tag] ?? 'object';
}

/** The number that stands for each type in `$type`. */
export const BSON_TYPE_NUMBERS: Record<BsonTypeName, number> = {
  minKey: -1,
  double: 1,
  string: 2,
  object: 3,
  array: 4,
  binData: 5,
  objectId: 7,
  bool: 8,
  date: 9,
  null: 10,
  regex: 11,
  javascript: 13,
  symbol: 14,
  javascriptWithScope: 15,
  int: 16,
  timestamp: 17,
  long: 18,
  decimal: 19,
  maxKey: 127,
};

/** Whether a value is an embedded document (not an array, not one of the BSON classes). */
export function isDocument(value: unknown): value is BsonDocument {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    (value as { _bsontype?: string })._bsontype === undefined
  );
}

/** Whether a value is of one of the four numeric types. */
export function isNumeric(value: unknown): value is BsonNumber {
  if (typeof value !== 'object' || value === null) return false;
  switch ((value as { _bsontype?: string })._bsontype) {
    case 'Int32':
    case 'Double':
    case 'Long':
    case 'Decimal128':
      return true;
    default:
      return false;
  }
}

/** The value of an own field, or `undefined` when the document has none of that name. */
export function fieldOf(document: BsonDocument, name: string): MaybeValue {
  return Object.hasOwn(document, name) ? document[name] : undefined;
}

/** Sets an own field; safe for the name `__proto__`. */
export function setField(document: BsonDocument, name: string, value: BsonValue): void {
  if (name === '__proto__') {
    Object.defineProperty(document, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  } else {
    document[name] = value;
  }
}

/** A deep copy of documents and arrays; scalar values are immutable here and are shared. */
export function cloneValue<T extends BsonValue>(value: T): T {
  if (Array.isArray(value)) return value.map(cloneValue) as T;
  if (!isDocument(value)) return value;
  const copy: BsonDocument = {};
  for (const name of Object.keys(value)) setField(copy, name, cloneValue(value[name]!));
  return copy as T;
}
