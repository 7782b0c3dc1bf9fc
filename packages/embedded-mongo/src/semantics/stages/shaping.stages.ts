import { Int32, Long } from 'bson';
import { locationError } from '../../errors.js';
import { PAUSE } from '../../pausing.js';
import { bsonTypeOf, fieldOf, isDocument, setField } from '../bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from '../bson-types.js';
import { describeValue } from '../describe.js';
import { compileExpression, parseFieldPath } from '../expression.js';
import type { ExpressionContext } from '../expression.js';
import { plainValueAt } from '../path.js';
import type { Path } from '../path.js';
import { compileProjection } from '../projection.js';
import { addToTree, computeFields, newNode } from '../projection-tree.js';
import type { ProjectionNode } from '../projection-tree.js';
import type { Stage, StageCompiler, StageTable } from './stage.types.js';

/** A stage that makes one document of each. */
function mapping(
  change: (document: BsonDocument, context: ExpressionContext) => BsonDocument,
): Stage {
  return function* (documents, context) {
    for (const document of documents) {
      yield document === PAUSE ? PAUSE : change(document, context);
    }
  };
}

const project: StageCompiler = (spec) => {
  if (!isDocument(spec)) throw locationError(15969, '$project specification must be an object');
  if (Object.keys(spec).length === 0) {
    throw locationError(
      51272,
      'Invalid $project :: caused by :: projection specification must have at least one field',
    );
  }
  return projecting(spec);
};

function projecting(spec: BsonDocument): Stage {
  const projection = compileProjection(spec, undefined, 'aggregate');
  return mapping((document, context) => projection.apply(document, { context }));
}

const unset: StageCompiler = (spec) => {
  if (typeof spec !== 'string' && !Array.isArray(spec)) {
    throw locationError(31002, '$unset specification must be a string or an array');
  }
  const names = Array.isArray(spec) ? spec : [spec];
  if (names.length === 0) {
    throw locationError(
      31119,
      '$unset specification must be a string or an array with at least one field',
    );
  }
  const exclusion: BsonDocument = {};
  for (const name of names) {
    if (typeof name !== 'string') {
      throw locationError(
        31120,
        '$unset specification must be a string or an array containing only string values',
      );
    }
    setField(exclusion, name, false);
  }
  return projecting(exclusion);
};

const addFields: StageCompiler = (spec, _environment, name) => {
  if (!isDocument(spec)) {
    throw locationError(
      40272,
      `${name} specification stage must be an object, got ${bsonTypeOf(spec)}`,
    );
  }
  if (Object.keys(spec).length === 0) {
    throw locationError(
      40177,
      `Invalid ${name} :: caused by :: specification must have at least one field`,
    );
  }
  const tree = newNode();
  addComputed(tree, [], spec);
  return mapping((document, context) => computeFields(document, tree, document, context));
};

function addComputed(tree: ProjectionNode, prefix: Path, spec: BsonDocument): void {
  for (const name of Object.keys(spec)) {
    const path = [...prefix, ...parseFieldPath(name)];
    const value = spec[name]!;
    const first = isDocument(value) ? Object.keys(value)[0] : undefined;
    if (first !== undefined && !first.startsWith('$'))
      addComputed(tree, path, value as BsonDocument);
    else addToTree(tree, path, compileExpression(value));
  }
}

const replaceWith: StageCompiler = (spec) => {
  const newRoot = compileExpression(spec);
  return mapping((document, context) => {
    const root = newRoot(document, context);
    if (isDocument(root)) return root;
    throw locationError(
      40228,
      `'newRoot' expression  must evaluate to an object, but resulting value was: ${describeValue(root)}. Type of resulting value: '${root === undefined ? 'missing' : bsonTypeOf(root)}'.`,
    );
  });
};

const replaceRoot: StageCompiler = (spec, environment, name) => {
  if (!isDocument(spec)) {
    throw locationError(
      40229,
      `expected an object as specification for $replaceRoot stage, got ${bsonTypeOf(spec)}`,
    );
  }
  const unknown = Object.keys(spec).find((key) => key !== 'newRoot');
  if (unknown !== undefined) {
    throw locationError(40415, `BSON field '$replaceRoot.${unknown}' is an unknown field.`);
  }
  if (spec.newRoot === undefined) {
    throw locationError(40414, "BSON field '$replaceRoot.newRoot' is missing but a required field");
  }
  return replaceWith(spec.newRoot, environment, name);
};

