import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Model } from 'mongoose';
import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import type { Actor } from '../../shared/actor.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import { AppError } from '../../shared/errors.js';
import type { UserCard } from '../users/index.js';
import type { ChatAccess, ChatSnapshot } from '../chats/index.js';
import { refusalToPost } from '../chats/index.js';
import type { ChatHeads } from './chat-heads.js';
import type { MentionResolver } from './mention-resolver.js';
import type { MessageLog } from './message-log.js';
import type { Appended, MessageDraft } from './message-log.types.js';
import { clientMessageIdReused, findWritten } from './log-inserts.js';
import type { Attachment, MessageDoc, MessageType } from './message.model.js';
import type { MessageRecord } from './message.record.js';
import { toRecord } from './message.record.js';
import type { MessageEvents } from './messages.events.js';

/** What a client sends, whatever the transport and the dialect. */
export interface SendInput {
  chatId: string;
  content: string;
  messageType: MessageType;
  media: Attachment[];
  /** Id of the message that this one answers; of the same chat. */
  replyTo?: string | undefined;
  clientMessageId?: string | undefined;
  /** Where a forwarded message comes from. */
  forwarded?: { fromChatId: string; senderId: string; messageId: string } | undefined;
  /** What tells the files of two sends apart, when a retry has stored them anew; else their ids do. */
  filesDigest?: string | undefined;
}

/** The written message and its sender. */
export interface Sent {
  message: MessageRecord;
  sender: UserCard;
  isReplay: boolean;
}

/** A message that may be written. */
interface Prepared {
  chat: ChatSnapshot;
  sender: UserCard;
  draft: MessageDraft;
}

/** Looks up the people that a message names. */
export interface SenderDirectory {
  card(userId: string): Promise<UserCard | undefined>;
}

/** Takes over the uploads that a message refers to. */
export interface AttachmentClaims {
  /**
   * Checks that the actor may attach the files to a message of the chat, and returns what to store:
   * the server's own facts about them, whatever the client said.
   *
   * @param fromChatId set when the files are forwarded: they already hang on a message of that chat,
   *   which the actor may see, whoever has uploaded them.
   * @throws {AppError} NOT_FOUND for a file of somebody else, VALIDATION for a URL that is not allowed.
   */
  claim(
    actor: Actor,
    chatId: string,
    media: Attachment[],
    fromChatId?: string,
  ): Promise<Attachment[]>;
  /** Says that a message with these attachments is about to go, so that their files are looked after. */
  release(media: Attachment[]): Promise<void>;
  /** The attachments with addresses that the chat's members can load for a while, as `<img>` does. */
  addressed(media: Attachment[]): Attachment[];
}

/** What sending is built from. */
export interface SendMessageParts {
  messages: Model<MessageDoc>;
  log: MessageLog;
  heads: ChatHeads;
  access: ChatAccess;
  bus: Publisher<MessageEvents>;
  directory: SenderDirectory;
  mentions: MentionResolver;
  attachments: AttachmentClaims;
  limit: RateLimiter;
}

interface RecentSend {
  fingerprint: string;
  sent: Promise<Sent>;
}

/** How long a node answers a retry from memory, and for how many sends. */
const RECENT = { max: 50_000, ttl: 60_000 };
/** How often what is older is dropped (ms): the cache itself would keep it until it is full. */
const FORGET_EVERY_MS = 10_000;

/** The one way a message is sent: by REST, by socket, in any dialect, by an admin. */
export class SendMessage {
  private readonly recent = new LRUCache<string, RecentSend>(RECENT);
  private forgotAt = performance.now();

  constructor(private readonly parts: SendMessageParts) {}

  /**
   * Sends a message; resolves when the database has it. A retry under the same `clientMessageId`
   * answers with the same message and counts against no limit.
   *
   * @throws {AppError} NOT_FOUND for non-members, CHAT_NOT_ACCEPTED, BLOCKED, RATE_LIMITED,
   *   CLIENT_MESSAGE_ID_REUSED, VALIDATION for a reply to a message of another chat.
   */
  async send(actor: Actor, input: SendInput): Promise<Sent> {
    const { clientMessageId } = input;
    if (clientMessageId === undefined) return this.sendOnce(actor, input, undefined);
    const key = `${input.chatId}:${actor.userId}:${clientMessageId}`;
    const fingerprint = fingerprintOf(input);
    const earlier = this.recent.get(key);
    if (earlier) {
      // The right to see the answer is checked again: the sender may have been removed since.
      await this.parts.access.member(actor.userId, input.chatId);
      if (earlier.fingerprint !== fingerprint) throw clientMessageIdReused();
      return { ...(await earlier.sent), isReplay: true };
    }
    const sent = this.sendOnce(actor, input, fingerprint);
    this.recent.set(key, { fingerprint, sent });
    sent.catch(() => this.recent.delete(key));
    this.forgetOld();
    return sent;
  }

  /**
   * The answer to an earlier send of the same message, for callers to whom sending it again would cost
   * much; undefined when there was none.
   *
   * @throws {AppError} NOT_FOUND for non-members, CLIENT_MESSAGE_ID_REUSED.
   */
  async replay(actor: Actor, input: SendInput): Promise<Sent | undefined> {
    const { access, messages, directory } = this.parts;
    const { chatId, clientMessageId } = input;
    if (clientMessageId === undefined) return undefined;
    await access.member(actor.userId, chatId);
    const message = await findWritten(messages, {
      chatId: objectId(chatId),
      senderId: objectId(actor.userId),
      clientMessageId,
      fingerprint: fingerprintOf(input),
    });
    const sender = message && (await directory.card(actor.userId));
    return sender && this.announce({ message, isReplay: true }, sender, undefined);
  }

