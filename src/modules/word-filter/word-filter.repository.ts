import type { Connection, Model, Types } from 'mongoose';
import { Schema } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';

/**
 * What happens to a text that has the word. `refuse`: it is not sent. `mask`: the word is replaced by asterisks.
 * `hold`: its sender alone sees it until a moderator has released it. The first of these that a text meets, in this
 * order, counts: refuse, hold, mask.
 */
export const FILTER_ACTIONS = ['refuse', 'mask', 'hold'] as const;
export type FilterAction = (typeof FILTER_ACTIONS)[number];

/** A word, or some words, that are filtered. */
export interface WordRule {
  _id: Types.ObjectId;
  /** As its admin has written it; `*` at an end stands for the rest of a word. */
  pattern: string;
  /** The pattern as it is compared: one per scope. */
  key: string;
  action: FilterAction;
  /** The chat that it is for; null: everywhere. */
  chatId: Types.ObjectId | null;
  createdBy: Types.ObjectId;
  createdAt: Date;
  updatedAt: Date;
}

const wordRuleSchema = new Schema<WordRule>(
  {
    pattern: { type: String, required: true },
    key: { type: String, required: true },
    action: { type: String, enum: FILTER_ACTIONS, required: true },
    chatId: { type: Schema.Types.ObjectId, default: null },
    createdBy: { type: Schema.Types.ObjectId, required: true },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  { collection: 'wordfilters', versionKey: false },
);
// One rule per word and scope.
wordRuleSchema.index({ chatId: 1, key: 1 }, { unique: true });

/** Registers the word filters on a connection. */
export const defineWordFilterModels = (connection: Connection): void => {
  connection.model<WordRule>('WordFilter', wordRuleSchema);
};

/** The stored word filters. */
export class WordFilterRepository {
  private readonly rules: Model<WordRule>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.rules = connection.model<WordRule>('WordFilter');
  }

  /** All rules, newest first; at most `limit`. */
  async all(limit: number): Promise<WordRule[]> {
    return this.rules.find().sort({ _id: -1 }).limit(limit).read('primary').lean();
  }

  async count(): Promise<number> {
    return this.rules.countDocuments();
  }

  /** Stores a rule; undefined when there is one for the same word and scope. */
  async insert(rule: Omit<WordRule, '_id'>): Promise<WordRule | undefined> {
    try {
      return (await this.rules.create(rule)).toObject();
    } catch (error) {
      if (isDuplicateKey(error)) return undefined;
      throw error;
    }
  }

  /**
   * Changes a rule; null when there is none with this id, `'taken'` when there is another one for the same word and
   * scope.
   */
  async update(
    ruleId: string,
    changes: Partial<Pick<WordRule, 'pattern' | 'key' | 'action' | 'updatedAt'>>,
  ): Promise<WordRule | null | 'taken'> {
    try {
      return await this.rules
        .findOneAndUpdate({ _id: objectId(ruleId) }, { $set: changes }, { returnDocument: 'after' })
        .lean();
    } catch (error) {
      if (isDuplicateKey(error)) return 'taken';
      throw error;
    }
  }

  /** Removes a rule; answers whether it was there. */
  async remove(ruleId: string): Promise<boolean> {
    return (await this.rules.deleteOne({ _id: objectId(ruleId) })).deletedCount > 0;
  }
}
