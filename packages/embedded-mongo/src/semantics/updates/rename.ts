import { mongoError } from '../../errors.js';
import { fieldOf, isDocument } from '../bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from '../bson-types.js';
import { describeValue } from '../describe.js';
import { isArrayIndex, plainValueAt } from '../path.js';
import { addOperator, isPositional, parseUpdatePath } from './update-tree.js';
import type { UpdateBranch } from './update-tree.js';

/** One field of `$rename`. */
export interface Rename {
  readonly from: string;
  readonly to: string;
}

/** Reads `$rename: { [from]: to }`. */
export function parseRename(from: string, operand: BsonValue): Rename {
  return { from, to: checkRename(from, operand) };
}

/** Adds the two halves of a rename: the value goes to `to` and disappears at `from`. */
export function addRename(root: UpdateBranch, { from, to }: Rename): void {
  const source = parseUpdatePath(from);
  addOperator(root, to, {
    apply: (_current, _path, { original }) => plainValueAt(original, source),
  });
  addOperator(root, from, {
    ignoresUnviablePath: true,
    isRemoval: true,
    apply: () => undefined,
  });
}

/**
 * Whether the document has a value to rename.
 * @throws MongoError 28 when the path leads through a value that has no fields, 2 when the value lies in an
 *   array or would have to go into one
 */
export function hasRenameSource(document: BsonDocument, { from, to }: Rename): boolean {
  const source = from.split('.');
  if (!isThere(document, source)) return false;
  refuseArrayOnPath(document, source, 'source');
  refuseArrayOnPath(document, to.split('.'), 'destination');
  return true;
}

/** Whether a path leads to a value, through arrays by the numbers of their elements. */
function isThere(document: BsonDocument, path: readonly string[]): boolean {
  let current: BsonValue = document;
  for (const [index, part] of path.entries()) {
    const isArray: boolean = Array.isArray(current);
    if (!isDocument(current) && !(isArray && isArrayIndex(part))) {
      throw mongoError(
        'PathNotViable',
        `cannot use the part (${part} of ${path.join('.')}) to traverse the element ({${path[index - 1] ?? ''}: ${describeValue(current)}})`,
      );
    }
    const next: MaybeValue = isDocument(current)
      ? fieldOf(current, part)
      : (current as BsonValue[])[Number(part)];
    if (next === undefined) return false;
    current = next;
  }
  return true;
}

function checkRename(from: string, operand: BsonValue): string {
  const shown = `${from}: ${describeValue(operand)}`;
  if (typeof operand !== 'string') {
    throw mongoError('BadValue', `The 'to' field for $rename must be a string: ${shown}`);
  }
  if (operand.includes('\0')) {
    throw mongoError(
      'BadValue',
      `The 'to' field for $rename cannot contain an embedded null byte: ${shown}`,
    );
  }
  if (from === operand) {
    throw mongoError('BadValue', `The source and target field for $rename must differ: ${shown}`);
  }
  if (`${from}.`.startsWith(`${operand}.`) || `${operand}.`.startsWith(`${from}.`)) {
    throw mongoError(
      'BadValue',
      `The source and target field for $rename must not be on the same path: ${shown}`,
    );
  }
  for (const [path, role] of [
    [from, 'source'],
    [operand, 'destination'],
  ] as const) {
    if (path.split('.').some(isPositional)) {
      throw mongoError('BadValue', `The ${role} field for $rename may not be dynamic: ${path}`);
    }
  }
  return operand;
}

function refuseArrayOnPath(
  document: BsonDocument,
  path: readonly string[],
  role: 'source' | 'destination',
): void {
  let current: MaybeValue = document;
  for (const [index, part] of path.entries()) {
    if (Array.isArray(current)) {
      throw mongoError(
        'BadValue',
        `The ${role} field cannot be an array element, '${path.join('.')}' in doc with _id: ${describeValue(document._id)} has an array field called '${path[index - 1] ?? ''}'`,
      );
    }
    if (!isDocument(current)) return;
    current = fieldOf(current, part);
  }
}
