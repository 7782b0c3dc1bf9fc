import { describeValue } from '../semantics/describe.js';
import type { Bound } from '../semantics/index.js';
import type { DocumentQuery } from './document-query.js';
import type { FieldBounds } from './index-bounds.js';
import type { CollectionScan, IdLookup, IndexScan, UnionScan } from './query-plan.js';

/** A stage of a plan as `explain` shows it; `inputStage` is what it reads from. */
export type ExplainedStage = Record<string, unknown>;

/** The winning plan of a query, in MongoDB's stages. */
export function explainQuery(query: DocumentQuery): ExplainedStage {
  let stage = explainPlan(query.plan, true);
  if (query.sortsInMemory)
    stage = { stage: 'SORT', sortPattern: query.sortPattern, inputStage: stage };
  if (query.skip > 0) stage = { stage: 'SKIP', skipAmount: query.skip, inputStage: stage };
  if (query.limit > 0) stage = { stage: 'LIMIT', limitAmount: query.limit, inputStage: stage };
  return stage;
}

/** The winning plan of a count, which needs no documents when an index has the answer. */
export function explainCount(query: DocumentQuery): ExplainedStage {
  const { plan } = query;
  if (!query.countsFromIndex) return { stage: 'COUNT', inputStage: explainPlan(plan, true) };
  if (plan.stage !== 'IXSCAN') return { stage: 'RECORD_STORE_FAST_COUNT' };
  return { stage: 'COUNT', inputStage: { ...explainIndexScan(plan), stage: 'COUNT_SCAN' } };
}

function explainPlan(
  plan: CollectionScan | IdLookup | IndexScan | UnionScan,
  fetches: boolean,
): ExplainedStage {
  switch (plan.stage) {
    case 'COLLSCAN':
      return { stage: 'COLLSCAN', direction: plan.isReverse ? 'backward' : 'forward' };
    case 'IDHACK':
      return { stage: 'IDHACK', indexName: '_id_' };
    case 'IXSCAN': {
      const scan = explainIndexScan(plan);
      return fetches ? { stage: 'FETCH', inputStage: scan } : scan;
    }
    case 'OR': {
      const inputStages = plan.branches.map((branch) => explainPlan(branch, false));
      return { stage: 'FETCH', inputStage: { stage: 'OR', inputStages } };
    }
  }
}

function explainIndexScan({ index, bounds, isReverse }: IndexScan): ExplainedStage {
  const { spec } = index;
  const indexBounds = Object.keys(spec.key).map((name, i) => [
    name,
    explainBounds(bounds.fields[i]),
  ]);
  return {
    stage: 'IXSCAN',
    keyPattern: spec.key,
    indexName: spec.name,
    isMultiKey: index.multikeyFields !== 0,
    isUnique: spec.isUnique,
    isSparse: spec.isSparse,
    isPartial: spec.partialFilter !== undefined,
    indexVersion: 2,
    direction: isReverse ? 'backward' : 'forward',
    indexBounds: Object.fromEntries(indexBounds) as Record<string, string[]>,
  };
}

function explainBounds(bounds: FieldBounds | undefined): string[] {
  if (!bounds) return ['[MinKey, MaxKey]'];
  if (bounds.kind === 'points') {
    return bounds.values.map((value) => `[${describeValue(value)}, ${describeValue(value)}]`);
  }
  const { lower, upper } = bounds;
  return [`${lowerEnd(lower)}, ${upperEnd(upper)}`];
}

function lowerEnd(bound: Bound | undefined): string {
  if (!bound) return '[lowest of type';
  return `${bound.inclusive ? '[' : '('}${describeValue(bound.value)}`;
}

function upperEnd(bound: Bound | undefined): string {
  if (!bound) return 'highest of type]';
  return `${describeValue(bound.value)}${bound.inclusive ? ']' : ')'}`;
}
