import { trusted } from 'mongoose';
import type { Model, QueryFilter } from 'mongoose';
import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { asNotFound, notFound } from '../../shared/errors.js';
import type { ChatAccess, ChatEvents, ChatSnapshot, MembershipDoc } from '../chats/index.js';
import { canShareSignals, readSeqOf } from '../chats/index.js';
import type { MessageDoc, MessageLog } from '../messages/index.js';
import type { PositionEvent, ReceiptEvents } from './receipts.events.js';

/** Up to where to read: a message number, some messages, or (neither) everything there is. */
export interface ReadTarget {
  seq?: number | undefined;
  messageIds?: string[] | undefined;
}

/** Where a member stands after reading. */
export interface ReadPosition {
  chatId: string;
  lastReadSeq: number;
  /** Messages that this call has newly covered. */
  messageIds: string[];
}

/** Messages that reached a device of a member. */
export type Delivery = Omit<PositionEvent, 'at' | 'audience' | 'isLarge'>;

/** What receipts are built from. */
export interface ReceiptsParts {
  memberships: Model<MembershipDoc>;
  messages: Model<MessageDoc>;
  log: MessageLog;
  access: ChatAccess;
  bus: Publisher<ReceiptEvents & Pick<ChatEvents, 'chat.settings_changed'>>;
  clock: Clock;
}

/** Ids that one receipt event names at most; the position says the rest. */
const MAX_NAMED = 200;

/** Moves read and delivered positions. They only ever move forward. */
export class Receipts {
  constructor(private readonly parts: ReceiptsParts) {}

  /**
   * Reads up to a message and so everything before it.
   *
   * @throws {AppError} NOT_FOUND for non-members, and when none of the named messages is in the chat.
   */
  async markRead(actor: Actor, chatId: string, target: ReadTarget): Promise<ReadPosition> {
    const { chat } = await this.parts.access.member(actor.userId, chatId);
    const newest = await this.parts.log.newestSeq(chatId);
    const wanted = target.messageIds
      ? await this.newestOf(chatId, target.messageIds)
      : (target.seq ?? newest);
    const seq = Math.min(wanted, newest);
    const isShared = canShareSignals(chat);
    const previous = isShared
      ? await this.advance('lastReadSeq', chatId, actor.userId, seq)
      : await this.advanceInPrivate(chatId, actor.userId, seq);
    if (!previous) return this.position(chatId, actor.userId);
    const before = isShared ? previous.lastReadSeq : readSeqOf(previous);
    const event = await this.event(chat, actor.userId, before, seq);
    if (isShared) this.parts.bus.emit('messages.read', event, { scope: 'cluster' });
    // The reader's other devices hear of what the others may not, or what no position tells.
    if (!isShared || previous.markedUnread) this.tellOwnDevices(chatId, actor.userId);
    return {
      chatId,
      lastReadSeq: Math.max(seq, readSeqOf(previous)),
      messageIds: event.messageIds,
    };
  }

  /**
   * Reads one message, and so everything before it.
   *
   * @throws {AppError} NOT_FOUND when the actor is no member of its chat, or there is none.
   */
  async markMessageRead(actor: Actor, messageId: string): Promise<ReadPosition> {
    const message = await this.parts.messages
      .findById(objectId(messageId), { chatId: 1, seq: 1 })
      .lean();
    if (!message) throw notFound('Message');
    const chatId = message.chatId.toHexString();
    await this.parts.access.member(actor.userId, chatId).catch(asNotFound('Message'));
    return this.markRead(actor, chatId, { seq: message.seq });
  }

  /**
   * Reads everything in several chats; all of them are checked before the first is read.
   *
   * @throws {AppError} NOT_FOUND when the actor is not a member of one of them.
   */
  async markChatsRead(actor: Actor, chatIds: string[]): Promise<ReadPosition[]> {
    const unique = [...new Set(chatIds)];
    await Promise.all(unique.map((chatId) => this.parts.access.member(actor.userId, chatId)));
    return Promise.all(unique.map((chatId) => this.markRead(actor, chatId, {})));
  }

  /** Notes that one of the user's devices has everything up to a message; tells the others. */
  async markDelivered(chatId: string, userId: string, seq: number): Promise<void> {
    const chat = await this.parts.access.snapshot(chatId);
    if (!chat || !canShareSignals(chat)) return;
    const previous = await this.advance('lastDeliveredSeq', chatId, userId, seq);
    if (!previous) return;
    const event = await this.event(chat, userId, previous.lastDeliveredSeq, seq);
    this.parts.bus.emit('messages.delivered', event, { scope: 'cluster' });
  }

