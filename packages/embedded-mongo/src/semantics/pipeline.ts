import { locationError, mongoError, notSupported } from '../errors.js';
import { firstOf, PAUSE, runToEnd } from '../pausing.js';
import type { Pausing } from '../pausing.js';
import { fieldOf, isDocument } from './bson-types.js';
import type { BsonDocument, BsonValue } from './bson-types.js';
import { checkVariableName } from './expressions/array.operators.js';
import { compileExpression } from './expression.js';
import type { ExpressionContext, Scope } from './expression.js';
import { exactInt64 } from './numbers.js';
import { FLOW_STAGES } from './stages/flow.stages.js';
import { GROUPING_STAGES } from './stages/grouping.stages.js';
import { joiningStages } from './stages/joining.stages.js';
import { SHAPING_STAGES } from './stages/shaping.stages.js';
import type { PipelineEnvironment, Stage, StageTable } from './stages/stage.types.js';

export type { PipelineEnvironment } from './stages/stage.types.js';

/** A compiled pipeline; documents are asked for one by one, as far as the stages allow. */
export type Pipeline = (documents: Pausing<BsonDocument>) => Pausing<BsonDocument>;

const STAGES: StageTable = {
  ...FLOW_STAGES,
  ...SHAPING_STAGES,
  ...GROUPING_STAGES,
  ...joiningStages(compileStages, splitPipeline),
};

/** Stages that MongoDB has and this database refuses. */
const REFUSED_STAGES = new Set([
  '$bucketAuto',
  '$changeStream',
  '$changeStreamSplitLargeEvent',
  '$collStats',
  '$currentOp',
  '$densify',
  '$documents',
  '$fill',
  '$geoNear',
  '$graphLookup',
  '$indexStats',
  '$listLocalSessions',
  '$listSampledQueries',
  '$listSessions',
  '$merge',
  '$out',
  '$planCacheStats',
  '$redact',
  '$search',
  '$searchMeta',
  '$setWindowFields',
  '$shardedDataDistribution',
  '$vectorSearch',
]);

/** One stage of a pipeline: its name and specification. */
function readStage(stage: BsonValue): { name: string; spec: BsonValue } {
  if (!isDocument(stage)) {
    throw mongoError('TypeMismatch', "Each element of the 'pipeline' array must be an object");
  }
  const [name, extra] = Object.keys(stage);
  if (name === undefined || extra !== undefined) {
    throw locationError(
      40323,
      'A pipeline stage specification object must contain exactly one field.',
    );
  }
  return { name, spec: stage[name]! };
}

function refusedStage(name: string) {
  // What a standalone MongoDB says, too.
  if (name === '$changeStream') {
    return locationError(40573, 'The $changeStream stage is only supported on replica sets');
  }
  return notSupported(`The stage ${name}`);
}

function compileStages(stages: readonly BsonValue[], environment: PipelineEnvironment): Stage {
  const compiled = stages.map((stage) => {
    const { name, spec } = readStage(stage);
    if (REFUSED_STAGES.has(name)) throw refusedStage(name);
    if (!Object.hasOwn(STAGES, name)) {
      throw locationError(40324, `Unrecognized pipeline stage name: '${name}'`);
    }
    return STAGES[name]!(spec, environment, name);
  });
  const { isSliceOver } = environment;
  if (!isSliceOver) {
    return (documents, context) =>
      compiled.reduce((stream, stage) => stage(stream, context), documents);
  }
  // Also before the first: $facet gives each of its pipelines documents that have been read already.
  return (documents, context) =>
    compiled.reduce(
      (stream, stage) => withPauses(stage(stream, context), isSliceOver),
      withPauses(documents, isSliceOver),
    );
}

/** A stage may hand out many documents without asking for one, as $group and $unwind do. */
function* withPauses(
  documents: Pausing<BsonDocument>,
  isSliceOver: () => boolean,
): Pausing<BsonDocument> {
  for (const document of documents) {
    if (document !== PAUSE && isSliceOver()) yield PAUSE;
    yield document;
  }
}

/**
 * Compiles an aggregation pipeline.
 * @throws MongoError 40324 for a stage MongoDB has not, 115 `CommandNotSupported` for one that this
 *   database has not, and the stages' own errors
 */
export function compilePipeline(
  stages: readonly BsonValue[],
  environment: PipelineEnvironment,
): Pipeline {
  const stage = compileStages(stages, environment);
  const context = contextOf(environment);
  return (documents) => stage(documents, context);
}

