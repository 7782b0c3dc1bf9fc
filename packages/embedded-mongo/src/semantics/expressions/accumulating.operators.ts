import type { BsonValue } from '../bson-types.js';
import { ACCUMULATORS } from '../accumulators.js';
import type { Compile, Expression, OperatorTable } from './expression.types.js';

/** An accumulator over the elements of one array, or over the arguments. */
function accumulating(operand: BsonValue, compile: Compile, name: string): Expression {
  const make = ACCUMULATORS[name]!;
  const expressions = (Array.isArray(operand) ? operand : [operand]).map(compile);
  const [only] = expressions;
  return (document, context) => {
    const accumulator = make();
    const single = expressions.length === 1 ? only!(document, context) : undefined;
    const values = Array.isArray(single)
      ? single
      : expressions.map((expression) => expression(document, context));
    for (const value of values) accumulator.add(value);
    return accumulator.result();
  };
}

/** Accumulators used as expressions within one document. */
export const ACCUMULATING_OPERATORS: OperatorTable = {
  $sum: accumulating,
  $avg: accumulating,
  $min: accumulating,
  $max: accumulating,
  $stdDevPop: accumulating,
  $stdDevSamp: accumulating,
};
