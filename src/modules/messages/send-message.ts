import type { Model } from 'mongoose';
import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import { AppError } from '../../shared/errors.js';
import type { ChatAccess, ChatSnapshot } from '../chats/index.js';
import { refusalToPost } from '../chats/index.js';
import type { UserCard } from '../users/index.js';
import type { ChatPreviews } from './chat-previews.js';
import { clientMessageIdReused, findWritten } from './log-inserts.js';
import type { MessageBuilder, SendIdentity } from './message-builder.js';
import { identityOf } from './message-builder.js';
import type { MessageLog } from './message-log.js';
import type { Appended, MessageDraft } from './message-log.types.js';
import type { MessageDoc } from './message.model.js';
import { toRecord } from './message.record.js';
import type { MessageEvents } from './messages.events.js';
import type { RecentSend } from './recent-sends.js';
import { RecentSends } from './recent-sends.js';
import type { AttachmentClaims, SendInput, Sent } from './send-message.types.js';

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

/** What sending is built from. */
export interface SendMessageParts {
  messages: Model<MessageDoc>;
  log: MessageLog;
  previews: ChatPreviews;
  access: ChatAccess;
  bus: Publisher<MessageEvents>;
  directory: SenderDirectory;
  drafting: MessageBuilder;
  attachments: Pick<AttachmentClaims, 'addressed'>;
  limit: RateLimiter;
}

/**
 * The one way a message is sent: by REST, by socket, in any dialect, by an admin.
 *
 * A retry is a send under a `clientMessageId` that its sender has used in the chat before. It is answered
 * with the message that is there by the first of these that notices it:
 *
 * 1. `repeat`: this node has just sent the message, or is at it, and asks nobody.
 * 2. `replayOr`: the send would be refused now. The first try was not, and its answer was lost.
 * 3. `MessageLog.append`: the unique index over client ids does not take the message twice, on whatever
 *    node the first try was. Every other retry ends here.
 */
export class SendMessage {
  private readonly recent = new RecentSends();

  constructor(private readonly parts: SendMessageParts) {}

  /**
   * Sends a message; resolves when the database has it. A retry under the same `clientMessageId`
   * answers with the same message and counts against no limit.
   *
   * @throws {AppError} NOT_FOUND for non-members, CHAT_NOT_ACCEPTED, BLOCKED, RATE_LIMITED,
   *   CLIENT_MESSAGE_ID_REUSED, VALIDATION for a reply to a message of another chat.
   */
  async send(actor: Actor, input: SendInput): Promise<Sent> {
    const identity = identityOf(input);
    if (!identity) return this.write(actor, input, undefined);
    const { clientMessageId, fingerprint } = identity;
    const key = `${input.chatId}:${actor.userId}:${clientMessageId}`;
    const earlier = this.recent.get(key);
    if (earlier) return this.repeat(actor, input.chatId, earlier, identity);
    // Nothing may wait between the look and this: of two at the same moment only one is sent.
    const sent = this.write(actor, input, identity);
    this.recent.add(key, { fingerprint, sent });
    return sent;
  }

  /**
   * The answer to an earlier send of the same message, for callers to whom sending it again would cost
   * much; undefined when there was none.
   *
   * @throws {AppError} NOT_FOUND for non-members, CLIENT_MESSAGE_ID_REUSED.
   */
  async replay(actor: Actor, input: SendInput): Promise<Sent | undefined> {
    const identity = identityOf(input);
    if (!identity) return undefined;
    await this.parts.access.member(actor.userId, input.chatId);
    return this.written(actor, input.chatId, identity);
  }

  /** The right to see the answer is checked again: the sender may have been removed since. */
  private async repeat(
    actor: Actor,
    chatId: string,
    earlier: RecentSend,
    { fingerprint }: SendIdentity,
  ): Promise<Sent> {
    await this.parts.access.member(actor.userId, chatId);
    if (earlier.fingerprint !== fingerprint) throw clientMessageIdReused();
    return { ...(await earlier.sent), isReplay: true };
  }

  private async write(
    actor: Actor,
    input: SendInput,
    identity: SendIdentity | undefined,
  ): Promise<Sent> {
    const { log, limit } = this.parts;
    // What is looked up first has a deadline of its own, so that a database that has stopped answering
    // is told of as soon here as at the write.
    const prepared = await withDeadline(this.prepare(actor, input, identity), QUEUE_STEP_MS);
    if ('isReplay' in prepared) return prepared;
    const { chat, sender, draft } = prepared;
    const appended = await log.append(input.chatId, draft);
    if (appended.isReplay) await limit.refund(actor.userId);
    return this.announce(appended, sender, chat.members && [...chat.members.keys()]);
  }

  private async prepare(
    actor: Actor,
    input: SendInput,
    identity: SendIdentity | undefined,
  ): Promise<Prepared | Sent> {
    const { access, directory, drafting, limit } = this.parts;
    const { chat } = await access.member(actor.userId, input.chatId);
    const refusal = refusalToPost(chat);
    if (refusal) return this.replayOr(refusal, actor, input.chatId, identity);
    try {
      await limit.consume(actor.userId);
      const sender = await directory.card(actor.userId);
      if (!sender) throw new AppError('UNAUTHENTICATED', 'This account no longer exists');
      return { chat, sender, draft: await drafting.draft(actor, chat, input, identity) };
    } catch (error) {
      const earlier = await this.replayOr(error, actor, input.chatId, identity);
      await limit.refund(actor.userId);
      return earlier;
    }
  }

  /**
   * What is refused now may have been written before: by the first try of this very send, whose answer
   * was lost before somebody blocked the sender, or the message replied to went.
   */
  private async replayOr(
    error: unknown,
    actor: Actor,
    chatId: string,
    identity: SendIdentity | undefined,
  ): Promise<Sent> {
    const isRefusal = error instanceof AppError && error.status < 500;
    const earlier = isRefusal && identity && (await this.written(actor, chatId, identity));
    if (earlier) return earlier;
    throw error;
  }

  /** What stands in the log under the sender's id for it. */
  private async written(
    actor: Actor,
    chatId: string,
    identity: SendIdentity,
  ): Promise<Sent | undefined> {
    const { directory, messages } = this.parts;
    const message = await findWritten(messages, {
      chatId: objectId(chatId),
      senderId: objectId(actor.userId),
      ...identity,
    });
    const sender = message && (await directory.card(actor.userId));
    return sender && this.announce({ message, isReplay: true }, sender, undefined);
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
      this.parts.previews.note(doc);
      this.parts.bus.emit(
        'message.sent',
        {
          message,
          sender,
          status: 'sent',
          memberIds,
          audience: audiences.chat(message.chatId),
        },
        { scope: 'cluster' },
      );
    }
    return { message, sender, isReplay };
  }
}
