import { locationError, mongoError } from '../../errors.js';
import type { MongoError } from '../../errors.js';
import { isDocument } from '../bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from '../bson-types.js';
import { ARGUMENT_CODES } from './argument-codes.js';
import type {
  Compile,
  Expression,
  ExpressionContext,
  OperatorCompiler,
} from './expression.types.js';

/** Whether a value is null or missing, which most operators answer with null. */
export function isNullish(value: MaybeValue): value is null | undefined {
  return value === null || value === undefined;
}

/**
 * Compiles an operator's arguments, given as an array or, when there is one, bare.
 * @throws MongoError 16020 or 28667 when their number is wrong
 */
export function compileArguments(
  name: string,
  operand: BsonValue,
  compile: Compile,
  least: number,
  most = least,
): Expression[] {
  const list = Array.isArray(operand) ? operand : [operand];
  if (list.length < least || list.length > most) {
    throw least === most
      ? locationError(
          16020,
          `Expression ${name} takes exactly ${String(least)} arguments. ${String(list.length)} were passed in.`,
        )
      : locationError(
          28667,
          `Expression ${name} takes at least ${String(least)} arguments, and at most ${String(most)}, but ${String(list.length)} were passed in.`,
        );
  }
  return list.map(compile);
}

/** An operator of a fixed number of arguments, all of which are evaluated first. */
export function operatorOf(
  count: number,
  evaluate: (values: MaybeValue[], name: string, context: ExpressionContext) => MaybeValue,
): OperatorCompiler {
  return (operand, compile, name) => {
    const expressions = compileArguments(name, operand, compile, count);
    return (document, context) =>
      evaluate(
        expressions.map((expression) => expression(document, context)),
        name,
        context,
      );
  };
}

/** An operator of one argument. */
export function unary(
  evaluate: (value: MaybeValue, name: string, context: ExpressionContext) => MaybeValue,
): OperatorCompiler {
  return operatorOf(1, ([value], name, context) => evaluate(value, name, context));
}

/** An operator of two arguments. */
export function binary(
  evaluate: (
    left: MaybeValue,
    right: MaybeValue,
    name: string,
    context: ExpressionContext,
  ) => MaybeValue,
): OperatorCompiler {
  return operatorOf(2, ([left, right], name, context) => evaluate(left, right, name, context));
}

/** An operator of between `least` and `most` arguments. */
export function variadic(
  evaluate: (values: MaybeValue[], name: string, context: ExpressionContext) => MaybeValue,
  least = 0,
  most = Infinity,
): OperatorCompiler {
  return (operand, compile, name) => {
    const expressions = compileArguments(name, operand, compile, least, most);
    return (document, context) =>
      evaluate(
        expressions.map((expression) => expression(document, context)),
        name,
        context,
      );
  };
}

/**
 * An operator of any number of arguments that are evaluated one after the other, as far as the
 * operator asks for them: null ends most of them before a later argument can fail.
 */
export function sequential(
  evaluate: (values: Iterable<MaybeValue>, name: string, context: ExpressionContext) => MaybeValue,
): OperatorCompiler {
  return (operand, compile, name) => {
    const expressions = compileArguments(name, operand, compile, 0, Infinity);
    return (document, context) => {
      const values = function* () {
        for (const expression of expressions) yield expression(document, context);
      };
      return evaluate(values(), name, context);
    };
  };
}

/**
 * Checks the names of an operator's arguments.
 * @throws MongoError with the operator's own code, see {@link ARGUMENT_CODES}
 */
export function namedOperands(
  name: string,
  operand: BsonValue,
  required: readonly string[],
  optional: readonly string[] = [],
  codes = ARGUMENT_CODES[name]!,
): BsonDocument {
  if (!isDocument(operand)) {
    throw argumentError(codes.notObject, `${name} only supports an object as its argument`);
  }
  for (const given of Object.keys(operand)) {
    if (!required.includes(given) && !optional.includes(given)) {
      throw argumentError(codes.unknown, `Unrecognized argument to ${name}: ${given}`);
    }
  }
  for (const wanted of required) {
    if (!Object.hasOwn(operand, wanted)) {
      throw argumentError(codes.missing[wanted]!, `Missing '${wanted}' parameter to ${name}`);
    }
  }
  return operand;
}

const argumentError = (code: number, message: string): MongoError =>
  code === 9 ? mongoError('FailedToParse', message) : locationError(code, message);

/** An operator whose arguments are named and evaluated first. */
export function named(
  required: readonly string[],
  optional: readonly string[],
  evaluate: (
    values: Readonly<Record<string, MaybeValue>>,
    name: string,
    context: ExpressionContext,
  ) => MaybeValue,
): OperatorCompiler {
  return (operand, compile, name) => {
    const operands = namedOperands(name, operand, required, optional);
    const expressions = Object.keys(operands).map((key) => [key, compile(operands[key]!)] as const);
    return (document, context) => {
      const values: Record<string, MaybeValue> = {};
      for (const [key, expression] of expressions) values[key] = expression(document, context);
      return evaluate(values, name, context);
    };
  };
}
