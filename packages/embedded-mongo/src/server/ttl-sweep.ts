import { runToEnd } from '../pausing.js';
import { deleteDocuments } from '../commands/document-writes.js';
import { ExecutionBudget } from '../planner/plan-execution.js';
import type { BsonDocument } from '../semantics/index.js';
import type { Catalog } from '../storage/catalog.js';
import type { CollectionStore } from '../storage/collection-store.js';
import type { IndexSpec } from '../storage/index-spec.js';
import type { Log } from './embedded-server.js';

/** Expired documents are deleted in pieces of this many, so that others get their turn. */
const PIECE = 500;

/**
 * Deletes documents whose time is up by a TTL index: those with a date (or, in an array, a date) that
 * is more than `expireAfterSeconds` ago.
 * An index that cannot be swept does not keep the others from it.
 * @returns whether there may be more
 */
export function sweepExpired(catalog: Catalog, now: Date, log: Log): boolean {
  let hasMore = false;
  for (const collection of catalog.all()) {
    for (const spec of collection.specs()) {
      if (spec.expireAfterSeconds === undefined) continue;
      try {
        if (deleteExpired(collection, spec, now) === PIECE) hasMore = true;
      } catch (error) {
        const index = `index ${spec.name} of ${collection.namespace}`;
        log('error', `Documents that expire by ${index} could not be deleted: ${String(error)}`);
      }
    }
  }
  return hasMore;
}

function deleteExpired(collection: CollectionStore, spec: IndexSpec, now: Date): number {
  const path = spec.fields[0]!.path.join('.');
  const before = new Date(now.getTime() - spec.expireAfterSeconds! * 1000);
  const expired: BsonDocument = { [path]: { $lte: before } };
  const filter = spec.partialFilter ? { $and: [expired, spec.partialFilter] } : expired;
  const shape = { filter, hint: spec.name, limit: PIECE };
  return runToEnd(deleteDocuments(collection, shape, true, new ExecutionBudget())).deleted;
}
