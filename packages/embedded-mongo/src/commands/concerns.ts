import { mongoError } from '../errors.js';
import { fieldOf, isDocument, isNumeric } from '../semantics/index.js';
import type { BsonDocument } from '../semantics/index.js';
import { toNumber } from '../storage/index-spec.js';
import { closedDocumentArgument } from './command-arguments.js';

const READ_CONCERN_FIELDS = ['level', 'afterClusterTime', 'provenance'];
const WRITE_CONCERN_FIELDS = ['w', 'j', 'wtimeout', 'fsync', 'provenance'];
const READ_CONCERN_LEVELS = ['local', 'available', 'majority', 'linearizable'];

/** Commands that read documents. */
const READING = new Set(['find', 'aggregate', 'count', 'distinct', 'explain']);

/** Commands that write, beside an aggregation that ends with a stage that does. */
const WRITING = new Set([
  'insert',
  'update',
  'delete',
  'findAndModify',
  'findandmodify',
  'create',
  'drop',
  'dropDatabase',
  'renameCollection',
  'collMod',
  'createIndexes',
  'dropIndexes',
  'deleteIndexes',
]);

/**
 * A single server gives the strongest read and write concern it can be asked for.
 * @throws MongoError 72 when the command can't be asked for it, or the level is not supported
 */
export function assertConcerns(name: string, body: BsonDocument): void {
  const readConcern = closedDocumentArgument(body, 'readConcern', READ_CONCERN_FIELDS);
  if (readConcern && !READING.has(name) && Object.keys(readConcern).length > 0) {
    throw mongoError('InvalidOptions', `Command ${name} does not support readConcern`);
  }
  const level = readConcern && fieldOf(readConcern, 'level');
  if (level !== undefined && !READ_CONCERN_LEVELS.includes(String(level))) {
    throw mongoError('InvalidOptions', `read concern level ${String(level)} is not supported`);
  }
  const writeConcern = closedDocumentArgument(body, 'writeConcern', WRITE_CONCERN_FIELDS);
  if (writeConcern && !WRITING.has(name) && !isWritingAggregation(name, body)) {
    throw mongoError('InvalidOptions', `Command ${name} does not support writeConcern`);
  }
  const w = writeConcern && fieldOf(writeConcern, 'w');
  if (w === undefined || w === 'majority') return;
  if (!isNumeric(w) || toNumber(w) > 1) {
    throw mongoError('BadValue', "cannot use 'w' > 1 when a host is not replicated");
  }
}

function isWritingAggregation(name: string, body: BsonDocument): boolean {
  if (name !== 'aggregate' || fieldOf(body, 'explain') === true) return false;
  const pipeline = fieldOf(body, 'pipeline');
  const last = Array.isArray(pipeline) ? pipeline.at(-1) : undefined;
  return isDocument(last) && (Object.hasOwn(last, '$out') || Object.hasOwn(last, '$merge'));
}
