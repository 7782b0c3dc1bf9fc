import { LRUCache } from 'lru-cache';
import { objectId } from '../../../platform/object-id.js';
import { ConcurrencyLimiter } from '../../../platform/concurrency-limiter.js';
import { AppError } from '../../../shared/errors.js';
import type { UnreadQuery } from '../../chats/index.js';
import type { UnreadCountsRepository, UnreadSpan } from './log.repository.js';
import { atMost } from '../../../shared/at-most.js';

/** A count that is right for everything up to a message; a promise while it is being computed. */
interface KnownCount {
  seq: number;
  count: number | Promise<number>;
}

/** How long a count may be updated in memory before it is read from the database again. */
const MAX_AGE_MS = 30_000;
/** Up to this many messages behind a read position are read one by one, with a single query. */
const NEAR = 200;
/** Chats whose few messages one query looks at. */
const SPANS_AT_A_TIME = 100;
/** Concurrent counts for live notifications in the database, and those that may wait. */
const CONCURRENT = 16;
const MAX_WAITING = 2000;
/** How often a count is computed again because of changes in between. */
const TRIES = 3;

/**
 * How many messages a user has not read: those after the read position, by others, that the user can still
 * see; system messages are unread for nobody. The database counts; for live notifications the last count is
 * kept in memory, incremented by each message, and dropped when a position moves or a message is deleted.
 */
export class UnreadCounter {
  /** Counts by chat, then user. */
  private readonly known = new LRUCache<string, Map<string, KnownCount>>({
    ...atMost(20_000),
    ttl: MAX_AGE_MS,
  });

  private readonly limiter = new ConcurrencyLimiter({
    concurrency: CONCURRENT,
    maxWaiting: MAX_WAITING,
    refusal: () => new AppError('OVERLOADED', 'Too many unread counts are under way'),
  });

  constructor(
    private readonly stored: UnreadCountsRepository,
    /** The number of a chat's newest message, from the database. */
    private readonly newestSeq: (chatId: string) => Promise<number>,
  ) {}

  /** Counts for several chats of one user, by chat id. */
  counts(userId: string, queries: UnreadQuery[]): Promise<Map<string, number>> {
    return this.countsOf(userId, queries, {
      near: (spans) => this.stored.unreadByChat(spans),
      far: (query) => this.count(userId, query),
    });
  }

  /** Of what a user has not read, how many messages mention the user; by chat id. */
  mentions(userId: string, queries: UnreadQuery[]): Promise<Map<string, number>> {
    return this.countsOf(userId, queries, {
      near: (spans) => this.stored.unreadMentionsByChat(spans),
      far: (query) => this.computeMentions(spanOf(userId, query)),
    });
  }

  /**
   * The count right after a message has arrived.
   *
   * @throws {AppError} OVERLOADED when too many counts are waiting for the database.
   * @param readPosition reads where the user's unread messages begin; called when no count is cached.
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
    const { seq } = message;
    if (known?.seq === seq - 1) {
      const one = message.senderId !== userId && message.messageType !== 'system' ? 1 : 0;
      const { count } = known;
      if (typeof count === 'number') return this.keep(inChat, userId, seq, count + one);
      // Of messages that come together, the first is counted by the database, unless its count is dropped meanwhile.
      const next = await this.keep(
        inChat,
        userId,
        seq,
        count.then((before) => before + one),
      );
      if (this.known.get(message.chatId)?.has(userId)) return next;
    }
    const counted = this.limiter.run(async () =>
      this.count(
        userId,
        { chatId: message.chatId, afterSeq: await readPosition(), lastSeq: seq },
        seq,
      ),
    );
    return this.keep(inChat, userId, seq, counted);
  }

  /** A count that is dropped while the database counts must not be stored again with its answer. */
  private async keep(
    inChat: Map<string, KnownCount>,
    userId: string,
    seq: number,
    count: number | Promise<number>,
  ): Promise<number> {
    const kept: KnownCount = { seq, count };
    inChat.set(userId, kept);
    try {
      kept.count = await count;
    } catch (error) {
      if (inChat.get(userId) === kept) inChat.delete(userId);
      throw error;
    }
    return kept.count;
  }