/** The context of a command: its moment, its `let` variables. */
export function contextOf(
  environment: Pick<PipelineEnvironment, 'now' | 'variables' | 'checkTime'>,
): ExpressionContext {
  const { now, variables = {}, checkTime } = environment;
  let scope: Scope | undefined;
  for (const name of Object.keys(variables)) {
    checkVariableName(name);
    assertConstant(variables[name]!);
    const value = compileExpression(variables[name]!)({}, { now, scope, checkTime });
    scope = { name, value, outer: scope };
  }
  return { now, scope, checkTime };
}

/** The variables of a command are worked out before there is a document. */
function assertConstant(operand: BsonValue): void {
  if (typeof operand === 'string') {
    if (/^\$(?!\$)|^\$\$(ROOT|CURRENT)(?![A-Za-z0-9_])/.test(operand)) throw readsDocument();
  } else if (Array.isArray(operand)) {
    operand.forEach(assertConstant);
  } else if (isDocument(operand)) {
    for (const name of Object.keys(operand)) {
      const inner = operand[name]!;
      if (name === '$literal') continue;
      if (name === '$getField' && !(isDocument(inner) && Object.hasOwn(inner, 'input'))) {
        throw readsDocument();
      }
      assertConstant(inner);
    }
  }
}

const readsDocument = () =>
  locationError(
    4890500,
    'Command let Expression tried to access a field, but this is not allowed because command let expressions run before the query examines any documents.',
  );

/** What a pipeline begins with, in the terms of a `find`; the rest has to be run on its results. */
export interface PipelineStart {
  readonly filter: BsonDocument;
  readonly sort?: BsonDocument;
  readonly skip?: number;
  readonly limit?: number;
  readonly rest: readonly BsonValue[];
}

/**
 * Takes the leading `$match`, `$sort`, `$skip` and `$limit` (in this order) off a pipeline, so that
 * a planner can answer them by an index.
 */
export function splitPipeline(stages: readonly BsonValue[]): PipelineStart {
  const filters: BsonDocument[] = [];
  let next = 0;
  const peek = (name: string): BsonValue | undefined => {
    const stage = stages[next];
    return isDocument(stage) && Object.keys(stage).length === 1 ? fieldOf(stage, name) : undefined;
  };
  for (let filter = peek('$match'); isDocument(filter); filter = peek('$match')) {
    filters.push(filter);
    next += 1;
  }
  const sort = peek('$sort');
  const sorted = isDocument(sort) && Object.keys(sort).length > 0;
  if (sorted) next += 1;
  const skip = countOf(peek('$skip'), 0n);
  if (skip !== undefined) next += 1;
  const limit = countOf(peek('$limit'), 1n);
  if (limit !== undefined) next += 1;
  return {
    filter: conjunctionOf(filters),
    ...(sorted && { sort }),
    ...(skip !== undefined && { skip }),
    ...(limit !== undefined && { limit }),
    rest: stages.slice(next),
  };
}

function conjunctionOf(filters: readonly BsonDocument[]): BsonDocument {
  const [first = {}, second] = filters;
  return second === undefined ? first : { $and: [...filters] };
}

function countOf(spec: BsonValue | undefined, least: bigint): number | undefined {
  const integer = exactInt64(spec);
  return integer === undefined || integer < least ? undefined : Number(integer);
}

/** The stages that may stand in an update. */
const UPDATE_STAGES = new Set([
  '$addFields',
  '$set',
  '$project',
  '$unset',
  '$replaceRoot',
  '$replaceWith',
]);

/**
 * Compiles an update given as a pipeline.
 * @throws MongoError 72 `InvalidOptions` for a stage that an update can't have
 */
export function compilePipelineUpdate(
  stages: readonly BsonValue[],
  { now, variables, checkTime }: Pick<PipelineEnvironment, 'now' | 'variables' | 'checkTime'>,
): (document: BsonDocument) => BsonDocument {
  for (const stage of stages) {
    const { name } = readStage(stage);
    if (!UPDATE_STAGES.has(name)) {
      throw Object.hasOwn(STAGES, name) || REFUSED_STAGES.has(name)
        ? mongoError('InvalidOptions', `${name} is not allowed to be used within an update`)
        : locationError(40324, `Unrecognized pipeline stage name: '${name}'`);
    }
  }
  const pipeline = compilePipeline(stages, {
    now,
    variables,
    find: () => [],
    ...(checkTime && { checkTime }),
  });
  return (document) => runToEnd(firstOf(pipeline([document])))!;
}
