import { LRUCache } from 'lru-cache';
import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import { ConcurrencyLimiter } from '../../platform/concurrency-limiter.js';
import { AppError } from '../../shared/errors.js';
import type { MessageDoc } from './message.model.js';
import { computeMentions, computeUnread, countMentions, countUnread } from './unread-span.js';
import type { UnreadSpan } from './unread-span.js';
import type { UnreadQuery } from '../chats/index.js';

/** A count that is right for everything up to a message. */
interface KnownCount {
  seq: number;
  count: number;
}

/** Number of no message: stands in while a count is under way. */
const NOTHING_KNOWN = -1;
/** How long a count may be carried forward before it is taken from the database again. */
const MAX_AGE_MS = 30_000;
/** As many messages behind a read position are looked at one by one, with a single question. */
const NEAR = 200;
/** Counts for live notifications that the database works on at a time, and that may wait for that. */
const CONCURRENT = 16;
const MAX_WAITING = 2000;

/**
 * How many messages a user has not read: those after the read position, by others, that the user can
 * still see; those of the system count for nobody. The database counts; for live notifications the last
 * count is carried forward from one message to the next, and dropped when a position moves or a message
 * is deleted.
 */
export class UnreadCounter {
  /** Counts by chat, then user. */
  private readonly known = new LRUCache<string, Map<string, KnownCount>>({
    max: 20_000,
    ttl: MAX_AGE_MS,
  });

  private readonly turnstile = new ConcurrencyLimiter({
    concurrency: CONCURRENT,
    maxWaiting: MAX_WAITING,
    refusal: () => new AppError('OVERLOADED', 'Too many unread counts are under way'),
  });

  constructor(
    private readonly messages: Model<MessageDoc>,
    /** The number of a chat's newest message, from the database. */
    private readonly newestSeq: (chatId: string) => Promise<number>,
  ) {}

  /** Counts for several chats of one user, by chat id. */
  async counts(userId: string, queries: UnreadQuery[]): Promise<Map<string, number>> {
    const entries = await Promise.all(
      queries.map(async (query) => [query.chatId, await this.count(userId, query)] as const),
    );
    return new Map(entries);
  }

  /** Of what a user has not read, how many messages mention the user; by chat id. */
  async mentions(userId: string, queries: UnreadQuery[]): Promise<Map<string, number>> {
    const entries = await Promise.all(
      queries.map(async (query) => {
        const count = query.lastSeq - query.afterSeq <= NEAR ? countMentions : computeMentions;
        return [query.chatId, await count(this.messages, spanOf(userId, query))] as const;
      }),
    );
    return new Map(entries);
  }

  /**
   * The count right after a message has arrived.
   *
   * @throws {AppError} OVERLOADED when too many counts are waiting for the database.
   * @param readPosition reads from where the user's unread messages count, when the count is not known.
   */
  async countAt(
    userId: string,
    message: { chatId: string; seq: number; senderId: string; messageType: string },
    readPosition: () => Promise<number>,
  ): Promise<number> {
    const inChat = this.known.get(message.chatId) ?? new Map<string, KnownCount>();
    if (inChat.size === 0) this.known.set(message.chatId, inChat);
    const known = inChat.get(userId);
    if (known && known.seq >= message.seq) return known.count;
    if (known?.seq === message.seq - 1) {
      const counts = message.senderId !== userId && message.messageType !== 'system';
      const next = { seq: message.seq, count: known.count + (counts ? 1 : 0) };
      inChat.set(userId, next);
      return next.count;
    }
    // Whatever is forgotten while the database counts must not come back with its answer.
    const counting = { seq: NOTHING_KNOWN, count: 0 };
    inChat.set(userId, counting);
    const count = await this.turnstile.run(async () =>
      this.count(
        userId,
        { chatId: message.chatId, afterSeq: await readPosition(), lastSeq: message.seq },
        message.seq,
      ),
    );
    if (inChat.get(userId) === counting) inChat.set(userId, { seq: message.seq, count });
    return count;
  }

  /** Drops what is known of a user in a chat, because the user's position has moved. */
  forget(chatId: string, userId: string): void {
    this.known.get(chatId)?.delete(userId);
  }

  /** Drops what is known of a chat, because what can be seen in it has changed. */
  forgetChat(chatId: string): void {
    this.known.delete(chatId);
  }

  /** Drops everything. */
  forgetAll(): void {
    this.known.clear();
  }

  private async count(userId: string, query: UnreadQuery, upToSeq?: number): Promise<number> {
    const span = spanOf(userId, query, upToSeq);
    if ((upToSeq ?? query.lastSeq) - query.afterSeq <= NEAR) {
      return countUnread(this.messages, span);
    }
    const end = upToSeq ?? (await this.newestSeq(query.chatId));
    return computeUnread(this.messages, { ...span, upToSeq: end });
  }
}

const spanOf = (
  userId: string,
  { chatId, afterSeq }: UnreadQuery,
  upToSeq?: number,
): UnreadSpan => ({ chatId: objectId(chatId), userId: objectId(userId), afterSeq, upToSeq });
