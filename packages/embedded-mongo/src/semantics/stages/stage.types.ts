import type { Pausing } from '../../pausing.js';
import type { BsonDocument, BsonValue } from '../bson-types.js';
import type { ExpressionContext } from '../expression.js';

/** What a pipeline asks of a collection, which indexes may answer. */
export interface PipelineQuery {
  readonly filter: BsonDocument;
  readonly sort?: BsonDocument;
  readonly skip?: number;
  /** At most so many; absent for all. */
  readonly limit?: number;
}

/** What a pipeline runs in. */
export interface PipelineEnvironment {
  /** The value of `$$NOW`. */
  readonly now: Date;
  /** The variables of the command's `let`. */
  readonly variables?: BsonDocument | undefined;
  /**
   * Documents of a collection of the same database, for `$lookup` and `$unionWith`; none when the
   * collection does not exist.
   */
  readonly find: (
    collection: string,
    query: PipelineQuery,
    context?: ExpressionContext,
  ) => Pausing<BsonDocument>;
  /** Throws when the time of the command is up; asked by what does much with one document. */
  readonly checkTime?: () => void;
  /** Whether it is time to let other commands run; a pipeline without it runs in one go. */
  readonly isSliceOver?: () => boolean;
}

/** Turns the documents of one stage into those of the next, and passes pauses on. */
export type Stage = (
  documents: Pausing<BsonDocument>,
  context: ExpressionContext,
) => Pausing<BsonDocument>;

/** Compiles one stage from its specification. */
export type StageCompiler = (
  spec: BsonValue,
  environment: PipelineEnvironment,
  name: string,
) => Stage;

/** Stages by name. */
export type StageTable = Readonly<Record<string, StageCompiler>>;
