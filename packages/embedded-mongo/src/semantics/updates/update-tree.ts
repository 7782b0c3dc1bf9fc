import { mongoError } from '../../errors.js';
import type { BsonValue } from '../bson-types.js';
import { assertFieldName } from '../codec.js';
import { compareStrings } from '../compare.js';
import type { FieldOperator } from './field-operator.types.js';

/** An operator at the end of a path. */
export interface UpdateLeaf {
  readonly operator: FieldOperator;
  readonly path: string;
}

/** A part of the document with changes further down, by path part: a name, `$`, `$[]`, `$[id]`. */
export interface UpdateBranch {
  readonly children: Map<string, UpdateNode>;
}

/** The operators of an update, arranged like the document that they change. */
export type UpdateNode = UpdateLeaf | UpdateBranch;

export const isLeaf = (node: UpdateNode): node is UpdateLeaf => 'operator' in node;

/**
 * Adds an operator to the tree.
 * @throws MongoError 40 when the path is, contains or lies within one already there
 */
export function addOperator(root: UpdateBranch, path: string, operator: FieldOperator): void {
  const parts = parseUpdatePath(path);
  if (operator.isRemoval !== true) assertWritable(parts, path);
  let branch = root;
  for (const [index, part] of parts.entries()) {
    const existing = branch.children.get(part);
    const last = index === parts.length - 1;
    if (existing && (last || isLeaf(existing))) {
      const at = parts.slice(0, index + 1).join('.');
      throw mongoError(
        'ConflictingUpdateOperators',
        `Updating the path '${path}' would create a conflict at '${at}'`,
      );
    }
    if (last) {
      branch.children.set(part, { operator, path });
    } else {
      const next = (existing as UpdateBranch | undefined) ?? { children: new Map() };
      branch.children.set(part, next);
      branch = next;
    }
  }
}

/** Splits and checks the path of an update. */
export function parseUpdatePath(path: string): string[] {
  if (path === '') {
    throw mongoError('EmptyFieldName', 'An empty update path is not valid.');
  }
  const parts = path.split('.');
  if (parts.includes('')) {
    throw mongoError(
      'EmptyFieldName',
      `The update path '${path}' contains an empty field name, which is not allowed.`,
    );
  }
  if (isPositional(parts[0]!)) {
    throw mongoError(
      'BadValue',
      `Cannot have positional (i.e. '$') element in the first position in path '${path}'`,
    );
  }
  parts.forEach(assertFieldName);
  return parts;
}

/** A document can have fields named so; as the first part of a path an update can't write them. */
function assertWritable([part = '']: readonly string[], path: string): void {
  if (!part.startsWith('$') || ['$id', '$ref', '$db'].includes(part)) return;
  throw mongoError(
    'DollarPrefixedFieldName',
    `The dollar ($) prefixed field '${part}' in '${path}' is not allowed in the context of an update's replacement document. Consider using an aggregation pipeline with $replaceWith.`,
  );
}

/** Whether a path part stands for array elements: `$`, `$[]` or `$[identifier]`. */
export function isPositional(part: string): boolean {
  return part === '$' || (part.startsWith('$[') && part.endsWith(']'));
}

/** The identifier in `$[identifier]`; empty for `$[]`; `undefined` for other parts. */
export function filterIdentifier(part: string): string | undefined {
  return part.startsWith('$[') && isPositional(part) ? part.slice(2, -1) : undefined;
}

/** Both nodes in one, for an array element that two parts of an update stand for. */
export function mergeNodes(left: UpdateNode, right: UpdateNode, path: string): UpdateNode {
  if (isLeaf(left) || isLeaf(right)) {
    throw mongoError('ConflictingUpdateOperators', `Update created a conflict at '${path}'`);
  }
  const children = new Map(left.children);
  for (const [part, node] of right.children) {
    const existing = children.get(part);
    children.set(part, existing ? mergeNodes(existing, node, `${path}.${part}`) : node);
  }
  return { children };
}

/** Whether every operator below passes over paths that can't exist. */
export function ignoresUnviablePath(node: UpdateNode): boolean {
  if (isLeaf(node)) return node.operator.ignoresUnviablePath === true;
  return [...node.children.values()].every(ignoresUnviablePath);
}

/** The tree without the operators that act on an insert only; `undefined` when nothing is left. */
export function withoutInsertOnly(node: UpdateNode): UpdateNode | undefined {
  if (isLeaf(node)) return node.operator.onInsertOnly ? undefined : node;
  const children = new Map<string, UpdateNode>();
  for (const [part, child] of node.children) {
    const kept = withoutInsertOnly(child);
    if (kept) children.set(part, kept);
  }
  return children.size > 0 ? { children } : undefined;
}

/** The order in which MongoDB visits fields: numbers as numbers, all else by bytes. */
export function compareParts(left: string, right: string): number {
  const numbers = /^\d+$/;
  if (numbers.test(left) && numbers.test(right)) {
    return Number(left) - Number(right) || compareStrings(left, right);
  }
  return compareStrings(left, right);
}

/** Decides whether an array element is meant by `$[identifier]`. */
export type ElementTest = (element: BsonValue) => boolean;
