import type { Connection, Types } from 'mongoose';
import { Schema } from 'mongoose';

/**
 * What can be searched of a run of neighbouring messages. A search reads whole blocks and looks for
 * its words in their text: a message costs a line in a block instead of an entry per word.
 */
export interface SearchBlock {
  _id: Types.ObjectId;
  chatId: Types.ObjectId;
  /** Place among the chat's blocks: 0 for the first messages. */
  number: number;
  /** Counts the writes, so that two nodes never overwrite each other's. */
  revision: number;
  /** Folded texts of the messages, one line each. */
  text: string;
  /** The facts that searches filter by, of the same messages, as JSON (`search-block.ts`). */
  facts: string;
  /** Numbers of the words in a full block; `OPEN_TERM` (`tokenizer.ts`) alone until then. */
  terms: number[];
}

/** How far a chat's log is in its blocks. */
export interface SearchPosition {
  /** The chat's id. */
  _id: Types.ObjectId;
  version: number;
  /** Number of the newest message in the blocks. */
  seq: number;
}

const blockSchema = new Schema<SearchBlock>(
  {
    chatId: { type: Schema.Types.ObjectId, required: true },
    number: { type: Number, required: true },
    revision: { type: Number, required: true },
    text: { type: String, required: true },
    facts: { type: String, required: true },
    terms: { type: [Number], required: true },
  },
  { collection: 'searchblocks' },
);
// The block that a message belongs to, and all of a chat, newest first.
blockSchema.index({ chatId: 1, number: -1 }, { unique: true });
// The blocks that have a word, newest first.
blockSchema.index({ chatId: 1, terms: 1, number: -1 });

const positionSchema = new Schema<SearchPosition>(
  {
    _id: { type: Schema.Types.ObjectId, required: true },
    version: { type: Number, required: true },
    seq: { type: Number, required: true },
  },
  { collection: 'searchpositions' },
);

/** Registers the collections of the search index on a connection. */
export const defineSearchModels = (connection: Connection): void => {
  connection.model('SearchBlock', blockSchema);
  connection.model('SearchPosition', positionSchema);
};
