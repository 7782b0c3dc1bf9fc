import type { Connection, Model, mongo } from 'mongoose';
import { Schema, Types } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';
import { FORMER_RULES, OPEN_TERM } from './tokenizer.js';

/**
 * The searchable texts of a run of neighbouring messages. A search reads whole blocks and looks for its words
 * in their text: a message costs a line in a block instead of an entry per word.
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
  /** The `FOLD_RULES` (`tokenizer.ts`) of the texts; absent or null: rules from before they had a number. */
  rules?: number | null;
}

/** The content of a block. */
export type BlockContent = Pick<SearchBlock, 'text' | 'facts' | 'terms' | 'rules'>;

/** How far a chat's log is indexed. */
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
    rules: { type: Number, default: null },
  },
  { collection: 'searchblocks' },
);
// The block that a message belongs to, and all of a chat, newest first.
blockSchema.index({ chatId: 1, number: -1 }, { unique: true });
// The blocks that have a word, newest first.
blockSchema.index({ chatId: 1, terms: 1, number: -1 });
// The blocks of former rules, which are rebuilt.
blockSchema.index({ rules: 1 });

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

/** The place of a block: `number` 0 holds the chat's first messages. */
export interface BlockPlace {
  chatId: string;
  number: number;
}

/** How far the index has followed a chat: everything up to these numbers is in its blocks. */
export interface Position {
  version: number;
  seq: number;
}

/** The write of a block: a new one, or one that still has the revision of `known`. */
export interface BlockWrite extends BlockPlace {
  known: Pick<SearchBlock, '_id' | 'revision'> | undefined;
  content: BlockContent;
}

const START: Position = { version: 0, seq: 0 };

/** The stored search index: the blocks of text, and how far each chat's log is in them. */
export class SearchRepository {
  private readonly blocks: Model<SearchBlock>;
  private readonly positions: Model<SearchPosition>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.blocks = connection.model<SearchBlock>('SearchBlock');
    this.positions = connection.model<SearchPosition>('SearchPosition');
  }

  /** How far each of some chats is indexed. */
  async positionsOf(chatIds: string[]): Promise<Map<string, Position>> {
    const known = await this.positions.collection
      .find<SearchPosition>({ _id: { $in: chatIds.map(objectId) } })
      .toArray();
    const found = new Map(known.map((position) => [position._id.toHexString(), position]));
    return new Map(chatIds.map((chatId) => [chatId, found.get(chatId) ?? START]));
  }

  /** Moves positions, by chat id, forward; never back. */
  async advance(positions: Map<string, Position>): Promise<void> {
    const writes = [...positions].map(([chatId, { version, seq }]) => ({
      updateOne: {
        filter: { _id: objectId(chatId) },
        update: { $max: { version, seq } },
        upsert: true,
      },
    }));
    await this.positions.collection
      .bulkWrite(writes, { ordered: false })
      .catch((error: unknown) => {
        // Two nodes have created the position at the same time; both have indexed the same messages.
        if (!isDuplicateKey(error)) throw error;
      });
  }

  /** The blocks of some chats that are not full; one query of an index finds them for all chats. */
  openBlocks(chatIds: string[]): Promise<SearchBlock[]> {
    return this.findBlocks({ chatId: { $in: chatIds.map(objectId) }, terms: OPEN_TERM });
  }

  /** The blocks at some places, one or more. */
  blocksAt(places: BlockPlace[]): Promise<SearchBlock[]> {
    return this.findBlocks({
      $or: places.map(({ chatId, number }) => ({ chatId: objectId(chatId), number })),
    });
  }

  /** At most `limit` blocks of some chats that have all of the terms, in no order; no terms: any block. */
  blocksOfChats(chatIds: string[], terms: number[], limit: number): Promise<SearchBlock[]> {
    return this.findBlocks(
      { chatId: { $in: chatIds.map(objectId) }, ...havingAll(terms) },
      { limit },
    );
  }

  /** At most `limit` blocks of a chat that have all of the terms, by number from `below` down to `from`. */
  blocksBelow(
    chatId: string,
    terms: number[],
    { below, from, limit }: { below: number; from: number; limit: number },
  ): Promise<SearchBlock[]> {
    return this.findBlocks(
      { chatId: objectId(chatId), ...havingAll(terms), number: { $lt: below, $gte: from } },
      { limit, sort: { number: -1 } },
    );
  }

  /** The newest blocks of a chat, newest first. */
  newestBlocks(chatId: string, limit: number): Promise<SearchBlock[]> {
    return this.findBlocks({ chatId: objectId(chatId) }, { sort: { number: -1 }, limit });
  }

  /** At most `limit` blocks whose texts were made by former rules. */
  blocksOfFormerRules(limit: number): Promise<SearchBlock[]> {
    return this.findBlocks({ rules: { $in: FORMER_RULES } }, { limit });
  }

  /** Writes blocks in one command; answers false when another node has changed one of them meanwhile. */
  async writeBlocks(writes: BlockWrite[]): Promise<boolean> {
    try {
      const { matchedCount, insertedCount } = await this.blocks.collection.bulkWrite(
        writes.map(operationOf),
        { ordered: false },
      );
      return matchedCount + insertedCount === writes.length;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  private findBlocks(
    filter: Record<string, unknown>,
    options?: { limit: number; sort?: { number: -1 } },
  ): Promise<SearchBlock[]> {
    return this.blocks.collection.find<SearchBlock>(filter, options).toArray();
  }
}

/** One term is looked up by equality, so that the index alone decides. */
const havingAll = (terms: number[]): Record<string, unknown> => {
  if (terms.length === 0) return {};
  return { terms: terms.length === 1 ? terms[0] : { $all: terms } };
};

const operationOf = ({
  chatId,
  number,
  known,
  content,
}: BlockWrite): mongo.AnyBulkWriteOperation => {
  if (!known) {
    const place = { chatId: objectId(chatId), number };
    const document = { _id: new Types.ObjectId(), ...place, revision: 1, ...content };
    return { insertOne: { document } };
  }
  const filter = { _id: known._id, revision: known.revision };
  const update = { $set: { ...content, revision: known.revision + 1 } };
  return { updateOne: { filter, update } };
};
