import type { CollectionStore } from './collection-store.js';

/** An index that disagrees with the documents. */
export interface IndexProblem {
  readonly index: string;
  readonly reason: string;
}

/** A stored document that cannot be decoded, as earlier versions could make by an update. */
export interface UnreadableDocument {
  readonly rowId: number;
  readonly reason: string;
}

/** What a check of a collection has found. */
export interface CollectionProblems {
  readonly indexes: IndexProblem[];
  readonly unreadable: UnreadableDocument[];
}

/**
 * Compares every index with the documents, in both directions: each document's keys are there, and
 * nothing else is. What an index has of a document that cannot be read is left alone.
 */
export function checkCollection(collection: CollectionStore): CollectionProblems {
  const indexes = collection.indexes.filter((index) => !index.isOnId);
  const expected = new Map(indexes.map((index) => [index, 0]));
  const problems = new Map<string, string>();
  const unreadable: UnreadableDocument[] = [];
  collection.eachDocument(
    (rowId, document) => {
      for (const index of indexes) {
        const keys = index.keysOf(document);
        expected.set(index, expected.get(index)! + keys.length);
        if (keys.every((key) => index.has(rowId, key))) continue;
        problems.set(index.spec.name, 'the entry of a document is missing');
      }
    },
    (rowId, error) => {
      unreadable.push({ rowId, reason: error instanceof Error ? error.message : String(error) });
    },
  );
  for (const [index, count] of expected) {
    let entries = index.entryCount();
    for (const { rowId } of unreadable) entries -= index.entryCountOf(rowId);
    if (problems.has(index.spec.name) || entries === count) continue;
    problems.set(index.spec.name, 'there are entries without a document');
  }
  return {
    indexes: [...problems].map(([index, reason]) => ({ index, reason })),
    unreadable,
  };
}
