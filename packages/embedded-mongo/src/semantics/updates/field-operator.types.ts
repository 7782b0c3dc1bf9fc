import type { BsonDocument, MaybeValue } from '../bson-types.js';

/** What a field operator knows of the update it is part of. */
export interface UpdateContext {
  /** The clock of the command, for `$currentDate`. */
  readonly now: Date;
  /** The document before the update, named in error messages. */
  readonly original: BsonDocument;
}

/** One operator applied to one field, such as `$inc` by 2. */
export interface FieldOperator {
  /**
   * The field's new value; `undefined` removes the field (or leaves it missing).
   * @param path the field's path with positions filled in, for error messages
   */
  readonly apply: (current: MaybeValue, path: string, context: UpdateContext) => MaybeValue;
  /** Whether a path that can't exist (through a number, say) is passed over instead of refused. */
  readonly ignoresUnviablePath?: boolean;
  /** Whether it takes the field away, whatever its name is. */
  readonly isRemoval?: boolean;
  /** Whether the operator acts only when an upsert inserts. */
  readonly onInsertOnly?: boolean;
}
