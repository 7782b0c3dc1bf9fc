import { locationError, mongoError, notSupported } from '../../errors.js';
import { collected, PAUSE } from '../../pausing.js';
import { bsonTypeOf, fieldOf, isDocument, setField } from '../bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from '../bson-types.js';
import { checkVariableName } from '../expressions/array.operators.js';
import { compileExpression, parseFieldPath } from '../expression.js';
import type { ExpressionContext } from '../expression.js';
import { isArrayIndex } from '../path.js';
import type { Path } from '../path.js';
import { addToTree, computeFields, newNode } from '../projection-tree.js';
import type { PipelineEnvironment, PipelineQuery, Stage, StageTable } from './stage.types.js';

/** Compiles the pipelines inside a stage. */
type CompileStages = (stages: readonly BsonValue[], environment: PipelineEnvironment) => Stage;
/** Splits a pipeline into the query that it begins with, which indexes can answer, and the rest. */
type SplitStages = (stages: readonly BsonValue[]) => PipelineQuery & { rest: readonly BsonValue[] };

/** Stages that bring documents of other collections or pipelines together. */
export function joiningStages(compileStages: CompileStages, splitStages: SplitStages): StageTable {
  return {
    $lookup: (spec, environment) => lookup(spec, environment, compileStages),
    $unionWith: (spec, environment) => unionWith(spec, environment, compileStages, splitStages),
    $facet: (spec, environment) => facet(spec, environment, compileStages),
  };
}

const LOOKUP_OPTIONS = ['from', 'localField', 'foreignField', 'let', 'pipeline', 'as'];

function lookup(
  spec: BsonValue,
  environment: PipelineEnvironment,
  compileStages: CompileStages,
): Stage {
  if (!isDocument(spec)) {
    throw mongoError('FailedToParse', 'the $lookup specification must be an Object');
  }
  const unknown = Object.keys(spec).find((name) => !LOOKUP_OPTIONS.includes(name));
  if (unknown !== undefined) {
    throw mongoError('FailedToParse', `unknown argument to $lookup: ${unknown}`);
  }
  const { from, as } = spec;
  if (isDocument(from)) throw notSupported('$lookup from another database');
  if (typeof from !== 'string')
    throw mongoError('FailedToParse', "$lookup: 'from' must be a string");
  if (typeof as !== 'string')
    throw mongoError('FailedToParse', "must specify 'as' field for a $lookup");
  const join = compileJoin(spec);
  const variables = compileVariables(spec.let);
  const stages = pipelineOf(spec.pipeline);
  if (!join && stages === undefined) {
    throw mongoError(
      'FailedToParse',
      "$lookup requires either 'pipeline' or both 'localField' and 'foreignField' to be specified",
    );
  }
  const inner = compileStages(stages ?? [], environment);
  const target = parseFieldPath(as);
  return function* (documents, context) {
    // Without a join on fields the other collection is the same for every document.
    let everything: BsonDocument[] | undefined;
    for (const document of documents) {
      if (document === PAUSE) {
        yield PAUSE;
        continue;
      }
      environment.checkTime?.();
      const foreign = join
        ? environment.find(from, { filter: join(document) })
        : (everything ??= yield* collected(environment.find(from, { filter: {} })));
      const found = yield* collected(inner(foreign, variables(document, context)));
      const node = newNode();
      addToTree(node, target, () => found);
      yield computeFields(document, node, document, context);
    }
  };
}

/** The filter on the other collection that a document's local field makes. */
function compileJoin(spec: BsonDocument): ((document: BsonDocument) => BsonDocument) | undefined {
  const { localField, foreignField } = spec;
  if (localField === undefined && foreignField === undefined) return undefined;
  if (typeof localField !== 'string' || typeof foreignField !== 'string') {
    throw mongoError(
      'FailedToParse',
      "$lookup requires both or neither of 'localField' and 'foreignField' to be specified",
    );
  }
  const path = parseFieldPath(localField);
  parseFieldPath(foreignField);
  return (document) => {
    const found = leafValues(document, path, 0);
    // No value at all joins like null.
    const values = found.length > 0 ? found : [null];
    if (values.some((value) => bsonTypeOf(value) === 'regex')) {
      return { $or: values.map((value) => ({ [foreignField]: { $eq: value } })) };
    }
    return { [foreignField]: { $in: values } };
  };
}