  private forgetOld(): void {
    const now = performance.now();
    if (now - this.forgotAt < FORGET_EVERY_MS) return;
    this.forgotAt = now;
    this.recent.purgeStale();
  }

  private async sendOnce(
    actor: Actor,
    input: SendInput,
    fingerprint: string | undefined,
  ): Promise<Sent> {
    const { log, limit } = this.parts;
    // What is looked up first has a deadline of its own, so that a database that has stopped answering
    // is told of as soon here as at the write.
    const prepared = await withDeadline(this.prepare(actor, input, fingerprint), QUEUE_STEP_MS);
    if ('isReplay' in prepared) return prepared;
    const { chat, sender, draft } = prepared;
    const appended = await log.append(input.chatId, draft);
    if (appended.isReplay) await limit.refund(actor.userId);
    return this.announce(appended, sender, chat.members && [...chat.members.keys()]);
  }

  private async prepare(
    actor: Actor,
    input: SendInput,
    fingerprint: string | undefined,
  ): Promise<Prepared | Sent> {
    const { access, directory, limit } = this.parts;
    const { chat } = await access.member(actor.userId, input.chatId);
    const refusal = refusalToPost(chat);
    if (refusal) return this.replayOr(refusal, actor, input);
    try {
      await limit.consume(actor.userId);
      const sender = await directory.card(actor.userId);
      if (!sender) throw new AppError('UNAUTHENTICATED', 'This account no longer exists');
      return { chat, sender, draft: await this.draft(actor, chat, input, fingerprint) };
    } catch (error) {
      const earlier = await this.replayOr(error, actor, input);
      await limit.refund(actor.userId);
      return earlier;
    }
  }

  /**
   * What is refused now may have been written before: by the first try of this very send, whose answer
   * was lost before somebody blocked the sender, or the message replied to went.
   */
  private async replayOr(error: unknown, actor: Actor, input: SendInput): Promise<Sent> {
    const isRefusal = error instanceof AppError && error.status < 500;
    const earlier = isRefusal ? await this.replay(actor, input) : undefined;
    if (earlier) return earlier;
    throw error;
  }

  private async draft(
    actor: Actor,
    chat: ChatSnapshot,
    input: SendInput,
    fingerprint: string | undefined,
  ): Promise<MessageDraft> {
    const { attachments, mentions } = this.parts;
    const { forwarded } = input;
    const media =
      input.media.length > 0
        ? await attachments.claim(actor, input.chatId, input.media, forwarded?.fromChatId)
        : [];
    const replyTo =
      input.replyTo === undefined
        ? undefined
        : await this.resolveReply(actor, input.chatId, input.replyTo);
    return {
      senderId: objectId(actor.userId),
      messageType: input.messageType,
      content: input.content,
      media,
      mentions: (await mentions.resolve(chat, input.content)).map(objectId),
      reactions: [],
      ...(forwarded && {
        forwardedFrom: {
          senderId: objectId(forwarded.senderId),
          messageId: objectId(forwarded.messageId),
        },
      }),
      ...(replyTo && { replyTo }),
      ...(input.clientMessageId !== undefined && {
        clientMessageId: input.clientMessageId,
        fingerprint: fingerprint!,
      }),
    };
  }

  private async resolveReply(
    actor: Actor,
    chatId: string,
    messageId: string,
  ): Promise<NonNullable<MessageDoc['replyTo']>> {
    const target = await this.parts.messages
      .findOne(
        { _id: objectId(messageId), chatId: objectId(chatId) },
        { seq: 1, deletedFor: 1, deletedAt: 1 },
      )
      .lean();
    const isGone =
      !target || target.deletedAt || target.deletedFor?.some((id) => id.equals(actor.userId));
    if (isGone) {
      throw new AppError('VALIDATION', 'The message to reply to is not in this chat', {
        errors: [{ path: 'replyTo', message: 'is not a message of this chat' }],
      });
    }
    return { id: target._id, seq: target.seq };
  }

  /** Nothing may wait between the write and this: events of a chat leave in the order of its log. */
  private announce(
    { message: doc, isReplay }: Appended,
    sender: UserCard,
    memberIds: string[] | undefined,
  ): Sent {
    const record = toRecord(doc);
    const message = { ...record, media: this.parts.attachments.addressed(record.media) };
    if (!isReplay) {
      this.parts.heads.note(doc);
      this.parts.bus.publish('message.sent', {
        message,
        sender,
        status: 'sent',
        audience: { memberIds },
      });
    }
    return { message, sender, isReplay };
  }
}

/** Digest of what makes two sends the same message. */
const fingerprintOf = ({ content, messageType, media, replyTo, filesDigest }: SendInput): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        content,
        filesDigest === undefined ? messageType : null,
        filesDigest ?? media.map(({ fileId, url }) => fileId ?? url),
        replyTo ?? null,
      ]),
    )
    .digest('base64url')
    .slice(0, 22);
