import { BatchedTask } from '../../platform/batched-task.js';
import type { Publisher } from '../../platform/event-bus.js';
import type { Logger } from '../../platform/logger.js';
import type { Audience } from '../../shared/audience.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import { asNotFound, notFound } from '../../shared/errors.js';
import type {
  ChatAccess,
  ChatEvents,
  ChatSnapshot,
  Contacts,
  MemberPositionsRepository,
} from '../chats/index.js';
import { canShareSignals, hiddenFrom, readSeqOf } from '../chats/index.js';
import type { MessageLog, MessagesRepository } from '../messages/index.js';
import type { PositionEvent, ReceiptEvents } from './receipts.events.js';
import type { RecentMessages } from './recent-messages.js';

/** Up to where to read: a message number, some messages, or (neither) everything there is. */
export interface ReadTarget {
  seq?: number | undefined;
  messageIds?: string[] | undefined;
}

/** A member's read position after a call. */
export interface ReadPosition {
  chatId: string;
  lastReadSeq: number;
  /** Messages that this call has newly covered. */
  messageIds: string[];
}

/** Messages that reached a device of a member. */
export type Delivery = Omit<PositionEvent, 'at' | 'audience' | 'isLarge'>;

/** Most ids in an event when they are read back from the database; the position covers the others. */
const MAX_COVERED = 200;
/** How long deliveries are collected before they are written, in milliseconds. */
const FLUSH_DELAY_MS = 250;
/** Positions that one write moves at most. */
const BATCH_SIZE = 500;
/** Most positions collected while the database is slow; others move with their member's next message. */
const MAX_PENDING = 50_000;
/** Most delivered messages that one event names; a position that moves further covers the others. */
const MAX_DELIVERED = 500;

/** Moves read and delivered positions. They only ever move forward. */
export class Receipts {
  constructor(
    private readonly deps: {
      access: Pick<ChatAccess, 'member' | 'snapshot'>;
      memberships: Pick<
        MemberPositionsRepository,
        | 'advanceDelivered'
        | 'advanceDeliveredOfMany'
        | 'advanceRead'
        | 'advanceReadInPrivate'
        | 'removeUnreadMark'
      >;
      messages: Pick<MessagesRepository, 'newestSeqAmong' | 'othersBetween' | 'positionOf'>;
      recent: Pick<RecentMessages, 'between' | 'newestSeqAmong'>;
      log: Pick<MessageLog, 'newestSeq'>;
      bus: Publisher<ReceiptEvents & Pick<ChatEvents, 'chat.settings_changed'>>;
      clock: Clock;
      contacts: Pick<Contacts, 'blocksOf'>;
    },
  ) {}

  /**
   * Reads up to a message and so everything before it.
   *
   * @throws {AppError} NOT_FOUND for non-members, and when none of the named messages is in the chat.
   */
  async markRead(actor: Actor, chatId: string, target: ReadTarget): Promise<ReadPosition> {
    const { access, bus, log, memberships } = this.deps;
    const { chat } = await access.member(actor.userId, chatId);
    const seq = target.messageIds
      ? await this.newestOf(chatId, target.messageIds)
      : Math.min(target.seq ?? Infinity, await log.newestSeq(chatId));
    const isShared = canShareSignals(chat);
    const previous = isShared
      ? await memberships.advanceRead(chatId, actor.userId, seq)
      : await memberships.advanceReadInPrivate(chatId, actor.userId, seq);
    if (!previous) return this.removeMark(chatId, actor.userId);
    const before = isShared ? previous.lastReadSeq : readSeqOf(previous);
    const event = await this.event(chat, actor.userId, before, seq);
    if (isShared) bus.emit('messages.read', event, { scope: 'cluster' });
    // A private read publishes no `messages.read`, which does not carry the removed mark either.
    if (!isShared || previous.markedUnread) this.notifyOwnDevices(chatId, actor.userId);
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
    const message = await this.deps.messages.positionOf(messageId);
    if (!message) throw notFound('Message');
    const { chatId, seq } = message;
    await this.deps.access.member(actor.userId, chatId).catch(asNotFound('Message'));
    return this.markRead(actor, chatId, { seq });
  }

  /**
   * Reads everything in several chats; all of them are checked before the first is read.
   *
   * @throws {AppError} NOT_FOUND when the actor is not a member of one of them.
   */
  async markChatsRead(actor: Actor, chatIds: string[]): Promise<ReadPosition[]> {
    const unique = [...new Set(chatIds)];
    await Promise.all(unique.map((chatId) => this.deps.access.member(actor.userId, chatId)));
    return Promise.all(unique.map((chatId) => this.markRead(actor, chatId, {})));
  }

  /** Records that one of the user's devices has everything up to a message; notifies the others. */
  async markDelivered(chatId: string, userId: string, seq: number): Promise<void> {
    const chat = await this.deps.access.snapshot(chatId);
    if (!chat || !canShareSignals(chat)) return;
    const previous = await this.deps.memberships.advanceDelivered(chatId, userId, seq);
    if (!previous) return;
    const event = await this.event(chat, userId, previous.lastDeliveredSeq, seq);
    this.deps.bus.emit('messages.delivered', event, { scope: 'cluster' });
  }