/** The values at the end of a path, arrays on the way and at the end taken apart. */
function leafValues(value: MaybeValue, path: Path, from: number): BsonValue[] {
  if (from === path.length) {
    if (Array.isArray(value)) return value;
    return value === undefined ? [] : [value];
  }
  const part = path[from]!;
  if (isDocument(value)) return leafValues(fieldOf(value, part), path, from + 1);
  if (!Array.isArray(value)) return [];
  const within = value.flatMap((element) =>
    isDocument(element) ? leafValues(element, path, from) : [],
  );
  if (!isArrayIndex(part)) return within;
  return [...within, ...leafValues(value[Number(part)], path, from + 1)];
}

function compileVariables(spec: BsonValue | undefined) {
  if (spec !== undefined && !isDocument(spec)) {
    throw mongoError('FailedToParse', "$lookup argument 'let' must be an object");
  }
  const variables = Object.keys(spec ?? {}).map((name) => {
    checkVariableName(name);
    return { name, expression: compileExpression(spec![name]!) };
  });
  return (document: BsonDocument, context: ExpressionContext): ExpressionContext => {
    let scope = context.scope;
    for (const { name, expression } of variables) {
      scope = { name, value: expression(document, context), outer: scope };
    }
    return { ...context, scope };
  };
}

function pipelineOf(pipeline: BsonValue | undefined): readonly BsonValue[] | undefined {
  if (pipeline === undefined || Array.isArray(pipeline)) return pipeline;
  throw mongoError('TypeMismatch', "'pipeline' option must be specified as an array");
}

function unionWith(
  spec: BsonValue,
  environment: PipelineEnvironment,
  compileStages: CompileStages,
  splitStages: SplitStages,
): Stage {
  const options: BsonDocument = isDocument(spec) ? spec : { coll: spec };
  const unknown = Object.keys(options).find((name) => !['coll', 'pipeline'].includes(name));
  if (unknown !== undefined) {
    throw locationError(40415, `BSON field '$unionWith.${unknown}' is an unknown field.`);
  }
  const { coll } = options;
  if (typeof coll !== 'string') {
    throw mongoError(
      'FailedToParse',
      'the $unionWith stage specification must be an object or string',
    );
  }
  const stages = pipelineOf(options.pipeline) ?? [];
  // All of them are checked, also where there is no such collection.
  compileStages(stages, environment);
  const { rest, ...query } = splitStages(stages);
  const inner = compileStages(rest, environment);
  return function* (documents, context) {
    yield* documents;
    yield* inner(environment.find(coll, query, context), context);
  };
}

function facet(
  spec: BsonValue,
  environment: PipelineEnvironment,
  compileStages: CompileStages,
): Stage {
  if (!isDocument(spec) || Object.keys(spec).length === 0) {
    throw locationError(40169, 'the $facet specification must be a non-empty object');
  }
  const facets = Object.keys(spec).map((name) => {
    const stages = pipelineOf(spec[name]) ?? [];
    if (stages.some((stage) => isDocument(stage) && '$facet' in stage)) {
      throw locationError(40600, '$facet is not allowed to be used within a $facet stage');
    }
    return { name, stage: compileStages(stages, environment) };
  });
  return function* (documents, context) {
    const input = yield* collected(documents);
    const result: BsonDocument = {};
    for (const { name, stage } of facets) {
      setField(result, name, yield* collected(stage(input, context)));
    }
    yield result;
  };
}
