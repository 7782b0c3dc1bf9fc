import type Joi from 'joi';
import { invalidInput } from './errors.js';
import { graphemeStart } from './text.js';

/** Levels below the whole input. The deepest schema has four; the rest is for what a schema leaves open. */
const MAX_DEPTH = 16;
/** Members of a list or an object about whose length the schema says nothing. */
const OPEN_MEMBERS = 200;
/** Values, with all that is in them, where the schema leaves open what there is. */
const OPEN_VALUES = 2000;
/** Members that an object may have beside those that its schema names, so that they can be refused by name. */
const UNKNOWN_MEMBERS = 20;
/** Characters of a path in an error; names of members are the sender's. */
const MAX_PATH = 200;

/** How much there may be in one place of an input. What a schema refuses for its type has no part here. */
interface Shape {
  object?: {
    limit: number;
    known: ReadonlyMap<string, Shape>;
    /** What is under names that are not known; undefined where they are refused by name. */
    other: Shape | undefined;
  };
  list?: { limit: number; item: Shape };
  /** Values that fit in here, this one included. */
  total: number;
}

/** The part of a schema's `describe()` that says how much there may be. */
interface Described {
  type?: string;
  flags?: { only?: boolean; unknown?: boolean; single?: boolean; presence?: string };
  rules?: { name: string; args?: { limit?: unknown } }[];
  keys?: Record<string, Described>;
  patterns?: { rule: Described }[];
  renames?: { from: unknown; to: unknown }[];
  items?: Described[];
  ordered?: Described[];
  matches?: Branch[];
  whens?: Branch[];
}
interface Branch {
  schema?: Described;
  then?: Described;
  otherwise?: Described;
  switch?: Branch[];
}

const SINGLE: Shape = { total: 1 };
/** Any value: an object or a list of the same, and not too much of it. */
const ANY: Shape = { total: OPEN_VALUES };
ANY.object = { limit: OPEN_MEMBERS, known: new Map(), other: ANY };
ANY.list = { limit: OPEN_MEMBERS, item: ANY };

/** Types of single values; Joi refuses an object or a list in their place without looking into it. */
const SINGLE_TYPES = new Set(['string', 'number', 'boolean', 'date', 'binary', 'symbol']);

/** What fits into either shape. */
const either = (a: Shape, b: Shape): Shape => {
  if (a === ANY || b === ANY) return ANY;
  if (a === SINGLE || b === SINGLE) return a === SINGLE ? b : a;
  const object = a.object && b.object ? eitherObject(a.object, b.object) : (a.object ?? b.object);
  const list =
    a.list && b.list
      ? { limit: Math.max(a.list.limit, b.list.limit), item: either(a.list.item, b.list.item) }
      : (a.list ?? b.list);
  return { ...(object && { object }), ...(list && { list }), total: a.total + b.total };
};

const eitherObject = (
  a: NonNullable<Shape['object']>,
  b: NonNullable<Shape['object']>,
): NonNullable<Shape['object']> => {
  const known = new Map(a.known);
  for (const [name, shape] of b.known) {
    const other = known.get(name);
    known.set(name, other ? either(other, shape) : shape);
  }
  const other = a.other && b.other ? either(a.other, b.other) : (a.other ?? b.other);
  return { limit: Math.max(a.limit, b.limit), known, other };
};

const eitherOf = (shapes: Shape[]): Shape => shapes.reduce(either, SINGLE);

const schemasOf = (branches: Branch[]): Described[] =>
  branches.flatMap(({ schema, then, otherwise, switch: cases }) => [
    ...[schema, then, otherwise].filter((one) => one !== undefined),
    ...schemasOf(cases ?? []),
  ]);

/** A schema's own limit; one that depends on another member counts as none. */
const maxOf = ({ rules = [] }: Described): number => {
  const limits = rules
    .filter(({ name }) => name === 'max' || name === 'length')
    .map(({ args }) => args?.limit)
    .filter((limit) => typeof limit === 'number');
  return limits.length > 0 ? Math.min(...limits) : OPEN_MEMBERS;
};

const objectShape = (described: Described): Shape => {
  const { keys, patterns = [], renames = [], flags } = described;
  const known = new Map(
    Object.entries(keys ?? {}).map(([name, member]) => [name, shapeOfDescribed(member)]),
  );
  for (const { from, to } of renames) {
    const target = known.get(String(to));
    if (target) known.set(String(from), target);
  }
  const isOpen = flags?.unknown === true || (keys === undefined && patterns.length === 0);
  const patterned = eitherOf(patterns.map(({ rule }) => shapeOfDescribed(rule)));
  const other = isOpen ? ANY : patterns.length > 0 ? patterned : undefined;
  const others = other ? maxOf(described) : UNKNOWN_MEMBERS;
  const named = [...known.values()].reduce((sum, { total }) => sum + total, 0);
  const totalOfOthers = isOpen ? OPEN_VALUES : others * patterned.total;
  return {
    object: { limit: known.size + others, known, other },
    total: 1 + named + totalOfOthers,
  };
};

