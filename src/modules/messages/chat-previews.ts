import type { Model, mongo } from 'mongoose';
import type { Logger } from '../../platform/logger.js';
import { objectId } from '../../platform/object-id.js';
import { CoalescedTask } from '../../platform/coalesced-task.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import type { ChatDoc, LastMessage } from '../chats/index.js';
import type { Head } from './message-log.types.js';
import type { MessageDoc } from './message.model.js';
import { WITHOUT_PAST_TEXTS } from './message.model.js';

/**
 * How long an update of the lists may wait for others to share its round trip, and for newer messages
 * of the same chat to take its place, in milliseconds. Other nodes' lists are late by as much.
 */
const FLUSH_DELAY_MS = 200;
/** The same while at least this many chats are active at once: lists would take a good part of all writes. */
const BUSY = { chats: 25, delayMs: 1000 };
/** When lists that could not be written are tried again, in milliseconds. */
const RETRY_MS = 1000;
/** Characters of a message that lists show. */
const PREVIEW_LENGTH = 140;

/** What lists show of a message. */
export const previewOf = (message: MessageDoc): LastMessage => ({
  id: message._id,
  seq: message.seq,
  version: message.version,
  senderId: message.senderId,
  messageType: message.messageType,
  content: message.deletedAt ? '' : message.content.slice(0, PREVIEW_LENGTH).toWellFormed(),
  deleted: message.deletedAt != null,
  ...(message.deletedFor && { hiddenFor: message.deletedFor }),
  createdAt: message.createdAt,
});

/**
 * Keeps `chats.lastMessage`, `lastSeq` and `lastMessageAt` close behind the log. They are a cache for
 * lists: written a moment later, many at once, only ever moving forward, so that a message costs no
 * second write of its own. Readers on this node call {@link ChatPreviews.settle} first and so see their
 * own messages.
 */
export class ChatPreviews {
  private pending = new Map<string, MessageDoc>();
  /** How far logs have come whose lists may lag. */
  private reached = new Map<string, number>();
  /** Newest numbers of the chats that this node has written to, or may have, until somebody asks for them. */
  private written = new Map<string, Head>();
  /** How many chats the last write was of. */
  private lastFlushed = 0;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  private readonly rounds = new CoalescedTask(() => this.flush());

  constructor(
    private readonly chats: Model<ChatDoc>,
    private readonly messages: Model<MessageDoc>,
    private readonly logger: Logger,
  ) {}

  /** Notes the newest state of a message that may be its chat's newest. */
  note(message: MessageDoc): void {
    const chatId = message.chatId.toHexString();
    this.keep(message);
    this.written.set(chatId, further(this.written.get(chatId), message));
    this.flushSoon();
  }

  /** The newest numbers of the chats that this node has written to since they were last taken. */
  takeWritten(): Map<string, Head> {
    const { written } = this;
    this.written = new Map();
    return written;
  }

  /**
   * Says how far a chat's log has come, as it was read from the database. A list that lags behind it,
   * because a node went down between a message and its list, is brought up. It counts as written here, too:
   * of a write whose answer was lost nobody has been told, and its retry finds it done.
   */
  seen(chatId: string, head: Head): void {
    const { seq } = head;
    if (seq === 0) return;
    this.written.set(chatId, further(this.written.get(chatId), head));
    if ((this.reached.get(chatId) ?? 0) >= seq) return;
    this.reached.set(chatId, seq);
    this.flushSoon();
  }

  /** Resolves when everything noted so far is in the database. */
  async settle(): Promise<void> {
    if (this.pending.size > 0 || this.reached.size > 0) await this.rounds.run();
    else await this.rounds.idle();
  }

  /** Writes what was noted, for the last time: the node goes down. */
  async close(): Promise<void> {
    await this.settle();
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  /** While the database is slow, what comes in is gathered: of each chat, the newest. */
  private async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const batch = this.pending;
    this.lastFlushed = batch.size;
    const reached = this.reached;
    this.pending = new Map();
    this.reached = new Map();
    await this.write([...batch.values()]);
    await this.repair(reached);
  }

  /** Of each chat, the newest state of the newest message. */
  private keep(message: MessageDoc): void {
    const chatId = message.chatId.toHexString();
    const known = this.pending.get(chatId);
    const isNewer =
      !known ||
      message.seq > known.seq ||
      (message.seq === known.seq && message.version > known.version);
    if (isNewer) this.pending.set(chatId, message);
  }

  private flushSoon(delayMs = this.lastFlushed < BUSY.chats ? FLUSH_DELAY_MS : BUSY.delayMs): void {
    if (this.isClosed) return;
    this.timer ??= setTimeout(() => {
      void this.rounds.run();
    }, delayMs);
  }

  /** Fetches, of the logs that have come further than their lists, the messages that are missing there. */
  private async repair(reached: Map<string, number>): Promise<void> {
    if (reached.size === 0) return;
    try {
      const lists = await withDeadline(
        this.chats.collection
          .find<Pick<ChatDoc, '_id' | 'lastSeq'>>(
            { _id: { $in: [...reached.keys()].map(objectId) } },
            { projection: { lastSeq: 1 } },
          )
          .toArray(),
        QUEUE_STEP_MS,
      );
      const missing = lists.flatMap(({ _id, lastSeq }) => {
        const seq = reached.get(_id.toHexString()) ?? 0;
        return seq > lastSeq ? [{ chatId: _id, seq }] : [];
      });
      if (missing.length === 0) return;
      const newest = this.messages.collection
        .find<MessageDoc>({ $or: missing }, { projection: WITHOUT_PAST_TEXTS })
        .toArray();
      await this.write(await withDeadline(newest, QUEUE_STEP_MS));
    } catch (error) {
      this.logger.warn({ err: error, chats: reached.size }, 'chat lists were not compared');
    }
  }

  /** A failure leaves the lists behind until the next round; it must not stop sending. */
  private async write(messages: MessageDoc[]): Promise<void> {
    if (messages.length === 0) return;
    try {
      // Past mongoose: its casting would cost more than the write.
      await withDeadline(
        this.chats.collection.bulkWrite(messages.flatMap(headUpdates), { ordered: false }),
        QUEUE_STEP_MS,
      );
    } catch (error) {
      this.logger.warn({ err: error, chats: messages.length }, 'chat lists lag behind');
      for (const message of messages) this.keep(message);
      this.flushSoon(RETRY_MS);
    }
  }
}

const further = (known: Head | undefined, { seq, version }: Head): Head => ({
  seq: Math.max(known?.seq ?? 0, seq),
  version: Math.max(known?.version ?? 0, version),
});

/** Moves a chat forward to a newer message, or refreshes the preview of the one it already shows. */
const headUpdates = (message: MessageDoc): mongo.AnyBulkWriteOperation[] => {
  const lastMessage = previewOf(message);
  return [
    {
      updateOne: {
        filter: { _id: message.chatId, lastSeq: { $lt: message.seq } },
        update: { $set: { lastSeq: message.seq, lastMessage, lastMessageAt: message.createdAt } },
      },
    },
    ...(message.version === message.versions[0]
      ? []
      : [
          {
            updateOne: {
              filter: {
                _id: message.chatId,
                'lastMessage.id': message._id,
                'lastMessage.version': { $lt: message.version },
              },
              update: { $set: { lastMessage } },
            },
          },
        ]),
  ];
};
