import { locationError } from '../../errors.js';
import { collected, PAUSE, sortInSlices } from '../../pausing.js';
import { bsonTypeOf, isDocument, isNumeric } from '../bson-types.js';
import type { BsonDocument, BsonValue } from '../bson-types.js';
import { compileFilter } from '../filter.js';
import { exactInt64, toDouble } from '../numbers.js';
import { compileSort } from '../sort.js';
import type { SortKey } from '../sort.js';
import type { StageCompiler, StageTable } from './stage.types.js';

const match: StageCompiler = (spec) => {
  if (!isDocument(spec)) {
    throw locationError(15959, 'the match filter must be an expression in an object');
  }
  compileFilter(spec);
  return function* (documents, context) {
    const matches = compileFilter(spec, context);
    for (const document of documents) {
      if (document === PAUSE || matches(document)) yield document;
    }
  };
};

const sort: StageCompiler = (spec, { isSliceOver = () => false }) => {
  if (!isDocument(spec))
    throw locationError(15973, 'the $sort key specification must be an object');
  if (Object.keys(spec).length === 0) {
    throw locationError(15976, '$sort stage must have at least one sort key');
  }
  const order = compileSort(spec);
  return function* (documents) {
    const entries: { document: BsonDocument; key: SortKey }[] = [];
    for (const document of documents) {
      if (document === PAUSE) yield PAUSE;
      else entries.push({ document, key: order.keyOf(document) });
    }
    const sorted = yield* sortInSlices(
      entries,
      (left, right) => order.compareKeys(left.key, right.key),
      isSliceOver,
    );
    for (const { document } of sorted) yield document;
  };
};

/** The number of documents a `$limit` or `$skip` names. */
function countOf(spec: BsonValue, name: string, code: number): number {
  const integer = isNumeric(spec) ? exactInt64(spec) : undefined;
  if (integer === undefined) {
    throw locationError(
      code,
      `invalid argument to ${name} stage: Expected a number in: ${name}: ${bsonTypeOf(spec)}`,
    );
  }
  if (integer < 0n) {
    throw locationError(
      code,
      `invalid argument to ${name} stage: Expected a non-negative number in: ${name}: ${integer.toString()}`,
    );
  }
  return Number(integer);
}

const limit: StageCompiler = (spec, _environment, name) => {
  const most = countOf(spec, name, 5107201);
  if (most === 0) throw locationError(15958, 'the limit must be positive');
  return function* (documents) {
    let seen = 0;
    for (const document of documents) {
      yield document;
      if (document !== PAUSE) seen += 1;
      if (seen >= most) break;
    }
  };
};

const skip: StageCompiler = (spec, _environment, name) => {
  const first = countOf(spec, name, 5107200);
  return function* (documents) {
    let seen = 0;
    for (const document of documents) {
      if (document === PAUSE || seen >= first) yield document;
      if (document !== PAUSE) seen += 1;
    }
  };
};

const sample: StageCompiler = (spec) => {
  if (!isDocument(spec))
    throw locationError(28745, 'the $sample stage specification must be an object');
  const unknown = Object.keys(spec).find((name) => name !== 'size');
  if (unknown !== undefined)
    throw locationError(28748, `unrecognized option to $sample: ${unknown}`);
  const size = spec.size;
  if (size === undefined) throw locationError(28749, '$sample stage must specify a size');
  if (!isNumeric(size)) throw locationError(28746, 'size argument to $sample must be a number');
  const wanted = Math.trunc(toDouble(size));
  if (wanted <= 0) throw locationError(28747, 'size argument to $sample must be positive');
  return function* (documents) {
    const pool = yield* collected(documents);
    for (let drawn = 0; drawn < wanted && pool.length > 0; drawn += 1) {
      const index = Math.floor(Math.random() * pool.length);
      const document = pool[index]!;
      const last = pool.pop()!;
      if (index < pool.length) pool[index] = last;
      yield document;
    }
  };
};

/** Stages that pass documents on as they are: fewer of them, or in another order. */
export const FLOW_STAGES: StageTable = {
  $match: match,
  $sort: sort,
  $limit: limit,
  $skip: skip,
  $sample: sample,
};
