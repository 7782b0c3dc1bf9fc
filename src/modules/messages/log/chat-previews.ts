import { LRUCache } from 'lru-cache';
import type { Logger } from '../../../platform/logger.js';
import { BatchedTask } from '../../../platform/batched-task.js';
import { QUEUE_STEP_MS, withDeadline } from '../../../shared/deadline.js';
import { cutText } from '../../../shared/text.js';
import type { ChatsRepository, LastMessage } from '../../chats/index.js';
import type { StoredMessage } from '../message.model.js';
import type { NewestNumbers } from '../messages.repository.js';
import type { LogRepository } from './log.repository.js';
import { atMost } from '../../../shared/at-most.js';

/**
 * How long an update of the lists may wait for others to share its round trip, and for newer messages
 * of the same chat to take its place, in milliseconds. Other nodes' lists are late by as much.
 */
const FLUSH_DELAY_MS = 200;
/**
 * The longer delay while at least this many chats are active, when lists would cause a large part of all
 * writes.
 */
const BUSY = { chats: 25, delayMs: 1000 };
/** When lists that could not be written are tried again, in milliseconds. */
const RETRY_MS = 1000;
/** Code points of a message that lists show. */
const PREVIEW_LENGTH = 140;
/** Chats whose shown message is remembered. */
const MAX_SHOWN = 10_000;
/** How far before the newest change a crashed node may have left the lists behind, in milliseconds. */
const CATCH_UP_MS = 600_000;
/** Messages checked after a crash; more than a node writes between a message and its list. */
const MAX_CAUGHT_UP = 50_000;

/** What lists show of a message. */
export const previewOf = (message: StoredMessage): LastMessage => ({
  id: message._id,
  seq: message.seq,
  version: message.version,
  senderId: message.senderId,
  messageType: message.messageType,
  content: message.deletedAt ? '' : cutText(message.content, PREVIEW_LENGTH),
  deleted: message.deletedAt != null,
  ...(message.deletedFor && { hiddenFor: message.deletedFor }),
  createdAt: message.createdAt,
});

/** A pending update of a chat's list. */
interface Pending {
  chatId: string;
  /** The newest state of the newest message. */
  message?: StoredMessage;
  /** The log's newest numbers, when the list may lag; the message is then still to be read. */
  reached?: number;
}

/**
 * Keeps `chats.lastMessage`, `lastSeq` and `lastMessageAt` close behind the log. They are a cache for
 * lists: written a moment later, many at once, only ever moving forward, so that a message costs no
 * second write of its own. Readers on this node call {@link ChatPreviews.settle} first and so see their
 * own messages.
 */
export class ChatPreviews {
  /** By chat. */
  private pending = new Map<string, Pending>();
  /** Newest numbers of the chats that this node has written to, or may have, until they are taken. */
  private written = new Map<string, NewestNumbers>();
  /** Number of the newest message that a chat's list shows, at least: lists only move forward. */
  private readonly shown = new LRUCache<string, number>({ ...atMost(MAX_SHOWN) });
  /** Number of chats in the last write. */
  private lastFlushed = 0;
  private readonly flushing = new BatchedTask<Pending>({
    take: () => {
      const pending = [...this.pending.values()];
      this.pending = new Map();
      return pending;
    },
    maxItems: Infinity,
    handle: (pending) => this.flush(pending),
    onError: (error) => {
      this.logger.warn({ err: error }, 'chat lists were not written');
    },
  });

  constructor(
    private readonly chats: ChatsRepository,
    private readonly messages: LogRepository,
    private readonly logger: Logger,
  ) {}

  /** Records the newest state of a message that may be its chat's newest. */
  record(message: StoredMessage): void {
    const chatId = message.chatId.toHexString();
    this.written.set(chatId, further(this.written.get(chatId), message));
    // A change of an older message changes no list.
    if (message.seq < (this.shown.get(chatId) ?? 0)) return;
    this.keep(message);
    this.flushSoon();
  }

  /** The newest numbers of the chats that this node has written to since they were last taken. */
  takeWritten(): Map<string, NewestNumbers> {
    const { written } = this;
    this.written = new Map();
    return written;
  }