  /**
   * Notes what this node has just handed to devices, many members at once and in one write, and tells
   * the others. The event names the messages that were handed over, so nothing has to be read back.
   */
  async noteDelivered(deliveries: Delivery[]): Promise<void> {
    const shared: { delivery: Delivery; chat: ChatSnapshot }[] = [];
    for (const delivery of deliveries) {
      const chat = await this.parts.access.snapshot(delivery.chatId);
      if (chat && canShareSignals(chat)) shared.push({ delivery, chat });
    }
    if (shared.length === 0) return;
    await this.parts.memberships.collection.bulkWrite(
      shared.map(({ delivery: { chatId, userId, seq } }) => ({
        updateOne: {
          filter: { chatId: objectId(chatId), userId: objectId(userId) },
          update: { $max: { lastDeliveredSeq: seq } },
        },
      })),
      { ordered: false },
    );
    const at = new Date(this.parts.clock.now()).toISOString();
    for (const { delivery, chat } of shared) {
      this.parts.bus.emit(
        'messages.delivered',
        { ...delivery, at, isLarge: !chat.members, audience: audiences.chat(chat.id) },
        { scope: 'cluster' },
      );
    }
  }

  /** Moves a position forward; answers the membership before, or null when it was already there. */
  private advance(
    field: 'lastReadSeq' | 'lastDeliveredSeq',
    chatId: string,
    userId: string,
    seq: number,
  ): Promise<MembershipDoc | null> {
    return this.change(
      { chatId: objectId(chatId), userId: objectId(userId), [field]: trusted({ $lt: seq }) },
      { [field]: seq, ...(field === 'lastReadSeq' && { markedUnread: false }) },
    );
  }

  /** The same where the others may not know, not even by looking: across a block. */
  private advanceInPrivate(
    chatId: string,
    userId: string,
    seq: number,
  ): Promise<MembershipDoc | null> {
    return this.change(
      {
        chatId: objectId(chatId),
        userId: objectId(userId),
        lastReadSeq: trusted({ $lt: seq }),
        privateReadSeq: trusted({ $not: { $gte: seq } }),
      },
      { privateReadSeq: seq, markedUnread: false },
    );
  }

  /** Changes a membership; answers it as it was before, or null when there was none like that. */
  private change(
    filter: QueryFilter<MembershipDoc>,
    changes: Partial<MembershipDoc>,
  ): Promise<MembershipDoc | null> {
    return this.parts.memberships
      .findOneAndUpdate(filter, { $set: changes }, { returnDocument: 'before' })
      .lean();
  }

  /** Reads what is already read: only the mark goes. */
  private async position(chatId: string, userId: string): Promise<ReadPosition> {
    const membership = await this.change(
      { chatId: objectId(chatId), userId: objectId(userId) },
      { markedUnread: false },
    );
    if (!membership) throw notFound('Chat');
    if (membership.markedUnread) this.tellOwnDevices(chatId, userId);
    return { chatId, lastReadSeq: readSeqOf(membership), messageIds: [] };
  }

  private tellOwnDevices(chatId: string, userId: string): void {
    this.parts.bus.emit(
      'chat.settings_changed',
      { chatId, userId, audience: audiences.users([userId]) },
      { scope: 'cluster' },
    );
  }

  private async newestOf(chatId: string, messageIds: string[]): Promise<number> {
    const newest = await this.parts.messages
      .findOne(
        { chatId: objectId(chatId), _id: trusted({ $in: messageIds.map(objectId) }) },
        { seq: 1 },
      )
      .sort({ seq: -1 })
      .lean();
    if (!newest) throw notFound('Message');
    return newest.seq;
  }

  private async event(
    chat: ChatSnapshot,
    userId: string,
    before: number,
    seq: number,
  ): Promise<PositionEvent> {
    const covered = await this.parts.messages
      .find(
        {
          chatId: objectId(chat.id),
          seq: trusted({ $gt: before, $lte: seq }),
          senderId: trusted({ $ne: objectId(userId) }),
        },
        { senderId: 1 },
      )
      .sort({ seq: -1 })
      .limit(MAX_NAMED)
      .lean();
    return {
      chatId: chat.id,
      userId,
      seq,
      messageIds: covered.map(({ _id }) => _id.toHexString()).reverse(),
      senderIds: [...new Set(covered.map(({ senderId }) => senderId.toHexString()))],
      at: new Date(this.parts.clock.now()).toISOString(),
      isLarge: !chat.members,
      audience: audiences.chat(chat.id),
    };
  }
}
