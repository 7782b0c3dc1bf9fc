import { ACCUMULATING_OPERATORS } from './accumulating.operators.js';
import { ARITHMETIC_OPERATORS } from './arithmetic.operators.js';
import { ARRAY_OPERATORS } from './array.operators.js';
import { DATE_OPERATORS } from './date.operators.js';
import type { OperatorTable } from './expression.types.js';
import { LOGIC_OPERATORS } from './logic.operators.js';
import { OBJECT_OPERATORS } from './object.operators.js';
import { SET_OPERATORS } from './set.operators.js';
import { STRING_OPERATORS } from './string.operators.js';
import { TYPE_OPERATORS } from './type.operators.js';

/** Every expression operator there is, by name. */
export const EXPRESSION_OPERATORS: OperatorTable = {
  ...LOGIC_OPERATORS,
  ...ARITHMETIC_OPERATORS,
  ...ARRAY_OPERATORS,
  ...ACCUMULATING_OPERATORS,
  ...SET_OPERATORS,
  ...STRING_OPERATORS,
  ...OBJECT_OPERATORS,
  ...TYPE_OPERATORS,
  ...DATE_OPERATORS,
};

/** Operators that MongoDB has and this database refuses. */
export const REFUSED_OPERATORS: ReadonlySet<string> = new Set([
  '$accumulator',
  '$acos',
  '$acosh',
  '$asin',
  '$asinh',
  '$atan',
  '$atan2',
  '$atanh',
  '$binarySize',
  '$bitAnd',
  '$bitNot',
  '$bitOr',
  '$bitXor',
  '$bsonSize',
  '$cos',
  '$cosh',
  '$degreesToRadians',
  '$function',
  '$median',
  '$percentile',
  '$radiansToDegrees',
  '$sampleRate',
  '$sin',
  '$sinh',
  '$tan',
  '$tanh',
  '$toHashedIndexKey',
  '$toUUID',
]);