  /**
   * The unread messages of a span of any length. Numbers have no holes, so they are all but those that the
   * user has sent, those that count for nobody, and those that the user has deleted for themselves; of
   * these only the last are read, the others are counted from an index.
   */
  async computeUnread(span: UnreadSpan & { upToSeq: number }): Promise<number> {
    const unread = await this.workedOut(span, async () => {
      const { own, uncounted, ownUncounted, hidden } = await this.stored.notUnread(span);
      return span.upToSeq - span.afterSeq - own - (uncounted - ownUncounted) - hidden;
    });
    return unread ?? this.stored.unread(span);
  }

  /** Drops a user's count in a chat, because the user's position has moved. */
  forget(chatId: string, userId: string): void {
    this.known.get(chatId)?.delete(userId);
  }

  /** Drops all counts of a chat, because its visible messages have changed. */
  forgetChat(chatId: string): void {
    this.known.delete(chatId);
  }

  /** Drops everything. */
  forgetAll(): void {
    this.known.clear();
  }

  /** Asks once for many chats with few messages to look at, and for each chat with many. */
  private async countsOf(
    userId: string,
    queries: UnreadQuery[],
    count: {
      near(spans: UnreadSpan[]): Promise<Map<string, number>>;
      far(query: UnreadQuery): Promise<number>;
    },
  ): Promise<Map<string, number>> {
    const isNear = ({ lastSeq, afterSeq }: UnreadQuery) => lastSeq - afterSeq <= NEAR;
    const near = queries.filter(isNear).map((query) => spanOf(userId, query));
    const [far, ...nearCounts] = await Promise.all([
      Promise.all(
        queries
          .filter((query) => !isNear(query))
          .map(async (query) => [query.chatId, await count.far(query)] as const),
      ),
      ...batchesOf(near, SPANS_AT_A_TIME).map((spans) => count.near(spans)),
    ]);
    const found = new Map([...nearCounts.flatMap((counts) => [...counts]), ...far]);
    return new Map(queries.map(({ chatId }) => [chatId, found.get(chatId) ?? 0]));
  }

  private async count(userId: string, query: UnreadQuery, upToSeq?: number): Promise<number> {
    const span = spanOf(userId, query, upToSeq);
    if ((upToSeq ?? query.lastSeq) - query.afterSeq <= NEAR) {
      return this.stored.unread(span);
    }
    const end = upToSeq ?? (await this.newestSeq(query.chatId));
    return this.computeUnread({ ...span, upToSeq: end });
  }

  /**
   * Of the unread messages of a span of any length, those that mention the user: all that do, but the user's
   * own and those that the user has deleted for themselves. Messages deleted for everyone mention nobody.
   */
  private async computeMentions(span: UnreadSpan): Promise<number> {
    const unread = await this.workedOut(span, async () => {
      const { all, own, hidden } = await this.stored.mentions(span);
      return all - own - hidden;
    });
    return unread ?? this.stored.unreadMentions(span);
  }

  /**
   * Combines several counts. A message that is in more than one of them, because it is the user's own or was
   * deleted by the user for themselves, must not change between them: they would count it before and after
   * its change. Every change has a number, so the counts notice it and are repeated.
   *
   * @returns undefined where such changes do not end.
   */
  private async workedOut(
    span: UnreadSpan,
    work: () => Promise<number>,
  ): Promise<number | undefined> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const version = await this.stored.newestVersion(span.chatId);
      const amount = await work();
      if (!(await this.stored.hasOwnChange(span, version))) return Math.max(0, amount);
    }
    return undefined;
  }
}

const batchesOf = <T>(items: T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );

const spanOf = (
  userId: string,
  { chatId, afterSeq }: UnreadQuery,
  upToSeq?: number,
): UnreadSpan => ({ chatId: objectId(chatId), userId: objectId(userId), afterSeq, upToSeq });