  /**
   * Records a chat's newest numbers, as read from the database. A list that lags behind them, because a node
   * crashed between a message and its list, is updated. It counts as written here, too: a write whose answer
   * was lost was never published, and its retry finds it written.
   */
  recordNewest(chatId: string, newest: NewestNumbers): void {
    const { seq } = newest;
    if (seq === 0) return;
    this.written.set(chatId, further(this.written.get(chatId), newest));
    const pending = this.pendingOf(chatId);
    pending.reached = Math.max(pending.reached ?? 0, seq);
    this.flushSoon();
  }

  /**
   * Updates the lists from the log after a crash between a message, or a change of one, and its list: a
   * deleted text must not stay in a list. Lists that are up to date are not written.
   */
  async catchUp(): Promise<void> {
    const lastChange = await this.messages.lastChangedAt();
    if (!lastChange) return;
    const since = new Date(lastChange.getTime() - CATCH_UP_MS);
    for await (const message of this.messages.changedAfter(since, MAX_CAUGHT_UP)) {
      this.record(message);
    }
    await this.settle();
  }

  /** Resolves when everything recorded so far is in the database. */
  async settle(): Promise<void> {
    if (this.pending.size > 0) await this.flushing.flush();
    else await this.flushing.idle();
  }

  /** Writes the pending updates for the last time: the node is shutting down. */
  close(): Promise<void> {
    return this.flushing.close();
  }

  /** While the database is slow, messages gather in `pending`: of each chat, the newest. */
  private async flush(pending: Pending[]): Promise<void> {
    const messages = pending.flatMap(({ message }) => message ?? []);
    this.lastFlushed = messages.length;
    await this.write(messages);
    await this.repair(
      new Map(pending.flatMap(({ chatId, reached }) => (reached ? [[chatId, reached]] : []))),
    );
  }

  private pendingOf(chatId: string): Pending {
    const known = this.pending.get(chatId) ?? { chatId };
    this.pending.set(chatId, known);
    return known;
  }

  /** Of each chat, the newest state of the newest message. */
  private keep(message: StoredMessage): void {
    const pending = this.pendingOf(message.chatId.toHexString());
    const known = pending.message;
    const isNewer =
      !known ||
      message.seq > known.seq ||
      (message.seq === known.seq && message.version > known.version);
    if (isNewer) pending.message = message;
  }

  private flushSoon(delayMs = this.lastFlushed < BUSY.chats ? FLUSH_DELAY_MS : BUSY.delayMs): void {
    this.flushing.startWithin(delayMs);
  }

  /** Fetches the newest messages of those logs that are ahead of their lists. */
  private async repair(reached: Map<string, number>): Promise<void> {
    if (reached.size === 0) return;
    try {
      const lists = await withDeadline(this.chats.lastSeqs([...reached.keys()]), QUEUE_STEP_MS);
      const missing = lists.flatMap(({ _id, lastSeq }) => {
        const seq = reached.get(_id.toHexString()) ?? 0;
        return seq > lastSeq ? [{ chatId: _id, seq }] : [];
      });
      if (missing.length === 0) return;
      await this.write(await withDeadline(this.messages.at(missing), QUEUE_STEP_MS));
    } catch (error) {
      this.logger.warn({ err: error, chats: reached.size }, 'chat lists were not compared');
    }
  }

  /** A failure leaves the lists behind until the next try; it must not stop sending. */
  private async write(messages: StoredMessage[]): Promise<void> {
    if (messages.length === 0) return;
    try {
      await withDeadline(this.chats.showNewest(messages.map(newestMessageOf)), QUEUE_STEP_MS);
      for (const { chatId, seq } of messages) {
        const id = chatId.toHexString();
        this.shown.set(id, Math.max(seq, this.shown.get(id) ?? 0));
      }
    } catch (error) {
      this.logger.warn({ err: error, chats: messages.length }, 'chat lists lag behind');
      for (const message of messages) this.keep(message);
      this.flushSoon(RETRY_MS);
    }
  }
}

const further = (
  known: NewestNumbers | undefined,
  { seq, version }: NewestNumbers,
): NewestNumbers => ({
  seq: Math.max(known?.seq ?? 0, seq),
  version: Math.max(known?.version ?? 0, version),
});

const newestMessageOf = (message: StoredMessage) => ({
  chatId: message.chatId,
  lastMessage: previewOf(message),
  isChanged: message.version !== message.versions[0],
});
