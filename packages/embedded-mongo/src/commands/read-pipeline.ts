import { mongoError } from '../errors.js';
import type { QueryShape } from '../planner/document-query.js';
import { fieldOf, splitPipeline } from '../semantics/index.js';
import type { BsonDocument, BsonValue } from '../semantics/index.js';
import { missingField } from './command-arguments.js';
import type { CommandRequest } from './command.types.js';
import { contextOf, hintArgument } from './query-options.js';

/** The stages of an aggregation. */
export function pipelineArgument(body: BsonDocument): readonly BsonValue[] {
  const pipeline = fieldOf(body, 'pipeline');
  if (pipeline === undefined) throw missingField('aggregate.pipeline');
  if (Array.isArray(pipeline)) return pipeline;
  throw mongoError('TypeMismatch', "'pipeline' option must be specified as an array");
}

/** The beginning of a pipeline as a query, which the planner answers from indexes, and the rest. */
export function readPipeline(
  request: CommandRequest,
  stages: readonly BsonValue[],
): { shape: QueryShape; rest: readonly BsonValue[] } {
  const { filter, sort, skip, limit, rest } = splitPipeline(stages);
  const hint = hintArgument(request.body);
  return { shape: { filter, sort, skip, limit, hint, context: contextOf(request) }, rest };
}
