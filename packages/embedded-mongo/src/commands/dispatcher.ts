import { locationError, MongoError, mongoError, notSupported } from '../errors.js';
import { decode, fieldOf, isDocument, isNumeric } from '../semantics/index.js';
import type { BsonDocument } from '../semantics/index.js';
import { ExecutionBudget } from '../planner/plan-execution.js';
import type { RequestMessage } from '../server/message-frame.js';
import { toNumber } from '../storage/index-spec.js';
import { closedDocumentArgument, unknownField } from './command-arguments.js';
import type { Command, CommandTable, Engine } from './command.types.js';
import { AGGREGATE_COMMANDS } from './aggregate.command.js';
import { CATALOG_COMMANDS } from './catalog.commands.js';
import { DIAGNOSTIC_COMMANDS } from './diagnostic.commands.js';
import { DISTINCT_COMMANDS } from './distinct.command.js';
import { EXPLAIN_COMMANDS } from './explain.command.js';
import { HANDSHAKE_COMMANDS } from './handshake.commands.js';
import { INDEX_COMMANDS } from './index.commands.js';
import { assertSimpleCollation } from './query-options.js';
import { READ_COMMANDS } from './read.commands.js';
import { encodeReply, errorReply } from './reply.js';
import { SESSION_COMMANDS } from './session.commands.js';
import { WRITE_COMMANDS } from './write.commands.js';

const COMMANDS: CommandTable = {
  ...HANDSHAKE_COMMANDS,
  ...READ_COMMANDS,
  ...AGGREGATE_COMMANDS,
  ...DISTINCT_COMMANDS,
  ...EXPLAIN_COMMANDS,
  ...WRITE_COMMANDS,
  ...CATALOG_COMMANDS,
  ...INDEX_COMMANDS,
  ...DIAGNOSTIC_COMMANDS,
  ...SESSION_COMMANDS,
};

/** Commands that MongoDB has: refusing them differs from not knowing them. */
const MONGODB_COMMANDS = new Set([
  'abortTransaction',
  'aggregate',
  'authenticate',
  'autoCompact',
  'bulkWrite',
  'clone',
  'cloneCollectionAsCapped',
  'collMod',
  'commitTransaction',
  'compact',
  'convertToCapped',
  'createRole',
  'createUser',
  'currentOp',
  'dataSize',
  'dbHash',
  'distinct',
  'dropUser',
  'explain',
  'filemd5',
  'fsync',
  'fsyncUnlock',
  'getLog',
  'getCmdLineOpts',
  'killOp',
  'listCommands',
  'logRotate',
  'logout',
  'mapReduce',
  'planCacheClear',
  'profile',
  'reIndex',
  'replSetGetStatus',
  'rolesInfo',
  'saslContinue',
  'saslStart',
  'setParameter',
  'shutdown',
  'startSession',
  'top',
  'updateUser',
  'usersInfo',
  'geoSearch',
  'createSearchIndexes',
  'dropSearchIndex',
  'updateSearchIndex',
  'listSearchIndexes',
  'enableSharding',
  'shardCollection',
  'setFeatureCompatibilityVersion',
  'replSetInitiate',
  'replSetReconfig',
  'replSetStepDown',
  'grantRolesToUser',
  'dropAllUsersFromDatabase',
  'rotateCertificates',
  'getDefaultRWConcern',
  'setDefaultRWConcern',
  'planCacheListFilters',
  'features',
]);

/** Fields that any command may carry. */
const COMMON_FIELDS = new Set([
  'lsid',
  '$db',
  '$clusterTime',
  '$readPreference',
  'readConcern',
  'writeConcern',
  'comment',
  'maxTimeMS',
  'apiVersion',
  'apiStrict',
  'apiDeprecationErrors',
  'txnNumber',
  'autocommit',
  'startTransaction',
  'collation',
]);

/** The largest `maxTimeMS` that MongoDB takes. */
const MAX_TIME_MS = 2_147_483_647;

/** Answers a request; every error becomes a reply. */
export function answer(engine: Engine, connectionId: number, message: RequestMessage): Buffer {
  try {
    const body = decode(message.body);
    const reply = dispatch(engine, connectionId, message, body);
    return Buffer.isBuffer(reply) ? reply : encodeReply({ ...reply, ok: 1 });
  } catch (error) {
    return errorReply(error);
  }
}

