import { Int32 } from 'bson';
import { locationError } from '../../errors.js';
import { isDocument, isNumeric } from '../bson-types.js';
import type { BsonValue, MaybeValue } from '../bson-types.js';
import { compareBson } from '../compare.js';
import { toDouble } from '../numbers.js';
import { binary, compileArguments, isNullish, namedOperands, operatorOf } from './arguments.js';
import type { Compile, Expression, OperatorTable } from './expression.types.js';

/** Whether a value counts as true in an expression: not false, null, missing or a zero. */
export function isTruthy(value: MaybeValue): boolean {
  if (value === undefined || value === null || value === false) return false;
  return !isNumeric(value) || toDouble(value) !== 0;
}

const ordered = (accepts: (order: number) => boolean) =>
  binary((left, right) => accepts(compareBson(left, right)));

function conditional(operand: BsonValue, compile: Compile, name: string): Expression {
  if (!isDocument(operand)) {
    const [test, then, otherwise] = compileArguments(name, operand, compile, 3);
    return choose(test!, then!, otherwise!);
  }
  const parts = namedOperands(name, operand, ['if', 'then', 'else']);
  return choose(compile(parts.if!), compile(parts.then!), compile(parts.else!));
}

function choose(test: Expression, then: Expression, otherwise: Expression): Expression {
  return (document, context) =>
    (isTruthy(test(document, context)) ? then : otherwise)(document, context);
}

function ifNull(operand: BsonValue, compile: Compile): Expression {
  const expressions = Array.isArray(operand) ? operand.map(compile) : [];
  if (expressions.length < 2) {
    throw locationError(
      1257300,
      `$ifNull needs at least two arguments, had: ${String(expressions.length)}`,
    );
  }
  const alternatives = expressions.slice(0, -1);
  const last = expressions[expressions.length - 1]!;
  return (document, context) => {
    for (const expression of alternatives) {
      const value = expression(document, context);
      if (!isNullish(value)) return value;
    }
    return last(document, context);
  };
}

function switchCase(operand: BsonValue, compile: Compile, name: string): Expression {
  const parts = namedOperands(name, operand, ['branches'], ['default']);
  if (!Array.isArray(parts.branches)) {
    throw locationError(40061, '$switch expected an array for branches');
  }
  if (parts.branches.length === 0) {
    throw locationError(40068, '$switch requires at least one branch.');
  }
  const branches = parts.branches.map((branch) => {
    const { case: test, then } = namedOperands('a branch of $switch', branch, ['case', 'then']);
    return { test: compile(test!), then: compile(then!) };
  });
  const fallback = parts.default === undefined ? undefined : compile(parts.default);
  return (document, context) => {
    const taken = branches.find(({ test }) => isTruthy(test(document, context)));
    if (taken) return taken.then(document, context);
    if (fallback) return fallback(document, context);
    throw locationError(
      40066,
      '$switch could not find a matching branch for an input, and no default was specified.',
    );
  };
}

/** Comparisons, truth and choices. */
export const LOGIC_OPERATORS: OperatorTable = {
  $eq: ordered((order) => order === 0),
  $ne: ordered((order) => order !== 0),
  $gt: ordered((order) => order > 0),
  $gte: ordered((order) => order >= 0),
  $lt: ordered((order) => order < 0),
  $lte: ordered((order) => order <= 0),
  $cmp: binary((left, right) => new Int32(Math.sign(compareBson(left, right)))),
  $and: (operand, compile, name) => {
    const all = compileArguments(name, operand, compile, 0, Infinity);
    return (document, context) => all.every((part) => isTruthy(part(document, context)));
  },
  $or: (operand, compile, name) => {
    const any = compileArguments(name, operand, compile, 0, Infinity);
    return (document, context) => any.some((part) => isTruthy(part(document, context)));
  },
  $not: operatorOf(1, ([value]) => !isTruthy(value)),
  $cond: conditional,
  $ifNull: ifNull,
  $switch: switchCase,
};
