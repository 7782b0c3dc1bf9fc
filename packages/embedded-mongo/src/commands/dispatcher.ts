import { locationError, MongoError, mongoError, notSupported } from '../errors.js';
import { isTask, PAUSE } from '../pausing.js';
import type { Task } from '../pausing.js';
import { decode, fieldOf, isDocument, isNumeric } from '../semantics/index.js';
import type { BsonDocument } from '../semantics/index.js';
import { ExecutionBudget } from '../planner/plan-execution.js';
import type { RequestMessage } from '../server/message-frame.js';
import { assertDatabaseName } from '../storage/catalog.js';
import { toNumber } from '../storage/index-spec.js';
import { assertApi } from './api-version.js';
import { unknownField } from './command-arguments.js';
import { assertConcerns } from './concerns.js';
import type { Command, CommandRequest, CommandTable, Engine } from './command.types.js';
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
import type { Reply } from './reply.js';
import { SESSION_COMMANDS, sessionOf } from './session.commands.js';
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
]);

/** Commands that have a `collation`. */
const COLLATED_COMMANDS = new Set([
  'aggregate',
  'count',
  'create',
  'distinct',
  'find',
  'findAndModify',
  'findandmodify',
]);

/** The largest `maxTimeMS` that MongoDB takes. */
const MAX_TIME_MS = 2_147_483_647;

/** Answers a request, or begins to, when it may take long; every error becomes a reply. */
export function answer(
  engine: Engine,
  connectionId: number,
  message: RequestMessage,
): Buffer | Task<Buffer> {
  try {
    const request = requestOf(engine, connectionId, message);
    const answered = commandNamed(request.name).run(request);
    return isTask(answered) ? inSlices(request, answered) : encoded(answered);
  } catch (error) {
    return errorReply(error);
  }
}

const encoded = (reply: Reply | Buffer): Buffer =>
  Buffer.isBuffer(reply) ? reply : encodeReply({ ...reply, ok: 1 });

/** Runs a command slice by slice, and tells it when others have written between two of them. */
function* inSlices({ budget, engine }: CommandRequest, work: Task<Reply | Buffer>): Task<Buffer> {
  try {
    for (;;) {
      budget.beginSlice();
      const step = work.next();
      if (step.done === true) return encoded(step.value);
      const { writes } = engine.file;
      yield PAUSE;
      if (engine.file.writes !== writes) budget.interrupted();
    }
  } catch (error) {
    return errorReply(error);
  } finally {
    // A request that is given up does not come to its end: what it has left is tidied up.
    work.return(NOTHING);
  }
}

const NOTHING = Buffer.alloc(0);

/** The request in a message, checked as far as all commands are alike. */
function requestOf(engine: Engine, connectionId: number, message: RequestMessage): CommandRequest {
  const body = decode(message.body);
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
  assertDatabaseName(database);
  const command = commandNamed(name);
  assertApi(name, body);
  assertFields(name, command, body, message.sequences);
  assertExplained(name, body);
  refuseTransactions(body);
  assertConcerns(name, body);
  const session = sessionOf(fieldOf(body, 'lsid'));
  if (session !== undefined) engine.cursors.touchSession(session);
  return {
    engine,
    database,
    name,
    body,
    sequences: message.sequences,
    connectionId,
    budget: new ExecutionBudget(timeLimit(body)),
  };
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
    if (field === 'collation' && COLLATED_COMMANDS.has(name)) {
      assertSimpleCollation(body[field]);
      continue;
    }
    if (command.fields.includes(field) || COMMON_FIELDS.has(field)) continue;
    if (command.refused?.includes(field) === true) {
      // Drivers send some of these as false, null or 0, which asks for nothing.
      if (isAbsent(body, field)) continue;
      throw notSupported(`The option '${field}' of '${name}'`);
    }
    throw unknownField(`${name}.${field}`);
  }
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

function timeLimit(body: BsonDocument): number {
  const limit = fieldOf(body, 'maxTimeMS');
  if (limit === undefined) return 0;
  const milliseconds = isNumeric(limit) ? toNumber(limit) : NaN;
  if (!Number.isInteger(milliseconds) || milliseconds < 0 || milliseconds > MAX_TIME_MS) {
    throw mongoError('BadValue', `${String(limit)} value for maxTimeMS is out of range`);
  }
  return milliseconds;
}