function dispatch(
  engine: Engine,
  connectionId: number,
  message: RequestMessage,
  body: BsonDocument,
) {
  const [name = ''] = Object.keys(body);
  const database = message.database ?? fieldOf(body, '$db');
  if (typeof database !== 'string') {
    throw locationError(40414, 'OP_MSG requests require a $db argument');
  }
  if (message.kind === 'query' && !/^(hello|ismaster)$/i.test(name)) {
    throw new MongoError(
      352,
      'UnsupportedOpQueryCommand',
      `Unsupported OP_QUERY command: ${name}. The client driver may require an upgrade.`,
    );
  }
  const command = commandNamed(name);
  assertFields(name, command, body, message.sequences);
  assertExplained(name, body);
  assertApiVersion(body);
  refuseTransactions(body);
  assertConcerns(body);
  return command.run({
    engine,
    database,
    name,
    body,
    sequences: message.sequences,
    connectionId,
    budget: new ExecutionBudget(timeLimit(body)),
  });
}

/** The command of this name. */
export function commandNamed(name: string): Command {
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name]!;
  if (MONGODB_COMMANDS.has(name)) throw notSupported(`The command '${name}'`);
  throw mongoError('CommandNotFound', `no such command: '${name}'`);
}

/** Throws for a field that the command does not have; sequences count as fields. */
export function assertFields(
  name: string,
  command: Command,
  body: BsonDocument,
  sequences: ReadonlyMap<string, unknown> = new Map(),
): void {
  for (const field of [...Object.keys(body).slice(1), ...sequences.keys()]) {
    if (command.fields.includes(field) || COMMON_FIELDS.has(field)) continue;
    if (command.refused?.includes(field) === true) {
      // Drivers send some of these as false, null or 0, which asks for nothing.
      if (isAbsent(body, field)) continue;
      throw notSupported(`The option '${field}' of '${name}'`);
    }
    throw unknownField(`${name}.${field}`);
  }
  assertSimpleCollation(fieldOf(body, 'collation'));
}

/** The command inside an `explain` is held to its own fields. */
function assertExplained(name: string, body: BsonDocument): void {
  const explained = name === 'explain' ? fieldOf(body, name) : undefined;
  if (!isDocument(explained ?? null)) return;
  const [inner = ''] = Object.keys(explained as BsonDocument);
  assertFields(inner, commandNamed(inner), explained as BsonDocument);
}

function isAbsent(body: BsonDocument, field: string): boolean {
  const value = fieldOf(body, field);
  return value === false || value === null || (isNumeric(value) && toNumber(value) === 0);
}

/** Of the versioned API there is one version, and nothing here checks what belongs to it. */
function assertApiVersion(body: BsonDocument): void {
  const version = fieldOf(body, 'apiVersion');
  if (version !== undefined && version !== '1') {
    throw mongoError('APIVersionError', `API version must be "1"`);
  }
  if (fieldOf(body, 'apiStrict') === true) throw notSupported("The option 'apiStrict'");
}

function refuseTransactions(body: BsonDocument): void {
  if (Object.hasOwn(body, 'startTransaction') || Object.hasOwn(body, 'autocommit')) {
    // Not 20, as MongoDB standing alone answers: of that drivers make an advice on retryable writes.
    throw notSupported('A transaction');
  }
  if (Object.hasOwn(body, 'txnNumber')) {
    throw mongoError(
      'IllegalOperation',
      'Transaction numbers are only allowed on a replica set member or mongos',
    );
  }
}

const READ_CONCERN_FIELDS = ['level', 'afterClusterTime', 'provenance'];
const WRITE_CONCERN_FIELDS = ['w', 'j', 'wtimeout', 'fsync', 'provenance'];
const READ_CONCERN_LEVELS = ['local', 'available', 'majority', 'linearizable'];

/** A single server gives the strongest read and write concern it can be asked for. */
function assertConcerns(body: BsonDocument): void {
  const readConcern = closedDocumentArgument(body, 'readConcern', READ_CONCERN_FIELDS);
  const level = readConcern && fieldOf(readConcern, 'level');
  if (level !== undefined && !READ_CONCERN_LEVELS.includes(String(level))) {
    throw mongoError('InvalidOptions', `read concern level ${String(level)} is not supported`);
  }
  const writeConcern = closedDocumentArgument(body, 'writeConcern', WRITE_CONCERN_FIELDS);
  const w = writeConcern && fieldOf(writeConcern, 'w');
  if (w === undefined || w === 'majority') return;
  if (!isNumeric(w) || toNumber(w) > 1) {
    throw mongoError('BadValue', "cannot use 'w' > 1 when a host is not replicated");
  }
}

function timeLimit(body: BsonDocument): number {
  const limit = fieldOf(body, 'maxTimeMS');
  if (limit === undefined) return 0;
  const milliseconds = isNumeric(limit) ? toNumber(limit) : NaN;
  if (!Number.isInteger(milliseconds) || milliseconds < 0 || milliseconds > MAX_TIME_MS) {
    throw mongoError('BadValue', `${String(limit)} value for maxTimeMS is out of range`);
  }
  return milliseconds;
}
