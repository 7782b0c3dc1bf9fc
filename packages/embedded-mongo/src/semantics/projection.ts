import { locationError } from '../errors.js';
import { bsonTypeOf, fieldOf, isDocument, isNumeric, setField } from './bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from './bson-types.js';
import { compileExpression, isExpressionOperator } from './expression.js';
import type { Expression, ExpressionContext } from './expression.js';
import { compileElementTest } from './filter.js';
import { exactInt64, toDouble } from './numbers.js';
import {
  addToTree,
  computeFields,
  excludeFields,
  hasComputed,
  includeFields,
  isEmptyTree,
  newNode,
} from './projection-tree.js';
import type { ProjectionNode } from './projection-tree.js';

/** What is known of the document being projected. */
export interface ProjectionInput {
  /** The array index that the filter matched at, for the positional `$`. */
  readonly position?: number | undefined;
  /** Variables and clock for expressions, when they differ from those given at compilation. */
  readonly context?: ExpressionContext;
}

/** A compiled projection. */
export interface Projection {
  /** Whether the positional `$` is used, so that the match's position is needed. */
  readonly usesPosition: boolean;
  /** Whether every document comes out as it went in. */
  readonly isIdentity: boolean;
  apply(document: BsonDocument, input?: ProjectionInput): BsonDocument;
}

/** Which dialect of projections: `find` has `$slice`, `$elemMatch` and `$`; `$project` has not. */
export type ProjectionMode = 'find' | 'aggregate';

/**
 * Compiles a projection.
 * @throws MongoError 31253 or 31254 when inclusion and exclusion are mixed, 31249 or 31250 when two
 *   paths collide
 */
export function compileProjection(
  spec: BsonDocument,
  context: ExpressionContext = { now: new Date() },
  mode: ProjectionMode = 'find',
): Projection {
  const parsed = new ProjectionParser(mode);
  parsed.addLevel(spec, []);
  return parsed.finish(context);
}

type Step = (
  projected: BsonDocument,
  original: BsonDocument,
  input: ProjectionInput,
) => BsonDocument;

class ProjectionParser {
  private readonly root: ProjectionNode = newNode();
  private readonly afterwards: Step[] = [];
  private kind: 'inclusion' | 'exclusion' | undefined;
  private idFlag: boolean | undefined;
  private positionalPath: string | undefined;

  constructor(private readonly mode: ProjectionMode) {}

  addLevel(level: BsonDocument, prefix: readonly string[]): void {
    for (const name of Object.keys(level)) {
      const path = [...prefix, ...parseProjectionPath(name, this.mode)];
      this.addField(path, level[name]!);
    }
  }

  private addField(path: readonly string[], value: BsonValue): void {
    if (path[path.length - 1] === '$') this.addPositional(path, value);
    else if (typeof value === 'boolean') this.addFlag(path, value);
    else if (isNumeric(value)) this.addFlag(path, toDouble(value) !== 0);
    else if (!isDocument(value)) this.addComputed(path, value);
    else this.addDocument(path, value);
  }

  private addDocument(path: readonly string[], value: BsonDocument): void {
    const [operator] = Object.keys(value);
    if (operator === undefined) {
      throw locationError(
        51270,
        `An empty sub-projection is not a valid value. Found empty object at path ${path.join('.')}`,
      );
    }
    if (!operator.startsWith('$')) this.addLevel(value, path);
    else if (this.mode === 'find' && operator === '$slice') this.addSlice(path, value.$slice!);
    else if (this.mode === 'find' && operator === '$elemMatch') this.addElemMatch(path, value);
    else this.addComputed(path, value);
  }

  private addFlag(path: readonly string[], included: boolean): void {
    if (path.length === 1 && path[0] === '_id') {
      if (this.idFlag !== undefined) throw locationError(31250, 'Path collision at _id');
      this.idFlag = included;
      return;
    }
    this.setKind(included ? 'inclusion' : 'exclusion', path);
    addToTree(this.root, path);
  }

  private setKind(kind: 'inclusion' | 'exclusion', path: readonly string[]): void {
    this.kind ??= kind;
    if (this.kind === kind) return;
    const name = path.join('.');
    throw kind === 'inclusion'
      ? locationError(31253, `Cannot do inclusion on field ${name} in exclusion projection`)
      : locationError(31254, `Cannot do exclusion on field ${name} in inclusion projection`);
  }

  private addComputed(path: readonly string[], value: BsonValue): void {
    const [operator = ''] = isDocument(value) ? Object.keys(value) : [];
    if (operator.startsWith('$') && !isExpressionOperator(operator)) {
      throw locationError(31325, `Unknown expression ${operator}`);
    }
    if (this.kind === 'exclusion') {
      throw locationError(31252, 'Cannot use expression other than $meta in exclusion projection');
    }
    this.kind = 'inclusion';
    addToTree(this.root, path, compileExpression(value));
  }

  private addSlice(path: readonly string[], operand: BsonValue): void {
    const cut = parseSlice(operand);
    if (this.kind === 'inclusion' || this.kind === undefined) this.slicePaths.push(path);
    this.afterwards.push((projected) => sliceIn(projected, path, cut) as BsonDocument);
  }

  /** Paths of `$slice`, which an inclusion has to keep. */
  private readonly slicePaths: (readonly string[])[] = [];

  private addElemMatch(path: readonly string[], operand: BsonDocument): void {
    const [name] = path;
    if (path.length > 1) {
      throw locationError(31275, 'Cannot use $elemMatch projection on a nested field');
    }
    if (!isDocument(operand.$elemMatch!)) {
      throw locationError(31274, 'elemMatch: Invalid argument, object required');
    }
    this.setKind('inclusion', path);
    const matches = compileElementTest(operand.$elemMatch);
    const first: Expression = (document) => {
      const value = fieldOf(document, name!);
      const found = Array.isArray(value) ? value.findIndex(matches) : -1;
      return found < 0 ? undefined : [(value as BsonValue[])[found]!];
    };
    addToTree(this.root, path, first);
  }

