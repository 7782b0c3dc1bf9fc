import { trusted } from 'mongoose';
import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { LastMessage } from '../chats/index.js';
import { previewOf } from './chat-previews.js';
import type { MessageReader } from './message-reader.js';
import type { MessageHistory, MessageView } from './message-history.js';
import type { MessageDoc, PastContent } from './message.model.js';
import { toRecord } from './message.record.js';

/** What lookups are built from. */
export interface MessageLookupsParts {
  messages: Model<MessageDoc>;
  access: MessageReader;
  history: MessageHistory;
}

/** A part of a list that ascends by message number. */
export interface SeqWindow {
  limit: number;
  /** Only messages with a higher number. */
  after?: number;
}

/** Pinned messages that a chat shows at most. */
const MAX_PINNED = 200;

/** Reads messages by what they have in common: a thread, being pinned, naming somebody. */
export class MessageLookups {
  constructor(private readonly parts: MessageLookupsParts) {}

  /**
   * The answers to a message, in their order.
   *
   * @throws {AppError} NOT_FOUND when the actor may not see the message.
   */
  async replies(
    actor: Actor,
    messageId: string,
    window: SeqWindow,
  ): Promise<{ views: MessageView[]; hasMore: boolean }> {
    const { doc } = await this.parts.access.seen(actor, messageId);
    const chatId = doc.chatId.toHexString();
    const above = Math.max(
      await this.parts.access.clearedSeq(actor.userId, chatId),
      window.after ?? 0,
    );
    const docs = await this.parts.messages
      .find({
        'replyTo.id': doc._id,
        seq: trusted({ $gt: above }),
        deletedFor: trusted({ $ne: objectId(actor.userId) }),
      })
      .sort({ seq: 1 })
      .limit(window.limit + 1)
      .lean();
    const shown = docs.slice(0, window.limit).map(toRecord);
    return {
      views: await this.parts.history.views(chatId, shown),
      hasMore: docs.length > window.limit,
    };
  }

  /**
   * The pinned messages of a chat, last pinned first.
   *
   * @throws {AppError} NOT_FOUND when the actor may not read the chat.
   */
  async pinned(actor: Actor, chatId: string): Promise<MessageView[]> {
    const floor = await this.parts.access.readableAbove(actor, chatId);
    const docs = await this.parts.messages
      .find({
        chatId: objectId(chatId),
        pinnedAt: trusted({ $exists: true }),
        seq: trusted({ $gt: floor }),
        deletedFor: trusted({ $ne: objectId(actor.userId) }),
      })
      .sort({ pinnedAt: -1 })
      .limit(MAX_PINNED)
      .lean();
    return this.parts.history.views(chatId, docs.map(toRecord));
  }

  /** What a list shows as the newest message to somebody who has deleted the newest for themselves. */
  async newestVisible(
    userId: string,
    chatId: string,
    aboveSeq: number,
  ): Promise<LastMessage | null> {
    const doc = await this.parts.messages
      .findOne({
        chatId: objectId(chatId),
        seq: trusted({ $gt: aboveSeq }),
        deletedFor: trusted({ $ne: objectId(userId) }),
      })
      .sort({ seq: -1 })
      .lean();
    return doc && previewOf(doc);
  }

  /**
   * The texts that a message had before, oldest first.
   *
   * @throws {AppError} NOT_FOUND when the actor may not see the message.
   */
  async edits(actor: Actor, messageId: string): Promise<PastContent[]> {
    const { doc } = await this.parts.access.seen(actor, messageId);
    const stored = await this.parts.messages.collection.findOne<Pick<MessageDoc, 'edits'>>(
      { _id: doc._id },
      { projection: { edits: 1, _id: 0 } },
    );
    return stored?.edits ?? [];
  }
}
