import type { Document } from 'mongodb';

/** An index to have in place; answers must not depend on it. */
export interface CaseIndex {
  readonly key: Document;
  readonly sparse?: boolean;
  readonly partialFilterExpression?: Document;
}

interface Common {
  readonly documents: readonly Document[];
  readonly indexes: readonly CaseIndex[];
}

/** A query, whose answer is a list of documents in order. */
export interface FindCase extends Common {
  readonly kind: 'find';
  readonly filter: Document;
  readonly sort?: Document | undefined;
  readonly projection?: Document | undefined;
  readonly skip?: number | undefined;
  readonly limit?: number | undefined;
  /** A path whose distinct values are asked for, too. */
  readonly distinct?: string | undefined;
  /** Documents per batch, so that there are several. */
  readonly batchSize?: number | undefined;
}

/** An update, whose answer is its counts and the documents afterwards. */
export interface UpdateCase extends Common {
  readonly kind: 'update';
  readonly filter: Document;
  readonly update: Document | Document[];
  readonly multi: boolean;
  readonly upsert: boolean;
  readonly arrayFilters?: Document[] | undefined;
}

/** An aggregation over a collection and, for joins, a second one. */
export interface AggregateCase extends Common {
  readonly kind: 'aggregate';
  readonly others: readonly Document[];
  readonly pipeline: Document[];
  /** Whether MongoDB leaves the order of the results open. */
  readonly unordered: boolean;
}

/** Writes in one ordered batch under a unique index on `k`, whose answer is their outcome and the documents afterwards. */
export interface BatchCase extends Common {
  readonly kind: 'batch';
  /** What the unique index holds. */
  readonly unique: Document;
  readonly operations: readonly Document[];
}

/** One comparison of the embedded database with a reference server. */
export type Case = FindCase | UpdateCase | AggregateCase | BatchCase;

/** What a server made of a case: EJSON text, so that types and field order count. */
export type Answer = { readonly result: string } | { readonly error: number };
