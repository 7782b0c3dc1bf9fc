import { Int32 } from 'bson';
import { locationError } from '../../errors.js';
import { accumulatorOf } from '../accumulators.js';
import type { Accumulator } from '../accumulators.js';
import { isDocument, setField } from '../bson-types.js';
import type { BsonDocument, BsonValue } from '../bson-types.js';
import { canonicalKey } from '../canonical-key.js';
import { compareBson, typeRank } from '../compare.js';
import { compileExpression } from '../expression.js';
import type { Expression, ExpressionContext } from '../expression.js';
import type { Stage, StageCompiler, StageTable } from './stage.types.js';

interface GroupField {
  readonly name: string;
  readonly make: () => Accumulator;
  readonly expression: Expression;
}

function compileGroupFields(spec: BsonDocument): GroupField[] {
  return Object.keys(spec)
    .filter((name) => name !== '_id')
    .map((name) => {
      const accumulator = spec[name]!;
      const [operator, extra] = isDocument(accumulator) ? Object.keys(accumulator) : [];
      if (name.includes('.')) {
        throw locationError(40235, `The field name '${name}' cannot contain '.'`);
      }
      if (operator?.startsWith('$') !== true) {
        throw locationError(40234, `The field '${name}' must be an accumulator object`);
      }
      if (extra !== undefined) {
        throw locationError(40238, `The field '${name}' must specify one accumulator`);
      }
      const operand = (accumulator as BsonDocument)[operator]!;
      return {
        name,
        make: accumulatorOf(operator, operand),
        expression: compileExpression(operand),
      };
    });
}

interface Group {
  readonly id: BsonValue;
  readonly accumulators: Accumulator[];
}

/** Groups documents by the value of an expression, in the order in which the values appear. */
function grouping(id: Expression, fields: readonly GroupField[]): Stage {
  return function* (documents, context) {
    const groups = new Map<string, Group>();
    for (const document of documents) {
      const group = groupOf(groups, id(document, context) ?? null, fields);
      addTo(group, fields, document, context);
    }
    for (const group of groups.values()) yield resultOf(group, fields);
  };
}

function groupOf(groups: Map<string, Group>, id: BsonValue, fields: readonly GroupField[]): Group {
  const key = canonicalKey(id);
  let group = groups.get(key);
  if (!group) {
    group = { id, accumulators: fields.map(({ make }) => make()) };
    groups.set(key, group);
  }
  return group;
}

function addTo(
  group: Group,
  fields: readonly GroupField[],
  document: BsonDocument,
  context: ExpressionContext,
): void {
  fields.forEach(({ expression }, index) => {
    group.accumulators[index]!.add(expression(document, context));
  });
}

function resultOf(group: Group, fields: readonly GroupField[]): BsonDocument {
  const result: BsonDocument = { _id: group.id };
  fields.forEach(({ name }, index) => {
    const value = group.accumulators[index]!.result();
    if (value !== undefined) setField(result, name, value);
  });
  return result;
}

const group: StageCompiler = (spec) => {
  if (!isDocument(spec))
    throw locationError(15947, "a group's fields must be specified in an object");
  if (!Object.hasOwn(spec, '_id')) {
    throw locationError(15955, 'a group specification must include an _id');
  }
  return grouping(compileExpression(spec._id!), compileGroupFields(spec));
};

const sortByCount: StageCompiler = (spec) => {
  const isExpression =
    (typeof spec === 'string' && spec.startsWith('$')) ||
    (isDocument(spec) && Object.keys(spec)[0]?.startsWith('$'));
  if (!isExpression) {
    throw locationError(
      40148,
      'the sortByCount field must be defined as a $-prefixed path or an expression',
    );
  }
  const grouped = grouping(
    compileExpression(spec),
    compileGroupFields({ count: { $sum: new Int32(1) } }),
  );
  return (documents, context) =>
    [...grouped(documents, context)].sort((left, right) => compareBson(right.count, left.count));
};

const bucket: StageCompiler = (spec) => {
  if (!isDocument(spec)) throw locationError(40201, 'Argument to $bucket stage must be an object');
  const unknown = Object.keys(spec).find(
    (name) => !['groupBy', 'boundaries', 'default', 'output'].includes(name),
  );
  if (unknown !== undefined)
    throw locationError(40197, `Unrecognized option to $bucket: ${unknown}.`);
  if (spec.groupBy === undefined || spec.boundaries === undefined) {
    throw locationError(40198, "$bucket requires 'groupBy' and 'boundaries' to be specified.");
  }
  const boundaries = bucketBoundaries(spec.boundaries);
  const output = spec.output ?? { count: { $sum: new Int32(1) } };
  if (!isDocument(output))
    throw locationError(40196, "The $bucket 'output' field must be an object");
  const groupBy = compileExpression(spec.groupBy);
  const bucketOf: Expression = (document, context) => {
    const value = groupBy(document, context) ?? null;
    const below = boundaries.findIndex((boundary) => compareBson(value, boundary) < 0);
    if (below > 0) return boundaries[below - 1];
    if (spec.default !== undefined) return spec.default;
    throw locationError(
      40066,
      '$switch could not find a matching branch for an input, and no default was specified.',
    );
  };
  const grouped = grouping(bucketOf, compileGroupFields(output));
  return (documents, context) =>
    [...grouped(documents, context)].sort((left, right) => compareBson(left._id, right._id));
};

function bucketBoundaries(boundaries: BsonValue): BsonValue[] {
  if (!Array.isArray(boundaries)) {
    throw locationError(40200, "The $bucket 'boundaries' field must be an array");
  }
  const values = boundaries.map(
    (boundary) => compileExpression(boundary)({}, { now: new Date() }) ?? null,
  );
  if (values.length < 2) {
    throw locationError(40192, "The $bucket 'boundaries' field must have at least 2 values");
  }
  values.slice(1).forEach((value, index) => {
    const before = values[index]!;
    if (typeRank(before) !== typeRank(value)) {
      throw locationError(
        40193,
        "All values in the the 'boundaries' option to $bucket must have the same type",
      );
    }
    if (compareBson(before, value) >= 0) {
      throw locationError(40194, "The 'boundaries' option to $bucket must be sorted");
    }
  });
  return values;
}

/** Stages that make one document of several. */
export const GROUPING_STAGES: StageTable = {
  $group: group,
  $sortByCount: sortByCount,
  $bucket: bucket,
};