  private addPositional(path: readonly string[], value: BsonValue): void {
    const shown = path.join('.');
    if (this.mode !== 'find' || path.length === 1) {
      throw locationError(31324, `Cannot use positional projection here: ${shown}`);
    }
    if (this.positionalPath !== undefined) {
      throw locationError(31276, 'Cannot specify more than one positional projection per query.');
    }
    const included = typeof value === 'boolean' ? value : isNumeric(value) && toDouble(value) !== 0;
    if (!included) {
      throw locationError(31395, 'positional projection cannot be used with exclusion');
    }
    this.positionalPath = shown;
    const arrayPath = path.slice(0, -1);
    this.addFlag(arrayPath, true);
    this.afterwards.push((projected, original, { position }) =>
      keepPosition(projected, original, arrayPath, position),
    );
  }

  finish(context: ExpressionContext): Projection {
    const kind = this.kind ?? (this.idFlag === true ? 'inclusion' : 'exclusion');
    if (kind === 'inclusion') {
      for (const path of this.slicePaths) addToTree(this.root, path);
      if (this.idFlag !== false && !namesId(this.root)) this.root.named.add('_id');
    } else if (this.idFlag === false) {
      this.root.named.add('_id');
    }
    const { root, afterwards } = this;
    const computed = hasComputed(root);
    const pick = kind === 'inclusion' ? includeFields : excludeFields;
    return {
      usesPosition: this.positionalPath !== undefined,
      isIdentity: kind === 'exclusion' && isEmptyTree(root) && afterwards.length === 0,
      apply: (document, input = {}) => {
        let result = pick(document, root);
        if (computed) result = computeFields(result, root, document, input.context ?? context);
        for (const step of afterwards) result = step(result, document, input);
        return result;
      },
    };
  }
}

function namesId(root: ProjectionNode): boolean {
  return root.computed.has('_id') || root.children.has('_id');
}

/** Checks and splits the path of a projected field. */
function parseProjectionPath(name: string, mode: ProjectionMode): string[] {
  if (name === '') throw locationError(40352, 'FieldPath cannot be constructed with empty string');
  const parts = name.split('.');
  for (const [index, part] of parts.entries()) {
    if (part === '') {
      throw index === parts.length - 1
        ? locationError(40353, "FieldPath must not end with a '.'.")
        : locationError(15998, 'FieldPath field names may not be empty strings.');
    }
    const positional = mode === 'find' && part === '$' && index === parts.length - 1;
    if (part.startsWith('$') && !positional && !['$id', '$ref', '$db'].includes(part)) {
      throw locationError(
        16410,
        "FieldPath field names may not start with '$'. Consider using $getField or $setField.",
      );
    }
  }
  return parts;
}

type Cut = (array: BsonValue[]) => BsonValue[];

function parseSlice(operand: BsonValue): Cut {
  if (isNumeric(operand)) {
    const count = clampedInteger(operand);
    return (array) => (count < 0 ? array.slice(count) : array.slice(0, count));
  }
  if (!Array.isArray(operand)) {
    throw locationError(
      28667,
      `Invalid $slice syntax. The given syntax { $slice: ${bsonTypeOf(operand)} } did not match the find() syntax because :: $slice needs a number or an array`,
    );
  }
  const [skip, limit] = operand;
  if (operand.length !== 2 || !isNumeric(skip) || !isNumeric(limit)) {
    throw locationError(28724, 'First argument to $slice must be a number of elements to skip');
  }
  const from = clampedInteger(skip);
  const count = clampedInteger(limit);
  if (count <= 0) {
    throw locationError(28724, '$slice limit must be positive');
  }
  return (array) => {
    const start = from < 0 ? Math.max(0, array.length + from) : from;
    return array.slice(start, start + count);
  };
}

function clampedInteger(value: BsonValue): number {
  const integer = exactInt64(value);
  return integer === undefined ? Math.trunc(toDouble(value as never)) : Number(integer);
}

function sliceIn(value: BsonValue, path: readonly string[], cut: Cut): BsonValue {
  if (Array.isArray(value)) {
    return path.length === 0 ? cut(value) : value.map((element) => sliceIn(element, path, cut));
  }
  const [name, ...rest] = path;
  if (!isDocument(value) || name === undefined) return value;
  const inner = fieldOf(value, name);
  if (inner === undefined) return value;
  const result = { ...value };
  setField(result, name, sliceIn(inner, rest, cut));
  return result;
}

function keepPosition(
  projected: BsonDocument,
  original: BsonDocument,
  path: readonly string[],
  position: number | undefined,
): BsonDocument {
  const keepIn = (kept: MaybeValue, whole: MaybeValue, from: number): MaybeValue => {
    if (Array.isArray(whole)) {
      const element = position === undefined ? undefined : (kept as BsonValue[])[position];
      if (element === undefined) {
        throw locationError(
          51246,
          "Executor error during find command :: caused by :: positional operator '.$' couldn't find a matching element in the array",
        );
      }
      return [element];
    }
    const name = path[from];
    if (name === undefined || !isDocument(kept) || !isDocument(whole)) return kept;
    const inner = keepIn(fieldOf(kept, name), fieldOf(whole, name), from + 1);
    if (inner === undefined) return kept;
    const result = { ...kept };
    setField(result, name, inner);
    return result;
  };
  return keepIn(projected, original, 0) as BsonDocument;
}
