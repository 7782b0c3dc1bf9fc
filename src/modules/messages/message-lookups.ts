import type { Actor } from '../../shared/actor.js';
import { groupBy } from '../../shared/group-by.js';
import type { MemberPositionsRepository } from '../chats/index.js';
import type { MessageReader } from './message-reader.js';
import type { MessageHistory, MessageView } from './message-history.js';
import type { PastContent } from './message.model.js';
import { toRecord } from './message.record.js';
import { isTombstone } from './messages.policy.js';
import type { MessagesRepository } from './messages.repository.js';

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
  constructor(
    private readonly deps: {
      messages: MessagesRepository;
      positions: MemberPositionsRepository;
      reader: MessageReader;
      history: MessageHistory;
    },
  ) {}

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
    const { doc } = await this.deps.reader.visible(actor, messageId);
    const chatId = doc.chatId.toHexString();
    const above = Math.max(
      await this.deps.positions.clearedSeq(chatId, actor.userId),
      window.after ?? 0,
    );
    const docs = await this.deps.messages.replies(doc._id, actor.userId, {
      above,
      limit: window.limit + 1,
    });
    const shown = docs.slice(0, window.limit).map(toRecord);
    return {
      views: await this.deps.history.views(actor, chatId, shown),
      hasMore: docs.length > window.limit,
    };
  }

  /**
   * The pinned messages of a chat, last pinned first.
   *
   * @throws {AppError} NOT_FOUND when the actor may not read the chat.
   */
  async pinned(actor: Actor, chatId: string): Promise<MessageView[]> {
    const above = await this.deps.reader.readableAbove(actor, chatId);
    const docs = await this.deps.messages.pinned(chatId, actor.userId, {
      above,
      limit: MAX_PINNED,
    });
    return this.deps.history.views(actor, chatId, docs.map(toRecord));
  }

  /** Of some messages, those that the actor sees and that nobody has deleted for everyone, in no order. */
  async shownAmong(actor: Actor, messageIds: string[]): Promise<MessageView[]> {
    const docs = await this.deps.reader.visibleAmong(actor, messageIds);
    const shown = docs.filter((doc) => !isTombstone(doc)).map(toRecord);
    const byChat = [...groupBy(shown, ({ chatId }) => chatId)];
    const views = byChat.map(([chatId, records]) =>
      this.deps.history.views(actor, chatId, records),
    );
    return (await Promise.all(views)).flat();
  }

  /**
   * The texts that a message had before, oldest first.
   *
   * @throws {AppError} NOT_FOUND when the actor may not see the message.
   */
  async edits(actor: Actor, messageId: string): Promise<PastContent[]> {
    const { doc } = await this.deps.reader.visible(actor, messageId);
    return this.deps.messages.pastTexts(doc._id);
  }
}
