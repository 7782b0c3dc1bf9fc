import { mongoError } from '../errors.js';
import { bsonTypeOf, cloneValue, fieldOf, isDocument, setField } from './bson-types.js';
import type { BsonDocument, BsonValue } from './bson-types.js';
import { identicalBson } from './compare.js';
import { describeValue } from './describe.js';
import { compilePipelineUpdate } from './pipeline.js';
import { applyTree } from './updates/apply-tree.js';
import { compileArrayFilters } from './updates/array-filters.js';
import {
  addToSetOperator,
  popOperator,
  pullAllOperator,
  pullOperator,
  pushOperator,
} from './updates/array-operators.js';
import type { FieldOperator } from './updates/field-operator.types.js';
import { addRename, hasRenameSource, parseRename } from './updates/rename.js';
import type { Rename } from './updates/rename.js';
import {
  bitOperator,
  currentDateOperator,
  incOperator,
  maxOperator,
  minOperator,
  mulOperator,
  setOnInsertOperator,
  setOperator,
  unsetOperator,
} from './updates/scalar-operators.js';
import { addOperator, withoutInsertOnly } from './updates/update-tree.js';
import type { UpdateBranch } from './updates/update-tree.js';

const FIELD_OPERATORS: Readonly<
  Record<string, (operand: BsonValue, path: string) => FieldOperator>
> = {
  $set: setOperator,
  $setOnInsert: setOnInsertOperator,
  $unset: unsetOperator,
  $inc: incOperator,
  $mul: mulOperator,
  $min: minOperator,
  $max: maxOperator,
  $currentDate: currentDateOperator,
  $bit: bitOperator,
  $push: pushOperator,
  $addToSet: addToSetOperator,
  $pop: popOperator,
  $pull: pullOperator,
  $pullAll: pullAllOperator,
};

/** What an update may use beside itself. */
export interface UpdateOptions {
  /** The `arrayFilters` of the command. */
  readonly arrayFilters?: readonly BsonValue[] | undefined;
  /** The moment of the command; the default is now. */
  readonly now?: Date;
  /** The variables of the command's `let`, for pipeline updates. */
  readonly variables?: BsonDocument | undefined;
  /** Throws when the time of the command is up. */
  readonly checkTime?: () => void;
}

/** How an update is applied to one document. */
export interface ApplyOptions {
  /** The array index that the filter matched at (see `MatchPosition`), for `$`. */
  readonly position?: number | undefined;
  /** Whether an upsert inserts the result, so that `$setOnInsert` counts. */
  readonly isUpsertInsert?: boolean;
}

/** A document after an update. */
export interface UpdateResult {
  readonly document: BsonDocument;
  /** Whether the document differs from what it was, in a type or the order of fields at least. */
  readonly modified: boolean;
}

/** A compiled update. */
export interface Update {
  readonly kind: 'operators' | 'replacement' | 'pipeline';
  /** Whether the positional operator `$` is used, so that the match's position is needed. */
  readonly usesPosition: boolean;
  /** Applies the update; the given document stays as it is. */
  apply(document: BsonDocument, options?: ApplyOptions): UpdateResult;
}

/**
 * Compiles an update: operators, a replacement document or a pipeline.
 * @throws MongoError as MongoDB words it: 9 for unknown operators, 40 for conflicting paths, 14 for
 *   operands of the wrong type; `apply` throws 28 for a path through a scalar, 66 for a changed
 *   `_id`, and the operators' own errors
 */
export function compileUpdate(
  update: BsonDocument | readonly BsonValue[],
  options: UpdateOptions = {},
): Update {
  const now = options.now ?? new Date();
  if (Array.isArray(update)) {
    if (options.arrayFilters && options.arrayFilters.length > 0) {
      throw mongoError(
        'FailedToParse',
        'arrayFilters may not be specified for pipeline-syle updates',
      );
    }
    const transform = compilePipelineUpdate(update as BsonValue[], {
      now,
      variables: options.variables,
      ...(options.checkTime && { checkTime: options.checkTime }),
    });
    return finish('pipeline', false, (document) => {
      const result = transform(document);
      const id = fieldOf(document, '_id');
      // A pipeline that says nothing of `_id` keeps it, also by leaving it out.
      if (id === undefined || Object.hasOwn(result, '_id')) return result;
      return { _id: id, ...result };
    });
  }
  const spec = update as BsonDocument;
  if (Object.keys(spec)[0]?.startsWith('$') !== true) return compileReplacement(spec, options);
  return compileOperatorUpdate(spec, now, options);
}

type Transform = (document: BsonDocument, options: ApplyOptions) => BsonDocument;

