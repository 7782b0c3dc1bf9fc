import { mongoError, notSupported } from '../errors.js';
import {
  bsonTypeOf,
  contextOf as expressionContext,
  fieldOf,
  isDocument,
} from '../semantics/index.js';
import type { BsonDocument, BsonValue, ExpressionContext } from '../semantics/index.js';
import { documentArgument } from './command-arguments.js';
import type { CommandRequest } from './command.types.js';

/** What `$expr` sees in a command: one moment, and the variables of `let`. */
export function contextOf({ body, budget, engine }: CommandRequest): ExpressionContext {
  return expressionContext({
    now: engine.now(),
    variables: documentArgument(body, 'let'),
    checkTime: () => {
      budget.check();
    },
  });
}

/** The `hint` of a command or statement: an index name or a key pattern. */
export function hintArgument(body: BsonDocument): BsonValue | undefined {
  const hint = fieldOf(body, 'hint');
  if (hint === undefined || typeof hint === 'string' || isDocument(hint)) return hint;
  throw mongoError('FailedToParse', `Hint must be a string or an object, not ${bsonTypeOf(hint)}`);
}

/** The collation that compares bytes is the only one there is. */
export function assertSimpleCollation(value: BsonValue | undefined): void {
  if (value === undefined) return;
  const isSimple =
    isDocument(value) && (Object.keys(value).length === 0 || fieldOf(value, 'locale') === 'simple');
  if (!isSimple) throw notSupported("The option 'collation'");
}
