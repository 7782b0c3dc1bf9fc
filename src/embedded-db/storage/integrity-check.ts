import type { CollectionStore } from './collection-store.js';

/** An index that disagrees with the documents. */
export interface IndexProblem {
  readonly index: string;
  readonly reason: string;
}

/**
 * Compares every index with the documents, in both directions: each document's keys are there, and
 * nothing else is.
 */
export function checkCollection(collection: CollectionStore): IndexProblem[] {
  const indexes = collection.indexes.filter((index) => !index.isOnId);
  const expected = new Map(indexes.map((index) => [index, 0]));
  const text = collection.textIndex;
  const problems = new Map<string, string>();
  collection.eachDocument((rowId, document) => {
    for (const index of indexes) {
      const keys = index.keysOf(document);
      expected.set(index, expected.get(index)! + keys.length);
      if (keys.every((key) => index.has(rowId, key))) continue;
      problems.set(index.spec.name, 'the entry of a document is missing');
    }
    if (text?.has(rowId, document) === false) {
      problems.set(text.spec.name, 'the entry of a document is missing, or one is left over');
    }
  });
  for (const [index, count] of expected) {
    if (problems.has(index.spec.name) || index.entryCount() === count) continue;
    problems.set(index.spec.name, 'there are entries without a document');
  }
  return [...problems].map(([index, reason]) => ({ index, reason }));
}
