import type { Connection, Model } from 'mongoose';
import { Schema, Types, trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';
import type { Metadata } from '../../shared/metadata.js';
import type { MessageDraft } from './log/index.js';
import type { PastContent } from './message.model.js';

/**
 * Why a message is held: `review`, by the word filter, until a moderator decides; `shadow`, because its sender
 * is silenced without being told, until a moderator decides otherwise.
 */
export const HELD_FOR = ['review', 'shadow'] as const;
export type HeldFor = (typeof HELD_FOR)[number];

/**
 * `held`: waits. `releasing`: a moderator has released it, and it is being written into the log; for good when the
 * server stops in between, and then a second release finishes it. `refused`: a moderator has refused it; kept for a
 * while so that a retry of its sender gets the same answer.
 */
export type HeldState = 'held' | 'releasing' | 'refused';

/** A message outside the log: it has no number, and its sender alone sees it. */
export interface StoredHeldMessage {
  _id: Types.ObjectId;
  chatId: Types.ObjectId;
  senderId: Types.ObjectId;
  /** The message as it will be in the log; its `clientMessageId` is always set, and makes a release happen once. */
  draft: MessageDraft & { clientMessageId: string };
  /** Number of the chat's newest message when this one was written: it stands after that one. */
  afterSeq: number;
  heldFor: HeldFor;
  state: HeldState;
  editedAt?: Date;
  edits: PastContent[];
  /** Who has released or refused it. */
  decidedBy?: Types.ObjectId;
  /** Set when it is refused: the database removes it a while later. */
  expiresAt?: Date;
  createdAt: Date;
  updatedAt: Date;
}

const heldMessageSchema = new Schema<StoredHeldMessage>(
  {
    chatId: { type: Schema.Types.ObjectId, required: true },
    senderId: { type: Schema.Types.ObjectId, required: true },
    draft: { type: Schema.Types.Mixed, required: true } as never,
    afterSeq: { type: Number, required: true },
    heldFor: { type: String, enum: HELD_FOR, required: true },
    state: { type: String, required: true },
    editedAt: Date,
    edits: { type: [Schema.Types.Mixed] as never, default: [] },
    decidedBy: Schema.Types.ObjectId,
    expiresAt: Date,
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  { collection: 'heldmessages', versionKey: false, minimize: false },
);
// A retry finds the held message, on whatever node the first try ran.
heldMessageSchema.index(
  { chatId: 1, senderId: 1, 'draft.clientMessageId': 1 },
  { unique: true, name: 'held_client_ids' },
);
// A sender's own, in their pages and syncs, and how many there are.
heldMessageSchema.index({ senderId: 1, chatId: 1, _id: 1 });
// The moderators' queues: of one chat, and of all.
heldMessageSchema.index({ chatId: 1, state: 1, _id: -1 });
heldMessageSchema.index({ state: 1, _id: -1 });
// Whether a held message has a file.
heldMessageSchema.index({ 'draft.media.fileId': 1 });
heldMessageSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

/** Registers the held messages on a connection. */
export const defineHeldMessageModel = (connection: Connection): void => {
  connection.model<StoredHeldMessage>('HeldMessage', heldMessageSchema);
};

/** A page of a queue; `before` is the id of a held message. */
export interface HeldQuery {
  /** Absent: of all chats. */
  chatId?: string | undefined;
  heldFor?: HeldFor | undefined;
  before?: string | undefined;
  limit: number;
}

/** What has not been decided, or not completely. */
const WAITING: HeldState[] = ['held', 'releasing'];

/** The stored held messages. */
export class HeldMessagesRepository {
  private readonly held: Model<StoredHeldMessage>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.held = connection.model<StoredHeldMessage>('HeldMessage');
  }

  /** Stores a held message; undefined when the sender has used its client id in the chat before. */
  async insert(
    message: Omit<StoredHeldMessage, '_id'> & { _id?: Types.ObjectId },
  ): Promise<StoredHeldMessage | undefined> {
    const doc = { ...message, _id: message._id ?? new Types.ObjectId() };
    try {
      await this.held.collection.insertOne(doc);
      return doc;
    } catch (error) {
      if (isDuplicateKey(error)) return undefined;
      throw error;
    }
  }

  /** The message that a sender has had held under a client id, whatever its state. */
  async byClientId(
    chatId: string,
    senderId: string,
    clientMessageId: string,
  ): Promise<StoredHeldMessage | null> {
    return this.held.collection.findOne<StoredHeldMessage>({
      chatId: objectId(chatId),
      senderId: objectId(senderId),
      'draft.clientMessageId': clientMessageId,
    });
  }

  async byId(heldId: string): Promise<StoredHeldMessage | null> {
    return this.held.findById(objectId(heldId)).lean();
  }

  /** A sender's undecided messages, of one chat or of all, oldest first. */
  async ofSender(
    senderId: string,
    chatId: string | undefined,
    limit: number,
  ): Promise<StoredHeldMessage[]> {
    return this.held
      .find({
        senderId: objectId(senderId),
        ...(chatId !== undefined && { chatId: objectId(chatId) }),
        state: trusted({ $in: WAITING }),
      })
      .sort({ _id: 1 })
      .limit(limit)
      .lean();
  }

  /** How many undecided messages a sender has; no more than `limit` are counted. */
  async countOfSender(senderId: string, limit: number): Promise<number> {
    return this.held
      .countDocuments({ senderId: objectId(senderId), state: trusted({ $in: WAITING }) })
      .limit(limit);
  }

  /** Removes the oldest shadowed message of a sender; answers it. */
  async removeOldestShadow(senderId: string): Promise<StoredHeldMessage | null> {
    return this.held
      .findOneAndDelete(
        { senderId: objectId(senderId), heldFor: 'shadow', state: 'held' },
        { sort: { _id: 1 } },
      )
      .lean();
  }

  /** The senders of all undecided messages; no more than `limit` of them. */
  async senders(limit: number): Promise<string[]> {
    const rows = await this.held.aggregate<{ _id: Types.ObjectId }>([
      { $match: { state: { $in: WAITING } } },
      { $group: { _id: '$senderId' } },
      { $limit: limit },
    ]);
    return rows.map(({ _id }) => _id.toHexString());
  }

  /** The undecided messages, newest first. */
  async newest({ chatId, heldFor, before, limit }: HeldQuery): Promise<StoredHeldMessage[]> {
    return this.held
      .find({
        ...(chatId !== undefined && { chatId: objectId(chatId) }),
        ...(heldFor && { heldFor }),
        state: trusted({ $in: WAITING }),
        ...(before !== undefined && { _id: trusted({ $lt: objectId(before) }) }),
      })
      .sort({ _id: -1 })
      .limit(limit)
      .lean();
  }

  /** Gives a held message of the sender another text, or metadata (null: none); null when it is not held any more. */
  async edit(
    heldId: string,
    senderId: string,
    updatedAt: Date,
    {
      text,
      metadata,
    }: {
      text?: { content: string; mentions: Types.ObjectId[]; past: PastContent };
      metadata?: Metadata | null;
    },
  ): Promise<StoredHeldMessage | null> {
    return this.held
      .findOneAndUpdate(
        { _id: objectId(heldId), senderId: objectId(senderId), state: 'held' },
        {
          $set: {
            updatedAt,
            ...(metadata && { 'draft.metadata': metadata }),
            ...(text && {
              'draft.content': text.content,
              'draft.mentions': text.mentions,
              editedAt: text.past.at,
            }),
          },
          ...(metadata === null && { $unset: { 'draft.metadata': 1 } }),
          ...(text && { $push: { edits: { $each: [text.past], $slice: -MAX_PAST_TEXTS } } }),
        },
        { returnDocument: 'after' },
      )
      .lean();
  }

  /** Begins a release; also of one that a server has begun and not finished. Null when it is not held any more. */
  async beginRelease(
    heldId: string,
    decidedBy: string,
    at: Date,
  ): Promise<StoredHeldMessage | null> {
    return this.held
      .findOneAndUpdate(
        { _id: objectId(heldId), state: trusted({ $in: WAITING }) },
        { $set: { state: 'releasing', decidedBy: objectId(decidedBy), updatedAt: at } },
        { returnDocument: 'after' },
      )
      .lean();
  }

  /** Ends a release that has written nothing, unless another one has begun since. */
  async endRelease({ _id, updatedAt }: StoredHeldMessage): Promise<void> {
    await this.held.updateOne({ _id, state: 'releasing', updatedAt }, { $set: { state: 'held' } });
  }

  /** Refuses a held message; null when it is not held any more. */
  async refuse(
    heldId: string,
    decidedBy: string,
    at: Date,
    expiresAt: Date,
  ): Promise<StoredHeldMessage | null> {
    return this.held
      .findOneAndUpdate(
        { _id: objectId(heldId), state: 'held' },
        { $set: { state: 'refused', decidedBy: objectId(decidedBy), updatedAt: at, expiresAt } },
        { returnDocument: 'after' },
      )
      .lean();
  }

  /** Removes a held message of a sender that nobody has decided; answers whether it was there. */
  async removeOwn(heldId: string, senderId: string): Promise<boolean> {
    const filter = { _id: objectId(heldId), senderId: objectId(senderId), state: 'held' } as const;
    return (await this.held.deleteOne(filter)).deletedCount > 0;
  }

  /** Removes a held message, whatever its state. */
  async remove(heldId: string): Promise<void> {
    await this.held.deleteOne({ _id: objectId(heldId) });
  }

  /** Whether a held message has the file attached. */
  async isFileUsed(fileId: string): Promise<boolean> {
    const found = await this.held.collection.findOne(
      { 'draft.media.fileId': fileId },
      { projection: { _id: 1 } },
    );
    return found !== null;
  }
}

/** Number of past texts that a held message keeps. */
const MAX_PAST_TEXTS = 100;