interface Unwinding {
  readonly path: Path;
  readonly index?: string | undefined;
  readonly preserve: boolean;
}

const unwind: StageCompiler = (spec) => {
  const unwinding = parseUnwind(spec);
  return function* (documents) {
    for (const document of documents) {
      if (document === PAUSE) yield PAUSE;
      else yield* unwound(document, unwinding);
    }
  };
};

function parseUnwind(spec: BsonValue): Unwinding {
  if (typeof spec !== 'string' && !isDocument(spec)) {
    throw locationError(
      15981,
      `expected either a string or an object as specification for $unwind stage, got ${bsonTypeOf(spec)}`,
    );
  }
  const options = isDocument(spec) ? spec : { path: spec };
  for (const name of Object.keys(options)) {
    if (!['path', 'includeArrayIndex', 'preserveNullAndEmptyArrays'].includes(name)) {
      throw locationError(28811, `unrecognized option to $unwind stage: ${name}`);
    }
  }
  const { path, includeArrayIndex: index, preserveNullAndEmptyArrays: preserve } = options;
  if (path === undefined) throw locationError(28812, 'no path specified to $unwind stage');
  if (typeof path !== 'string') {
    throw locationError(
      28808,
      `expected a string as the path for $unwind stage, got ${bsonTypeOf(path)}`,
    );
  }
  if (!path.startsWith('$')) {
    throw locationError(
      28818,
      `path option to $unwind stage should be prefixed with a '$': ${path}`,
    );
  }
  if (preserve !== undefined && typeof preserve !== 'boolean') {
    throw locationError(
      28809,
      'expected a boolean for the preserveNullAndEmptyArrays option to $unwind stage',
    );
  }
  if (index !== undefined && (typeof index !== 'string' || index === '')) {
    throw locationError(
      28810,
      'expected a non-empty string for the includeArrayIndex option to $unwind stage',
    );
  }
  if (index?.startsWith('$')) {
    throw locationError(
      28822,
      "includeArrayIndex option to $unwind stage should not be prefixed with a '$'",
    );
  }
  return { path: parseFieldPath(path.slice(1)), index, preserve: preserve === true };
}

function* unwound(
  document: BsonDocument,
  { path, index, preserve }: Unwinding,
): Iterable<BsonDocument> {
  const value = plainValueAt(document, path);
  const withIndex = (result: BsonDocument, at: BsonValue) =>
    index === undefined ? result : withValueAt(result, index.split('.'), at);
  if (Array.isArray(value) && value.length > 0) {
    for (const [at, element] of value.entries()) {
      yield withIndex(withValueAt(document, path, element), Long.fromNumber(at));
    }
  } else if (value !== undefined && value !== null && !Array.isArray(value)) {
    yield withIndex(document, null);
  } else if (preserve) {
    yield withIndex(Array.isArray(value) ? withValueAt(document, path, undefined) : document, null);
  }
}

/** A copy of the document with the value at a path of documents set, or removed. */
function withValueAt(document: BsonDocument, path: Path, value: MaybeValue): BsonDocument {
  const [name, ...rest] = path;
  const copy = { ...document };
  if (rest.length > 0) {
    const inner = fieldOf(document, name!);
    setField(copy, name!, withValueAt(isDocument(inner) ? inner : {}, rest, value));
  } else if (value === undefined) Reflect.deleteProperty(copy, name!);
  else setField(copy, name!, value);
  return copy;
}

const count: StageCompiler = (spec) => {
  if (typeof spec !== 'string')
    throw locationError(40156, 'the count field must be a non-empty string');
  if (spec === '') throw locationError(40157, 'the count field must be a non-empty string');
  if (spec.startsWith('$'))
    throw locationError(40158, 'the count field cannot be a $-prefixed path');
  if (spec.includes('.')) throw locationError(40160, "the count field cannot contain '.'");
  return function* (documents) {
    let number = 0;
    for (const document of documents) {
      if (document === PAUSE) yield PAUSE;
      else number += 1;
    }
    if (number > 0) yield { [spec]: new Int32(number) };
  };
};

/** Stages that change the shape of documents. */
export const SHAPING_STAGES: StageTable = {
  $project: project,
  $addFields: addFields,
  $set: addFields,
  $unset: unset,
  $replaceRoot: replaceRoot,
  $replaceWith: replaceWith,
  $unwind: unwind,
  $count: count,
};
