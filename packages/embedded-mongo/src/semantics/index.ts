export {
  assertStorableDepth,
  decode,
  encode,
  encodeReadable,
  MAX_NESTING_DEPTH,
  serialized,
} from './codec.js';
export { bsonTypeOf, cloneValue, fieldOf, isDocument, isNumeric, setField } from './bson-types.js';
export type {
  BsonDocument,
  BsonNumber,
  BsonTypeName,
  BsonValue,
  MaybeValue,
} from './bson-types.js';
export {
  comparableTypes,
  compareBson,
  compareStrings,
  equalsBson,
  identicalBson,
  typeRank,
} from './compare.js';
export { indexKeyTuples, indexKeyValues, parsePath, pathExists, plainValueAt } from './path.js';
export type { Path } from './path.js';
export { compileFilter, isOperatorDocument } from './filter.js';
export type { Filter } from './filter.js';
export { typesWanted } from './filter-values.js';
export type { MatchPosition } from './path.js';
export { analyseFilter } from './filter-analysis.js';
export type { Bound, FilterAnalysis, PathPredicate } from './filter-analysis.js';
export { compileSort, parseSort } from './sort.js';
export type { Sort, SortField, SortKey } from './sort.js';
export type { ExpressionContext } from './expression.js';
export { compileUpdate, withIdFirst } from './update.js';
export type { ApplyOptions, Update, UpdateOptions, UpdateResult } from './update.js';
export { upsertSeed } from './upsert-seed.js';
export { compileProjection } from './projection.js';
export type { Projection, ProjectionInput, ProjectionMode } from './projection.js';
export { compileExpression, isTruthy } from './expression.js';
export { compilePipeline, contextOf, splitPipeline } from './pipeline.js';
export type { Pipeline, PipelineEnvironment, PipelineStart } from './pipeline.js';
export { canonicalKey } from './canonical-key.js';
