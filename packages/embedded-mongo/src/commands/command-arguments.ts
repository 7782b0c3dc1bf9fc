import { locationError, mongoError } from '../errors.js';
import { bsonTypeOf, decode, fieldOf, isDocument, isNumeric } from '../semantics/index.js';
import type { BsonDocument, BsonValue } from '../semantics/index.js';
import { toNumber } from '../storage/index-spec.js';
import type { CommandRequest } from './command.types.js';

/** The collection a command is for: the value of its own name. */
export function namespaceOf({ database, name, body }: CommandRequest): string {
  const collection = fieldOf(body, name);
  if (typeof collection !== 'string') {
    throw mongoError(
      'InvalidNamespace',
      `collection name has invalid type ${collection === undefined ? 'missing' : bsonTypeOf(collection)}`,
    );
  }
  if (collection === '' || collection.startsWith('.') || collection.includes('\0')) {
    throw mongoError('InvalidNamespace', `Invalid namespace specified '${database}.${collection}'`);
  }
  return `${database}.${collection}`;
}

/** A document argument. */
export function documentArgument(body: BsonDocument, field: string): BsonDocument | undefined {
  const value = fieldOf(body, field);
  if (value === undefined) return undefined;
  if (!isDocument(value)) throw wrongType(field, value, 'object');
  return value;
}

/**
 * A document argument whose own fields are known.
 * @throws MongoError 40415 for a field beside them
 */
export function closedDocumentArgument(
  body: BsonDocument,
  field: string,
  known: readonly string[],
): BsonDocument | undefined {
  const value = documentArgument(body, field);
  const unknown = Object.keys(value ?? {}).find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownField(`${field}.${unknown}`);
  return value;
}

/** The batch size that the `cursor` of a command asks for. */
export function cursorBatchSize(body: BsonDocument): number | undefined {
  return countArgument(closedDocumentArgument(body, 'cursor', ['batchSize']) ?? {}, 'batchSize');
}

/** A boolean argument; MongoDB takes numbers for it too. */
export function booleanArgument(body: BsonDocument, field: string): boolean {
  const value = fieldOf(body, field);
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  if (isNumeric(value)) return toNumber(value) !== 0;
  throw wrongType(field, value, 'bool');
}

/** A whole number of at least `minimum`. */
export function countArgument(body: BsonDocument, field: string, minimum = 0): number | undefined {
  const value = fieldOf(body, field);
  if (value === undefined || value === null) return undefined;
  if (!isNumeric(value)) throw wrongType(field, value, 'number');
  const number = Math.trunc(toNumber(value));
  if (Number.isNaN(number)) throw wrongType(field, value, 'number');
  if (number < minimum) {
    throw locationError(
      51024,
      `BSON field '${field}' value must be >= ${String(minimum)}, actual value '${String(number)}'`,
    );
  }
  return number;
}

/** A string argument. */
export function stringArgument(body: BsonDocument, field: string): string | undefined {
  const value = fieldOf(body, field);
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw wrongType(field, value, 'string');
  return value;
}

/** An argument that is a list of documents, in the command or sent beside it. */
export function documentList(request: CommandRequest, field: string): BsonDocument[] {
  const sequence = request.sequences.get(field);
  if (sequence) return sequence.map((bytes) => decode(bytes));
  const value = fieldOf(request.body, field);
  if (value === undefined) {
    throw missingField(`${request.name}.${field}`);
  }
  if (!Array.isArray(value)) throw wrongType(field, value, 'array');
  return value.map((item, i) => {
    if (!isDocument(item)) throw wrongType(`${field}.${String(i)}`, item, 'object');
    return item;
  });
}

/** The error for a field that no version of the command has. */
export function unknownField(field: string) {
  return locationError(40415, `BSON field '${field}' is an unknown field.`);
}

/** The error for a field that a command or statement must have. */
export function missingField(field: string) {
  return locationError(40414, `BSON field '${field}' is missing but a required field`);
}

/** The error for an argument of another type than the command takes. */
export function wrongType(field: string, value: BsonValue, expected: string) {
  return mongoError(
    'TypeMismatch',
    `BSON field '${field}' is the wrong type '${bsonTypeOf(value)}', expected type '${expected}'`,
  );
}
