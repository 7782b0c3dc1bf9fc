import { locationError } from '../errors.js';
import { fieldOf, isDocument, setField } from './bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from './bson-types.js';
import type { Expression, ExpressionContext } from './expression.js';

/** The fields a projection names at one level of the document. */
export interface ProjectionNode {
  /** Fields that are included or excluded as they are. */
  readonly named: Set<string>;
  readonly computed: Map<string, Expression>;
  readonly children: Map<string, ProjectionNode>;
  /** Computed fields and children in the order in which they were written. */
  readonly order: string[];
}

/** An empty level. */
export const newNode = (): ProjectionNode => ({
  named: new Set(),
  computed: new Map(),
  children: new Map(),
  order: [],
});

/**
 * Adds a field to the tree: computed when there is an expression, named otherwise.
 * @throws MongoError 31249 or 31250 when the path is, contains or lies within one already there
 */
export function addToTree(root: ProjectionNode, path: readonly string[], value?: Expression): void {
  let node = root;
  path.slice(0, -1).forEach((part, index) => {
    if (node.named.has(part) || node.computed.has(part)) {
      throw locationError(
        31249,
        `Path collision at ${path.join('.')} remaining portion ${path.slice(index + 1).join('.')}`,
      );
    }
    let child = node.children.get(part);
    if (!child) {
      child = newNode();
      node.children.set(part, child);
      node.order.push(part);
    }
    node = child;
  });
  const last = path[path.length - 1]!;
  if (node.named.has(last) || node.computed.has(last) || node.children.has(last)) {
    throw locationError(31250, `Path collision at ${path.join('.')}`);
  }
  if (value) {
    node.computed.set(last, value);
    node.order.push(last);
  } else {
    node.named.add(last);
  }
}

/** Whether a field is computed at this level or below. */
export function hasComputed(node: ProjectionNode): boolean {
  return node.computed.size > 0 || [...node.children.values()].some(hasComputed);
}

/** Whether the tree names no field at all. */
export function isEmptyTree(node: ProjectionNode): boolean {
  return node.named.size === 0 && node.order.length === 0;
}

/** The document with only the named fields; numbers and text on the way to one disappear. */
export function includeFields(document: BsonDocument, node: ProjectionNode): BsonDocument {
  const result: BsonDocument = {};
  for (const name of Object.keys(document)) {
    const value = document[name]!;
    if (node.named.has(name)) {
      setField(result, name, value);
    } else {
      const child = node.children.get(name);
      const kept = child && includeInValue(value, child);
      if (kept !== undefined) setField(result, name, kept);
    }
  }
  return result;
}

function includeInValue(value: BsonValue, node: ProjectionNode): MaybeValue {
  if (isDocument(value)) return includeFields(value, node);
  if (!Array.isArray(value)) return undefined;
  return value
    .map((element) => includeInValue(element, node))
    .filter((element) => element !== undefined);
}

/** The document without the named fields. */
export function excludeFields(document: BsonDocument, node: ProjectionNode): BsonDocument {
  const result: BsonDocument = {};
  for (const name of Object.keys(document)) {
    if (node.named.has(name)) continue;
    const value = document[name]!;
    const child = node.children.get(name);
    setField(result, name, child ? excludeInValue(value, child) : value);
  }
  return result;
}

function excludeInValue(value: BsonValue, node: ProjectionNode): BsonValue {
  if (isDocument(value)) return excludeFields(value, node);
  return Array.isArray(value) ? value.map((element) => excludeInValue(element, node)) : value;
}

/**
 * The document with the computed fields set: in place where the field exists, else at the end. A
 * missing result removes the field.
 * @param root the document that the expressions see
 */
export function computeFields(
  document: BsonDocument,
  node: ProjectionNode,
  root: BsonDocument,
  context: ExpressionContext,
): BsonDocument {
  const result = { ...document };
  for (const name of node.order) {
    const expression = node.computed.get(name);
    const child = node.children.get(name);
    const value = expression
      ? expression(root, context)
      : computeInChild(fieldOf(document, name), child!, root, context);
    if (value === undefined) Reflect.deleteProperty(result, name);
    else setField(result, name, value);
  }
  return result;
}

function computeInChild(
  value: MaybeValue,
  node: ProjectionNode,
  root: BsonDocument,
  context: ExpressionContext,
): MaybeValue {
  if (!hasComputed(node)) return value;
  if (isDocument(value)) return computeFields(value, node, root, context);
  if (Array.isArray(value)) {
    return value.map((element) => computeInChild(element, node, root, context) ?? null);
  }
  return computeFields({}, node, root, context);
}
