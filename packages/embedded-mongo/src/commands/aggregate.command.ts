import { Int32 } from 'bson';
import { locationError, mongoError, notSupported } from '../errors.js';
import {
  compileExpression,
  compilePipeline,
  encode,
  fieldOf,
  identicalBson,
  isDocument,
  isNumeric,
} from '../semantics/index.js';
import type { BsonDocument, BsonValue, PipelineEnvironment } from '../semantics/index.js';
import { PAUSE } from '../pausing.js';
import type { Pause, Pausing, Task } from '../pausing.js';
import { checkQuery, DocumentQuery } from '../planner/document-query.js';
import { toNumber } from '../storage/index-spec.js';
import {
  booleanArgument,
  cursorBatchSize,
  documentArgument,
  namespaceOf,
} from './command-arguments.js';
import type { Command, CommandRequest, CommandTable } from './command.types.js';
import { explainCommand } from './explain.command.js';
import { contextOf } from './query-options.js';
import { pipelineArgument, readPipeline } from './read-pipeline.js';
import { FIRST_BATCH_SIZE, openCursor } from './read.commands.js';
import { cursorReply } from './reply.js';
import type { Reply } from './reply.js';
import { splitWritingStage } from './writing-stages.js';

const aggregate: Command = {
  fields: [
    'pipeline',
    'cursor',
    'allowDiskUse',
    'hint',
    'let',
    'bypassDocumentValidation',
    'explain',
  ],
  refused: ['exchange', 'fromMongos', 'needsMerge', 'isMapReduceCommand', 'collectionUUID'],
  *run(request): Task<Reply | Buffer> {
    const { body, database } = request;
    const collection = fieldOf(body, 'aggregate');
    const isOnCollection = typeof collection === 'string';
    if (!isOnCollection && !(isNumeric(collection) && toNumber(collection) === 1)) {
      throw mongoError(
        'FailedToParse',
        "Invalid command format: the 'aggregate' field must specify a collection name or 1",
      );
    }
    const isExplained = booleanArgument(body, 'explain');
    if (isExplained && !isOnCollection) throw notSupported('explain of a pipeline of the database');
    if (isExplained) return yield* explainCommand(request, 'queryPlanner');
    if (!Object.hasOwn(body, 'cursor')) {
      throw mongoError(
        'FailedToParse',
        "The 'cursor' option is required, except for aggregate with the explain argument",
      );
    }
    const batchSize = cursorBatchSize(body) ?? FIRST_BATCH_SIZE;
    const { stages, write } = splitWritingStage(request, pipelineArgument(body));
    const namespace = isOnCollection ? namespaceOf(request) : `${database}.$cmd.aggregate`;
    const results = isOnCollection
      ? yield* runPipeline(request, namespace, stages)
      : runDocuments(request, stages);
    if (!write) return yield* openCursor(request, namespace, results, { batchSize });
    yield* write(results);
    return cursorReply('firstBatch', namespace, 0n, []);
  },
};

/** A pipeline of the database itself: it begins with the documents that it works on. */
function runDocuments(request: CommandRequest, stages: readonly BsonValue[]): Pausing<Uint8Array> {
  const [first, ...rest] = stages;
  const [name = ''] = isDocument(first) ? Object.keys(first) : [];
  const operand = isDocument(first) ? fieldOf(first, '$documents') : undefined;
  const environment = environmentOf(request);
  if (operand === undefined) {
    // Names what is wrong with the stage, if that is more than that it wants a collection.
    compilePipeline(stages, environment);
    throw mongoError(
      'InvalidNamespace',
      `{aggregate: 1} is not valid for '${name}'; a collection is required.`,
    );
  }
  const documents = compileExpression(operand)({}, contextOf(request)) ?? null;
  if (!Array.isArray(documents) || !documents.every(isDocument)) {
    throw locationError(40228, '$documents takes an array of documents');
  }
  return encoded(compilePipeline(rest, environment)(documents));
}

function* runPipeline(
  request: CommandRequest,
  namespace: string,
  stages: readonly BsonValue[],
): Task<Pausing<Uint8Array>> {
  const { shape, rest } = readPipeline(request, stages);
  const collection = request.engine.catalog.find(namespace);
  if (!collection) checkQuery(shape);
  const query = collection && new DocumentQuery(collection, shape, request.budget);
  const counted = countStage(rest);
  if (counted) {
    const count = query ? yield* query.count() : 0;
    return count === 0 ? [] : [encode(counted(count))];
  }
  if (rest.length === 0) return storedDocuments(query);
  const run = compilePipeline(rest, environmentOf(request));
  return encoded(run(queriedDocuments(query)));
}

function* storedDocuments(query: DocumentQuery | undefined): Generator<Uint8Array | Pause> {
  for (const found of query?.run() ?? []) yield found === PAUSE ? PAUSE : found.bytes;
}

function* queriedDocuments(query: DocumentQuery | undefined): Generator<BsonDocument | Pause> {
  for (const found of query?.run() ?? []) yield found === PAUSE ? PAUSE : found.document;
}

function* encoded(documents: Pausing<BsonDocument>): Generator<Uint8Array | Pause> {
  for (const document of documents) yield document === PAUSE ? PAUSE : encode(document);
}

/** What stages can reach beside their input: other collections of the database, through the planner. */
function environmentOf(request: CommandRequest): PipelineEnvironment {
  const { body, budget, database, engine } = request;
  return {
    now: engine.now(),
    variables: documentArgument(body, 'let'),
    checkTime: () => {
      budget.check();
    },
    isSliceOver: budget.isSliceOver,
    *find(name, query, context) {
      const collection = engine.catalog.find(`${database}.${name}`);
      if (!collection) return;
      budget.check();
      for (const found of new DocumentQuery(collection, { ...query, context }, budget).run()) {
        yield found === PAUSE ? PAUSE : found.document;
      }
    },
  };
}

/**
 * What counts the documents instead of passing them on: `$count`, or the `$group` that drivers send
 * for `countDocuments`.
 * @returns how to answer with the count
 */
function countStage(rest: readonly BsonValue[]): ((count: number) => BsonDocument) | undefined {
  const [stage] = rest;
  if (rest.length !== 1 || !isDocument(stage)) return undefined;
  const name = fieldOf(stage, '$count');
  if (typeof name === 'string' && /^[^$.\0][^.\0]*$/.test(name)) {
    return (count) => ({ [name]: new Int32(count) });
  }
  const group = fieldOf(stage, '$group');
  if (!isDocument(group) || Object.keys(group).join() !== '_id,n') return undefined;
  const id = group['_id']!;
  const isConstant = id === null || isNumeric(id);
  const countsOne = identicalBson(group['n'], { $sum: new Int32(1) });
  return isConstant && countsOne ? (count) => ({ _id: id, n: new Int32(count) }) : undefined;
}

/** The aggregation command. */
export const AGGREGATE_COMMANDS: CommandTable = { aggregate };
