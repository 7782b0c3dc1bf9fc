import { mongoError } from '../errors.js';
import { PAUSE } from '../pausing.js';
import type { Task } from '../pausing.js';
import { fieldOf, isDocument } from '../semantics/index.js';
import type { BsonDocument, BsonValue } from '../semantics/index.js';
import { DocumentQuery } from '../planner/document-query.js';
import type { QueryShape } from '../planner/document-query.js';
import { explainCount, explainQuery } from '../planner/explain.js';
import type { ExplainedStage } from '../planner/explain.js';
import type { ExecutionBudget } from '../planner/plan-execution.js';
import { pipelineArgument, readPipeline } from './read-pipeline.js';
import {
  countArgument,
  documentArgument,
  namespaceOf,
  stringArgument,
} from './command-arguments.js';
import type { Command, CommandRequest, CommandTable } from './command.types.js';
import { contextOf, hintArgument } from './query-options.js';
import type { Reply } from './reply.js';

const VERBOSITIES = ['queryPlanner', 'executionStats', 'allPlansExecution'];

const explain: Command = {
  fields: ['verbosity'],
  run(request) {
    const explained = fieldOf(request.body, 'explain');
    if (!isDocument(explained))
      throw mongoError('TypeMismatch', 'explain takes a command document');
    const verbosity = stringArgument(request.body, 'verbosity') ?? 'allPlansExecution';
    if (!VERBOSITIES.includes(verbosity)) {
      throw mongoError(
        'FailedToParse',
        `verbosity string must be one of ${VERBOSITIES.join(', ')}`,
      );
    }
    const [name = ''] = Object.keys(explained);
    return explainCommand({ ...request, name, body: explained }, verbosity);
  },
};

/** What a command asks of the collection, and what it does with the documents. */
interface ExplainedCommand {
  readonly shape: QueryShape;
  /** A stage on top of the plan, such as UPDATE. */
  readonly stage?: string;
  readonly isCount?: boolean;
  /** The stages of a pipeline that the query does not cover. */
  readonly rest?: readonly BsonValue[];
}

/** Explains a command without doing what it would do. */
export function* explainCommand(request: CommandRequest, verbosity: string): Task<Reply> {
  const explained = readCommand(request);
  const namespace = namespaceOf(request);
  const collection = request.engine.catalog.find(namespace);
  const { budget } = request;
  const query = collection && new DocumentQuery(collection, explained.shape, budget);
  const queryPlanner = {
    plannerVersion: 1,
    namespace,
    parsedQuery: explained.shape.filter,
    winningPlan: query ? winningPlan(query, explained) : { stage: 'EOF' },
    rejectedPlans: [],
  };
  const isExecuted = verbosity !== 'queryPlanner';
  const executed = isExecuted
    ? { executionStats: yield* execute(query, explained, budget, queryPlanner.winningPlan) }
    : {};
  const reply = {
    explainVersion: '1',
    queryPlanner,
    ...executed,
  };
  const common = { command: request.body, serverInfo: { host: 'embedded', version: '7.0.0' } };
  if (explained.rest === undefined || explained.rest.length === 0) return { ...reply, ...common };
  return { explainVersion: '1', stages: [{ $cursor: reply }, ...explained.rest], ...common };
}

function winningPlan(query: DocumentQuery, { stage, isCount }: ExplainedCommand): ExplainedStage {
  if (isCount === true) return explainCount(query);
  const plan = explainQuery(query);
  return stage === undefined ? plan : { stage, inputStage: plan };
}

function* execute(
  query: DocumentQuery | undefined,
  { isCount }: ExplainedCommand,
  budget: ExecutionBudget,
  executionStages: ExplainedStage,
): Task<Reply> {
  const startedAt = performance.now();
  let nReturned = 0;
  if (query && isCount === true) {
    yield* query.count();
    nReturned = 1;
  } else if (query) {
    for (const found of query.run()) {
      if (found === PAUSE) yield PAUSE;
      else nReturned += 1;
    }
  }
  return {
    executionSuccess: true,
    nReturned,
    executionTimeMillis: Math.round(performance.now() - startedAt),
    totalKeysExamined: budget.keysExamined,
    totalDocsExamined: budget.documentsExamined,
    executionStages: { ...executionStages, nReturned },
  };
}

function readCommand(request: CommandRequest): ExplainedCommand {
  const { name, body } = request;
  switch (name) {
    case 'find':
      return { shape: shapeOf(request, 'filter') };
    case 'count':
      return { shape: shapeOf(request, 'query'), isCount: true };
    case 'distinct':
      return { shape: shapeOf(request, 'query') };
    case 'findAndModify':
    case 'findandmodify':
      return {
        shape: { ...shapeOf(request, 'query'), limit: 1 },
        stage: fieldOf(body, 'remove') === true ? 'DELETE' : 'UPDATE',
      };
    case 'update':
      return { shape: statementShape(request, 'updates'), stage: 'UPDATE' };
    case 'delete':
      return { shape: statementShape(request, 'deletes'), stage: 'DELETE' };
    case 'aggregate':
      return readPipeline(request, pipelineArgument(body));
    default:
      throw mongoError('CommandNotSupported', `explain of '${name}' is not supported`);
  }
}

function shapeOf(request: CommandRequest, filterField: string): QueryShape {
  const { body } = request;
  return {
    filter: documentArgument(body, filterField) ?? {},
    sort: documentArgument(body, 'sort'),
    skip: countArgument(body, 'skip'),
    limit: countArgument(body, 'limit'),
    hint: hintArgument(body),
    context: contextOf(request),
  };
}

function statementShape(request: CommandRequest, field: 'updates' | 'deletes'): QueryShape {
  const statements = fieldOf(request.body, field);
  const [statement] = Array.isArray(statements) ? statements : [];
  if (!isDocument(statement ?? null) || (statements as unknown[]).length !== 1) {
    throw mongoError('InvalidLength', 'explained write batches must be of size 1');
  }
  const { q, multi, limit, hint } = statement as BsonDocument;
  const isMulti = field === 'updates' ? multi === true : String(limit ?? 0) === '0';
  return {
    filter: isDocument(q ?? null) ? (q as BsonDocument) : {},
    hint,
    limit: isMulti ? 0 : 1,
    context: contextOf(request),
  };
}

/** The explain command. */
export const EXPLAIN_COMMANDS: CommandTable = { explain };
