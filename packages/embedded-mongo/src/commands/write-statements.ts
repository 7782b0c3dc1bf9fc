import { locationError, mongoError, notSupported } from '../errors.js';
import { PAUSE } from '../pausing.js';
import type { Task } from '../pausing.js';
import { fieldOf, isDocument } from '../semantics/index.js';
import type { BsonDocument, BsonValue } from '../semantics/index.js';
import { changeCatalog } from './catalog-change.js';
import {
  booleanArgument,
  documentArgument,
  missingField,
  unknownField,
  wrongType,
} from './command-arguments.js';
import type { CommandRequest, Engine } from './command.types.js';
import type { InCollection } from './document-writes.js';
import { assertSimpleCollation } from './query-options.js';
import { tellableError } from './reply.js';
import type { Reply } from './reply.js';

/** `hello` tells drivers to send at most so many statements in one command. */
export const MAX_WRITE_BATCH_SIZE = 100_000;

/** The fields that insert, update and delete have in common. */
export const WRITE_FIELDS = ['ordered', 'bypassDocumentValidation'];

/** Of so many characters of messages on, errors are told by index and code alone, as MongoDB does. */
const MAX_MESSAGES_LENGTH = 1024 * 1024;

/**
 * Runs the statements of a write command. Each succeeds or fails by itself; after a failure an
 * ordered command stops.
 */
export function* eachStatement<T>(
  request: CommandRequest,
  statements: readonly T[],
  run: (statement: T, index: number) => Task<void> | undefined,
): Task<{ writeErrors?: Reply[] }> {
  const { body, budget } = request;
  const isOrdered = fieldOf(body, 'ordered') === undefined || booleanArgument(body, 'ordered');
  const writeErrors: Reply[] = [];
  let messagesLength = 0;
  for (const [index, statement] of statements.entries()) {
    try {
      budget.check();
      if (budget.isSliceOver()) yield PAUSE;
      const work = run(statement, index);
      if (work) yield* work;
    } catch (error) {
      const { code, message, extra } = tellableError(error);
      const isTold = messagesLength < MAX_MESSAGES_LENGTH;
      writeErrors.push({ index, code, ...(isTold ? extra : {}), errmsg: isTold ? message : '' });
      messagesLength += message.length;
      if (isOrdered) break;
    }
  }
  return writeErrors.length > 0 ? { writeErrors } : {};
}

/** @throws MongoError 16 when a write command has no statement, or too many */
export function assertBatchSize(count: number): void {
  if (count >= 1 && count <= MAX_WRITE_BATCH_SIZE) return;
  throw mongoError(
    'InvalidLength',
    `Write batch sizes must be between 1 and ${String(MAX_WRITE_BATCH_SIZE)}. Got ${String(count)} operations.`,
  );
}

/**
 * Throws for a field that a statement does not have.
 * @param where the statements' place in the command, such as `update.updates`
 */
export function assertStatementFields(
  where: string,
  statement: BsonDocument,
  known: ReadonlySet<string>,
): void {
  for (const field of Object.keys(statement)) {
    if (known.has(field)) continue;
    if (field === 'collation') {
      assertSimpleCollation(statement[field]);
      continue;
    }
    if (field === 'upsertSupplied' || field === 'sampleId') throw notSupported(`${where}.${field}`);
    throw unknownField(`${where}.${field}`);
  }
}

/** A document argument that must be there. */
export function requiredDocument(
  statement: BsonDocument,
  field: string,
  where: string,
): BsonDocument {
  const value = documentArgument(statement, field);
  if (value) return value;
  throw missingField(`${where}.${field}`);
}

/** The update of a statement: operators, a replacement or a pipeline. */
export function updateArgument(value: BsonValue): BsonDocument | BsonValue[] {
  if (isDocument(value) || Array.isArray(value)) return value;
  throw mongoError('FailedToParse', 'Update argument must be either an object or an array');
}

/** The `arrayFilters` of a statement. */
export function arrayFiltersArgument(body: BsonDocument): BsonDocument[] | undefined {
  const value = fieldOf(body, 'arrayFilters');
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw wrongType('arrayFilters', value, 'array');
  return value.map((filter, i) => {
    if (!isDocument(filter)) throw wrongType(`arrayFilters.${String(i)}`, filter, 'object');
    return filter;
  });
}

/** Constants that a statement of `update` gives its pipeline. */
export function constantsArgument(
  statement: BsonDocument,
  update: BsonDocument | BsonValue[],
): BsonDocument | undefined {
  const constants = documentArgument(statement, 'c');
  if (constants && !Array.isArray(update)) {
    throw locationError(51198, 'Constant values may only be specified for pipeline updates');
  }
  return constants;
}

/** Where an upsert of this namespace inserts; see {@link InCollection}. */
export function inCollection(engine: Engine, namespace: string): InCollection {
  return (work) => {
    const existing = engine.catalog.find(namespace);
    return existing
      ? existing.atomically(() => work(existing))
      : changeCatalog(engine, () => work(engine.catalog.create(namespace)));
  };
}