  /**
   * Records what this node has just delivered to devices, for many members in one write, and notifies the
   * others. The events name the delivered messages, so nothing has to be read back.
   */
  async recordDelivered(deliveries: Delivery[]): Promise<void> {
    const shared: { delivery: Delivery; chat: ChatSnapshot }[] = [];
    for (const delivery of deliveries) {
      const chat = await this.deps.access.snapshot(delivery.chatId);
      if (chat && canShareSignals(chat)) shared.push({ delivery, chat });
    }
    if (shared.length === 0) return;
    await this.deps.memberships.advanceDeliveredOfMany(shared.map(({ delivery }) => delivery));
    const at = new Date(this.deps.clock.now()).toISOString();
    const heard = await Promise.all(
      shared.map(({ delivery, chat }) => this.audience(chat, delivery.userId)),
    );
    for (const [index, { delivery, chat }] of shared.entries()) {
      this.deps.bus.emit(
        'messages.delivered',
        { ...delivery, at, isLarge: !chat.members, audience: heard[index]! },
        { scope: 'cluster' },
      );
    }
  }

  /** For a position that does not move: reading still removes the unread mark. */
  private async removeMark(chatId: string, userId: string): Promise<ReadPosition> {
    const membership = await this.deps.memberships.removeUnreadMark(chatId, userId);
    if (!membership) throw notFound('Chat');
    if (membership.markedUnread) this.notifyOwnDevices(chatId, userId);
    return { chatId, lastReadSeq: readSeqOf(membership), messageIds: [] };
  }

  private notifyOwnDevices(chatId: string, userId: string): void {
    this.deps.bus.emit(
      'chat.settings_changed',
      { chatId, userId, audience: audiences.users([userId]) },
      { scope: 'cluster' },
    );
  }

  private async newestOf(chatId: string, messageIds: string[]): Promise<number> {
    const seq =
      this.deps.recent.newestSeqAmong(chatId, messageIds) ??
      (await this.deps.messages.newestSeqAmong(chatId, messageIds));
    if (seq === undefined) throw notFound('Message');
    return seq;
  }

  private async event(
    chat: ChatSnapshot,
    userId: string,
    before: number,
    seq: number,
  ): Promise<PositionEvent> {
    const [covered, audience] = await Promise.all([
      this.othersBetween(chat.id, userId, before, seq),
      this.audience(chat, userId),
    ]);
    return {
      chatId: chat.id,
      userId,
      seq,
      messageIds: covered.map(({ id }) => id),
      senderIds: [...new Set(covered.map(({ senderId }) => senderId))],
      at: new Date(this.deps.clock.now()).toISOString(),
      isLarge: !chat.members,
      audience,
    };
  }

  /** Who may hear how far a member has come. */
  private async audience(chat: ChatSnapshot, userId: string): Promise<Audience> {
    return audiences.chat(chat.id, await hiddenFrom(chat, userId, this.deps.contacts));
  }

  /** The newest messages of others after a number up to another, ascending. */
  private async othersBetween(
    chatId: string,
    userId: string,
    after: number,
    upTo: number,
  ): Promise<{ id: string; senderId: string }[]> {
    const known = this.deps.recent.between(chatId, after, upTo);
    if (known) return known.filter(({ senderId }) => senderId !== userId);
    const bounds = { after, upTo, limit: MAX_COVERED };
    return (await this.deps.messages.othersBetween(chatId, userId, bounds)).reverse();
  }
}

/**
 * Collects the deliveries of this node's devices, so that many messages in a row cost one write. Losing some
 * in a crash is harmless, because the next message or sync moves the position.
 */
export class DeliveryTracker {
  private pending = new Map<string, Delivery>();
  private readonly writes: BatchedTask<Delivery>;

  constructor(receipts: Pick<Receipts, 'recordDelivered'>, logger: Logger) {
    this.writes = new BatchedTask({
      take: () => {
        const deliveries = [...this.pending.values()];
        this.pending = new Map();
        return deliveries;
      },
      maxItems: BATCH_SIZE,
      handle: (batch) => withDeadline(receipts.recordDelivered(batch), QUEUE_STEP_MS),
      onError: (error) => {
        logger.warn({ err: error }, 'deliveries were not recorded');
      },
    });
  }

  /** Records that a device of the user has been sent a message. */
  record(
    message: { id: string; chatId: string; seq: number; senderId: string },
    userId: string,
  ): void {
    const { id, chatId, seq, senderId } = message;
    const key = `${chatId}:${userId}`;
    const known = this.pending.get(key);
    if (known) {
      known.seq = Math.max(known.seq, seq);
      if (known.messageIds.length < MAX_DELIVERED) known.messageIds.push(id);
      if (!known.senderIds.includes(senderId)) known.senderIds.push(senderId);
    } else if (this.pending.size < MAX_PENDING) {
      this.pending.set(key, { chatId, userId, seq, messageIds: [id], senderIds: [senderId] });
    }
    this.writes.startWithin(FLUSH_DELAY_MS);
  }

  /** Writes the collected deliveries; resolves when they are written. */
  flush(): Promise<void> {
    return this.writes.flush();
  }

  /** Writes the collected deliveries for the last time: the node is shutting down. */
  close(): Promise<void> {
    return this.writes.close();
  }
}
