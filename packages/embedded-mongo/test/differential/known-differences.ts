import type { Answer, Case, UpdateCase } from './case.types.js';

/**
 * Whether two answers differ in a way that is known of the reference server (DocumentDB) and not of
 * MongoDB. Differences that a generator can avoid are avoided there; see the README of the embedded
 * database for all of them.
 */
export function isKnownDifference(testCase: Case, reference: Answer, own: Answer): boolean {
  if ('error' in own && 'error' in reference) return true;
  if (testCase.kind === 'update' && 'error' in own) {
    // DocumentDB reads an update only when a document matches, counts with booleans, and looks at
    // $setOnInsert only when it inserts.
    return (
      matchedNothing(reference) ||
      (own.error === 14 && /\$(inc|mul)/.test(operatorsOf(testCase))) ||
      (own.error === 40 && operatorsOf(testCase).includes('$setOnInsert'))
    );
  }
  // DocumentDB computes constants even when there is no document to compute them for.
  if (testCase.kind === 'update' && 'error' in reference) return matchedNothing(own);
  if (
    testCase.kind === 'update' &&
    (Array.isArray(testCase.update) || /\$(inc|mul)/.test(operatorsOf(testCase)))
  ) {
    return withoutModifiedCount(reference) === withoutModifiedCount(own);
  }
  return testCase.kind === 'aggregate' && 'error' in reference && isEmpty(own);
}

const operatorsOf = ({ update }: UpdateCase) => Object.keys(update).join();

/**
 * DocumentDB counts a document to which nothing was added, or that a pipeline made again, as modified,
 * but not always.
 */
function withoutModifiedCount(answer: Answer): string {
  return JSON.stringify(answer).replace(/modifiedCount.{4,40}?numberInt[^}]*/, '');
}

function isEmpty(answer: Answer): boolean {
  return 'result' in answer && ['', '{"results":[]}'].includes(answer.result);
}

function matchedNothing(answer: Answer): boolean {
  return (
    'result' in answer &&
    /^\{("matchedCount":\{"\$numberInt":"0"|"isUpdate":false)/.test(answer.result)
  );
}
