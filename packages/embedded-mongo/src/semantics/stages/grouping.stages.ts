import { Int32 } from 'bson';
import { locationError } from '../../errors.js';
import { collected, PAUSE, sortInSlices } from '../../pausing.js';
import { accumulatorOf } from '../accumulators.js';
import type { Accumulator } from '../accumulators.js';
import { isDocument, setField } from '../bson-types.js';
import type { BsonDocument, BsonValue } from '../bson-types.js';
import { canonicalKey } from '../canonical-key.js';
import { compareBson, typeRank } from '../compare.js';
import { describeValue } from '../describe.js';
import { compileExpression } from '../expression.js';
import type { Expression, ExpressionContext } from '../expression.js';
import type { PipelineEnvironment, Stage, StageCompiler, StageTable } from './stage.types.js';

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
      if (name.startsWith('$')) {
        throw locationError(40236, `The field name '${name}' cannot be an operator name`);
      }
      if (operator?.startsWith('$') !== true) {
        throw locationError(40234, `The field '${name}' must be an accumulator object`);
      }
      if (extra !== undefined) {
        throw locationError(40238, `The field '${name}' must specify one accumulator`);
      }
      const operand = (accumulator as BsonDocument)[operator]!;
      if (Array.isArray(operand)) {
        throw locationError(40237, `The ${operator} accumulator is a unary operator`);
      }
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
      if (document === PAUSE) {
        yield PAUSE;
        continue;
      }
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

const sortByCount: StageCompiler = (spec, environment) => {
  const isExpression =
    (typeof spec === 'string' && spec.startsWith('$')) ||
    (isDocument(spec) && Object.keys(spec)[0]?.startsWith('$'));
  if (!isExpression) {
    throw locationError(
      isDocument(spec) ? 40147 : typeof spec === 'string' ? 40148 : 40149,
      'the sortByCount field must be defined as a $-prefixed path or an expression',
    );
  }
  const grouped = grouping(
    compileExpression(spec),
    compileGroupFields({ count: { $sum: new Int32(1) } }),
  );
  return sortedBy(grouped, environment, (left, right) => compareBson(right.count, left.count));
};

/** The groups in an order. */
function sortedBy(
  grouped: Stage,
  { isSliceOver = () => false }: PipelineEnvironment,
  compare: (left: BsonDocument, right: BsonDocument) => number,
): Stage {
  return function* (documents, context) {
    const groups = yield* collected(grouped(documents, context));
    yield* yield* sortInSlices(groups, compare, isSliceOver);
  };
}

const bucket: StageCompiler = (spec, environment) => {
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
  if (!isDocument(spec.groupBy) && !isPathExpression(spec.groupBy)) {
    throw locationError(
      40202,
      `The $bucket 'groupBy' field must be defined as a $-prefixed path or an expression, but found: ${describeValue(spec.groupBy)}.`,
    );
  }
  const groupBy = compileExpression(spec.groupBy);
  const usual = defaultBucket(spec.default, boundaries);
  const bucketOf: Expression = (document, context) => {
    const value = groupBy(document, context) ?? null;
    const below = boundaries.findIndex((boundary) => compareBson(value, boundary) < 0);
    if (below > 0) return boundaries[below - 1];
    if (usual !== undefined) return usual;
    throw locationError(
      40066,
      '$switch could not find a matching branch for an input, and no default was specified.',
    );
  };
  const grouped = grouping(bucketOf, compileGroupFields(output));
  return sortedBy(grouped, environment, (left, right) => compareBson(left._id, right._id));
};

const isPathExpression = (value: BsonValue) => typeof value === 'string' && value.startsWith('$');

/** The `_id` of the documents outside the boundaries. */
function defaultBucket(
  spec: BsonValue | undefined,
  boundaries: readonly BsonValue[],
): BsonValue | undefined {
  if (spec === undefined) return undefined;
  if (!isConstant(spec)) {
    throw locationError(
      40195,
      `The $bucket 'default' field must be a constant, but found: ${describeValue(spec)}.`,
    );
  }
  const value = compileExpression(spec)({}, { now: new Date() }) ?? null;
  const isBelow = compareBson(value, boundaries[0]!) < 0;
  if (isBelow || compareBson(value, boundaries.at(-1)!) >= 0) return value;
  throw locationError(
    40199,
    "The $bucket 'default' field must be less than the lowest boundary or greater than or equal to the highest boundary.",
  );
}

/** Whether an expression can be worked out without a document. */
function isConstant(expression: BsonValue): boolean {
  if (isPathExpression(expression)) return false;
  if (Array.isArray(expression)) return expression.every(isConstant);
  if (!isDocument(expression)) return true;
  return Object.keys(expression).every(
    (name) => name === '$literal' || (name !== '$rand' && isConstant(expression[name]!)),
  );
}

function bucketBoundaries(boundaries: BsonValue): BsonValue[] {
  if (!Array.isArray(boundaries)) {
    throw locationError(40200, "The $bucket 'boundaries' field must be an array");
  }
  const variable = boundaries.find((boundary) => !isConstant(boundary));
  if (variable !== undefined) {
    throw locationError(
      40191,
      `The $bucket 'boundaries' field must be an array of constant values, but found value: ${describeValue(variable)}.`,
    );
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