function finish(kind: Update['kind'], usesPosition: boolean, transform: Transform): Update {
  return {
    kind,
    usesPosition,
    apply: (document, options = {}) => {
      const result = withIdFirst(transform(document, options));
      checkIdUnchanged(document, result, kind);
      return { document: result, modified: !identicalBson(document, result) };
    },
  };
}

/** The document with `_id` as its first field, where MongoDB keeps it. */
export function withIdFirst(document: BsonDocument): BsonDocument {
  const id = fieldOf(document, '_id');
  if (id === undefined || Object.keys(document)[0] === '_id') return document;
  const result: BsonDocument = { _id: id };
  for (const name of Object.keys(document)) setField(result, name, document[name]!);
  return result;
}

function checkIdUnchanged(before: BsonDocument, after: BsonDocument, kind: Update['kind']): void {
  const id = fieldOf(before, '_id');
  if (id === undefined) return;
  const newId = fieldOf(after, '_id');
  if (newId !== undefined && identicalBson(id, newId)) return;
  throw mongoError(
    'ImmutableField',
    kind === 'operators'
      ? "Performing an update on the path '_id' would modify the immutable field '_id'"
      : `After applying the update, the (immutable) field '_id' was found to have been altered to _id: ${describeValue(newId)}`,
  );
}

function compileReplacement(replacement: BsonDocument, options: UpdateOptions): Update {
  if (options.arrayFilters && options.arrayFilters.length > 0) {
    throw mongoError('FailedToParse', 'Cannot specify arrayFilters and a non-operator update');
  }
  const dollar = Object.keys(replacement).find((name) => name.startsWith('$'));
  if (dollar !== undefined) {
    throw mongoError(
      'DollarPrefixedFieldName',
      `The dollar ($) prefixed field '${dollar}' in '${dollar}' is not allowed in the context of an update's replacement document. Consider using an aggregation pipeline with $replaceWith.`,
    );
  }
  return finish('replacement', false, (document) => {
    const copy = cloneValue(replacement);
    const id = fieldOf(document, '_id');
    if (id === undefined || Object.hasOwn(replacement, '_id')) return copy;
    return withIdFirst({ ...copy, _id: id });
  });
}

interface ParsedOperators {
  readonly fields: { path: string; operator: FieldOperator }[];
  readonly renames: Rename[];
}

function compileOperatorUpdate(spec: BsonDocument, now: Date, options: UpdateOptions): Update {
  const parsed = parseOperators(spec);
  const paths = [...parsed.fields.map(({ path }) => path), ...parsed.renames.map(({ to }) => to)];
  const arrayFilters = compileArrayFilters(options.arrayFilters ?? [], paths, spec);
  const everything = buildTree(parsed.fields, parsed.renames);
  const onUpdate = (withoutInsertOnly(everything) ?? { children: new Map() }) as UpdateBranch;

  const treeFor = (document: BsonDocument, isInsert: boolean): UpdateBranch => {
    const missing = parsed.renames.filter((rename) => !hasRenameSource(document, rename));
    if (missing.length === 0) return isInsert ? everything : onUpdate;
    const renames = parsed.renames.filter((rename) => !missing.includes(rename));
    const fields = parsed.fields.filter(({ operator }) => isInsert || !operator.onInsertOnly);
    return buildTree(fields, renames);
  };
  const usesPosition = paths.some((path) => path.split('.').includes('$'));
  return finish('operators', usesPosition, (document, { position, isUpsertInsert = false }) =>
    applyTree(document, treeFor(document, isUpsertInsert), {
      now,
      original: document,
      position,
      arrayFilters,
    }),
  );
}

function buildTree(fields: ParsedOperators['fields'], renames: readonly Rename[]): UpdateBranch {
  const root: UpdateBranch = { children: new Map() };
  for (const { path, operator } of fields) addOperator(root, path, operator);
  for (const rename of renames) addRename(root, rename);
  return root;
}

function parseOperators(spec: BsonDocument): ParsedOperators {
  const parsed: ParsedOperators = { fields: [], renames: [] };
  for (const name of Object.keys(spec)) {
    const operand = spec[name]!;
    if (name !== '$rename' && !Object.hasOwn(FIELD_OPERATORS, name)) {
      throw mongoError(
        'FailedToParse',
        `Unknown modifier: ${name}. Expected a valid update modifier or pipeline-style update specified as an array`,
      );
    }
    if (!isDocument(operand)) {
      throw mongoError(
        'FailedToParse',
        `Modifiers operate on fields but we found type ${bsonTypeOf(operand)} instead. For example: {$mod: {<field>: ...}} not {${name}: ${describeValue(operand)}}`,
      );
    }
    for (const path of Object.keys(operand)) {
      if (name === '$rename') parsed.renames.push(parseRename(path, operand[path]!));
      else parsed.fields.push({ path, operator: FIELD_OPERATORS[name]!(operand[path]!, path) });
    }
  }
  return parsed;
}