const listShape = (described: Described): Shape => {
  const members = [...(described.items ?? []), ...(described.ordered ?? [])];
  const item = members.length > 0 ? eitherOf(members.map(shapeOfDescribed)) : ANY;
  const limit = maxOf(described);
  const list: Shape = { list: { limit, item }, total: 1 + limit * item.total };
  // One that stands for a list of one.
  return described.flags?.single ? either(list, item) : list;
};

const baseShape = (described: Described): Shape => {
  const { type = 'any', flags } = described;
  if (SINGLE_TYPES.has(type) || flags?.only || flags?.presence === 'forbidden') return SINGLE;
  if (type === 'object') return objectShape(described);
  if (type === 'array') return listShape(described);
  if (type === 'alternatives') {
    return eitherOf(schemasOf(described.matches ?? []).map(shapeOfDescribed));
  }
  return ANY;
};

const shapeOfDescribed = (described: Described): Shape => {
  const cases = schemasOf(described.whens ?? [])
    // Only says whether there is a value, or which; what it may hold stands beside it.
    .filter(({ type }) => type !== 'any')
    .map(shapeOfDescribed);
  return eitherOf([baseShape(described), ...cases]);
};

const shapes = new WeakMap<Joi.Schema, Shape>();

const shapeOf = (schema: Joi.Schema): Shape => {
  let shape = shapes.get(schema);
  if (!shape) {
    shape = shapeOfDescribed(schema.describe() as Described);
    shapes.set(schema, shape);
  }
  return shape;
};

/** A path as errors show it: short, and whole characters only. */
export const shortPath = (path: string): string =>
  path.length <= MAX_PATH ? path : `${path.slice(0, graphemeStart(path, MAX_PATH))}…`;

const refuse = (path: string, problem: string): never => {
  throw invalidInput(shortPath(path), problem);
};

/** Walks an input along the shape of its schema, and no further than either goes. */
class Count {
  values = 0;

  constructor(
    private readonly limit: number,
    /** Whether this counts a place that its schema leaves open; what is in it belongs to the same count. */
    private readonly isOpen = false,
  ) {}

  add(value: unknown, shape: Shape, path: string, depth: number): void {
    if (!this.isOpen && shape.object?.other === ANY) {
      const open = new Count(shape.total, true);
      open.add(value, shape, path, depth);
      this.take(open.values, path);
      return;
    }
    this.take(1, path);
    if (typeof value !== 'object' || value === null) return;
    if (depth > MAX_DEPTH) refuse(path, `nested deeper than ${MAX_DEPTH} levels`);
    if (Array.isArray(value)) this.addList(value, shape, path, depth);
    else if (ArrayBuffer.isView(value)) this.addBytes(value, shape, path);
    else this.addObject(value, shape, path, depth);
  }

  private addList(value: unknown[], { list }: Shape, path: string, depth: number): void {
    if (!list) return;
    const { limit, item } = list;
    if (value.length > limit) {
      refuse(path, `at most ${limit} items`);
    }
    if (item === SINGLE) this.take(value.length, path);
    else value.forEach((member, i) => this.add(member, item, join(path, String(i)), depth + 1));
  }

  private addObject(value: object, { object }: Shape, path: string, depth: number): void {
    if (!object) return;
    const { limit, known, other } = object;
    const names = Object.keys(value);
    if (names.length > limit) refuse(path, `at most ${limit} members`);
    if (known.size === 0 && other === SINGLE) {
      this.take(names.length, path);
      return;
    }
    for (const name of names) {
      const shape = known.get(name) ?? other ?? SINGLE;
      this.add((value as Record<string, unknown>)[name], shape, join(path, name), depth + 1);
    }
  }

  /** An object to Joi, with a member for every byte. */
  private addBytes({ byteLength }: ArrayBufferView, { object }: Shape, path: string): void {
    if (object && object.other !== ANY && byteLength > UNKNOWN_MEMBERS) {
      refuse(path, 'an object');
    }
  }

  private take(values: number, path: string): void {
    this.values += values;
    if (this.values > this.limit) refuse(path, `too much, at most ${this.limit} values`);
  }
}

const join = (path: string, name: string): string =>
  shortPath(path === '' ? name : `${path}.${name}`);

/**
 * Refuses input that is longer, wider or deeper than its schema could take, before the schema looks at it:
 * Joi makes an error of every wrong member, and a body of 256 kB has 127,000 of them. How long a list or map
 * may be is read from the schema's own `max`; where it has none, and below `unknown()`, OPEN_MEMBERS and
 * OPEN_VALUES hold.
 *
 * @returns how many values there are to look at.
 * @throws {AppError} VALIDATION with the path of the place that is too large.
 */
export const checkBounds = (schema: Joi.Schema, input: unknown): number => {
  const shape = shapeOf(schema);
  const count = new Count(shape.total);
  count.add(input, shape, '', 0);
  return count.values;
};
