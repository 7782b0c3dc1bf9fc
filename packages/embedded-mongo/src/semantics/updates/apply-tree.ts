import { mongoError } from '../../errors.js';
import { fieldOf, isDocument, setField } from '../bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from '../bson-types.js';
import { describeValue } from '../describe.js';
import { isArrayIndex } from '../path.js';
import type { UpdateContext } from './field-operator.types.js';
import {
  compareParts,
  filterIdentifier,
  ignoresUnviablePath,
  isLeaf,
  isPositional,
  mergeNodes,
} from './update-tree.js';
import type { ElementTest, UpdateBranch, UpdateNode } from './update-tree.js';

/** MongoDB's limit on the nulls that fill an array up to a new index. */
const MAX_BACKFILL = 1_500_000;

/** What the tree is applied with. */
export interface ApplyContext extends UpdateContext {
  /** The index `$` stands for, when the filter found its match in an array. */
  readonly position: number | undefined;
  readonly arrayFilters: ReadonlyMap<string, ElementTest>;
}

/** Applies the operators to a copy of the document. */
export function applyTree(
  document: BsonDocument,
  tree: UpdateBranch,
  context: ApplyContext,
): BsonDocument {
  return updateDocument(document, tree, '', context);
}

function updateValue(
  value: MaybeValue,
  node: UpdateNode,
  path: string,
  context: ApplyContext,
): MaybeValue {
  if (isLeaf(node)) return node.operator.apply(value, path, context);
  if (value === undefined) return createDocument(node, path, context);
  if (isDocument(value)) return updateDocument(value, node, path, context);
  if (Array.isArray(value)) return updateArray(value, node, path, context);
  refuseArrayUpdates(node, value, path);
  if (ignoresUnviablePath(node)) return value;
  throw unviable(firstPart(node), path, value);
}

function firstPart(node: UpdateBranch): string {
  return [...node.children.keys()].sort(compareParts)[0]!;
}

function unviable(part: string, path: string, value: BsonValue) {
  const name = path.slice(path.lastIndexOf('.') + 1);
  return mongoError(
    'PathNotViable',
    `Cannot create field '${part}' in element {${name}: ${describeValue(value)}}`,
  );
}

function createDocument(node: UpdateBranch, path: string, context: ApplyContext): MaybeValue {
  if ([...node.children.keys()].some((part) => filterIdentifier(part) !== undefined)) {
    throw mongoError(
      'BadValue',
      `The path '${path}' must exist in the document in order to apply array updates.`,
    );
  }
  const created = updateDocument({}, node, path, context);
  return Object.keys(created).length > 0 ? created : undefined;
}

function updateDocument(
  document: BsonDocument,
  node: UpdateBranch,
  path: string,
  context: ApplyContext,
): BsonDocument {
  refuseArrayUpdates(node, document, path);
  const result: BsonDocument = {};
  for (const name of Object.keys(document)) setField(result, name, document[name]!);
  for (const [name, child] of resolvePositions(node, path, context)) {
    const value = updateValue(fieldOf(document, name), child, join(path, name), context);
    if (value === undefined) Reflect.deleteProperty(result, name);
    else setField(result, name, value);
  }
  return result;
}

/** The children by field name or index, in MongoDB's order, with `$` replaced by its index. */
function resolvePositions(
  node: UpdateBranch,
  path: string,
  context: ApplyContext,
): [string, UpdateNode][] {
  const resolved = new Map<string, UpdateNode>();
  for (const [part, child] of node.children) {
    if (filterIdentifier(part) !== undefined) continue;
    const name = part === '$' ? positionOf(context) : part;
    const existing = resolved.get(name);
    resolved.set(name, existing ? mergeNodes(existing, child, join(path, name)) : child);
  }
  return [...resolved].sort(([left], [right]) => compareParts(left, right));
}

function positionOf(context: ApplyContext): string {
  if (context.position === undefined) {
    throw mongoError(
      'BadValue',
      'The positional operator did not find the match needed from the query.',
    );
  }
  return String(context.position);
}

function refuseArrayUpdates(node: UpdateBranch, value: BsonValue, path: string): void {
  if ([...node.children.keys()].some((part) => filterIdentifier(part) !== undefined)) {
    const name = path.slice(path.lastIndexOf('.') + 1);
    throw mongoError(
      'BadValue',
      `Cannot apply array updates to non-array element ${name}: ${describeValue(value)}`,
    );
  }
}

function updateArray(
  array: BsonValue[],
  node: UpdateBranch,
  path: string,
  context: ApplyContext,
): BsonValue[] {
  const result = [...array];
  for (const [index, child] of elementNodes(array, node, path, context)) {
    const value = updateValue(array[index], child, join(path, String(index)), context);
    if (index < result.length) {
      // A removed element leaves null: the others keep their positions.
      result[index] = value ?? null;
    } else if (value !== undefined) {
      if (index - result.length > MAX_BACKFILL) {
        throw mongoError(
          'CannotBackfillArray',
          `can't backfill more than ${String(MAX_BACKFILL)} elements`,
        );
      }
      while (result.length < index) result.push(null);
      result.push(value);
    }
  }
  return result;
}

function elementNodes(
  array: BsonValue[],
  node: UpdateBranch,
  path: string,
  context: ApplyContext,
): [number, UpdateNode][] {
  const nodes = new Map<number, UpdateNode>();
  const add = (index: number, child: UpdateNode) => {
    const existing = nodes.get(index);
    nodes.set(index, existing ? mergeNodes(existing, child, join(path, String(index))) : child);
  };
  for (const [part, child] of node.children) {
    const identifier = filterIdentifier(part);
    if (identifier !== undefined) {
      const isMeant = identifier === '' ? () => true : context.arrayFilters.get(identifier)!;
      array.forEach((element, index) => {
        if (isMeant(element)) add(index, child);
      });
    } else {
      const name = isPositional(part) ? positionOf(context) : part;
      if (isArrayIndex(name)) add(Number(name), child);
      else if (!ignoresUnviablePath(child)) throw unviable(name, path, array);
    }
  }
  return [...nodes].sort(([left], [right]) => left - right);
}

const join = (path: string, part: string) => (path === '' ? part : `${path}.${part}`);
