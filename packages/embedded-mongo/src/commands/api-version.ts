import { mongoError } from '../errors.js';
import { fieldOf, isDocument } from '../semantics/index.js';
import type { BsonDocument } from '../semantics/index.js';
import { booleanArgument, stringArgument } from './command-arguments.js';

/** What belongs to version 1 of MongoDB's stable API, of the commands there are here. */
const API_COMMANDS = new Set([
  'aggregate',
  'collMod',
  'count',
  'create',
  'createIndexes',
  'delete',
  'drop',
  'dropDatabase',
  'dropIndexes',
  'endSessions',
  'explain',
  'find',
  'findAndModify',
  'findandmodify',
  'getMore',
  'hello',
  'insert',
  'killCursors',
  'listCollections',
  'listDatabases',
  'listIndexes',
  'ping',
  'refreshSessions',
  'update',
]);

/** Fields of those commands that do not belong to it. */
const FOREIGN_FIELDS: Readonly<Record<string, readonly string[]>> = {
  find: [
    'awaitData',
    'max',
    'min',
    'noCursorTimeout',
    'oplogReplay',
    'returnKey',
    'showRecordId',
    'tailable',
  ],
  create: ['autoIndexId', 'capped', 'indexOptionDefaults', 'max', 'size', 'storageEngine'],
};

const FOREIGN_INDEX_OPTIONS = ['background', 'bucketSize', 'sparse', 'storageEngine'];

/**
 * Holds a command to the API version that its client declares; nothing in it is deprecated here.
 * @throws MongoError 322 for another version than 1, 323 for what is not part of it when the client wants
 *   nothing else, 72 for the one wish without the other
 */
export function assertApi(name: string, body: BsonDocument): void {
  const version = stringArgument(body, 'apiVersion');
  const isStrict = booleanArgument(body, 'apiStrict');
  if (version === undefined) {
    if (!Object.hasOwn(body, 'apiStrict') && !Object.hasOwn(body, 'apiDeprecationErrors')) return;
    throw mongoError(
      'InvalidOptions',
      "Must specify 'apiVersion' when specifying 'apiStrict' or 'apiDeprecationErrors'",
    );
  }
  if (version !== '1') throw mongoError('APIVersionError', 'API version must be "1"');
  booleanArgument(body, 'apiDeprecationErrors');
  if (!isStrict) return;
  if (!API_COMMANDS.has(name)) throw notInApi(`the command ${name}`);
  const field = FOREIGN_FIELDS[name]?.find((one) => Object.hasOwn(body, one));
  if (field !== undefined) throw notInApi(`the field '${name}.${field}'`);
  const option = name === 'createIndexes' ? foreignIndexOption(body) : undefined;
  if (option !== undefined) throw notInApi(`the index option '${option}'`);
}

function foreignIndexOption(body: BsonDocument): string | undefined {
  const indexes = fieldOf(body, 'indexes');
  const specs = Array.isArray(indexes) ? indexes.filter(isDocument) : [];
  return FOREIGN_INDEX_OPTIONS.find((option) => specs.some((spec) => Object.hasOwn(spec, option)));
}

const notInApi = (what: string) =>
  mongoError('APIStrictError', `Provided apiStrict:true, but ${what} is not in API Version 1`);
