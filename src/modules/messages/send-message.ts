import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import type { Actor } from '../../shared/actor.js';
import { isSystem } from '../../shared/actor.js';
import { audiences } from '../../shared/audience.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import { AppError, invalidInput } from '../../shared/errors.js';
import { hasMetadata } from '../../shared/metadata.js';
import type { ChatAccess, ChatAccessGrant, ChatSnapshot, SlowMode } from '../chats/index.js';
import { refusalToSend } from '../chats/index.js';
import type { UserCard } from '../users/index.js';
import type { WordFilter } from '../word-filter/index.js';
import { messageRefused } from '../word-filter/index.js';
import type { HeldMessages } from './held-messages.js';
import type { HeldFor } from './held-messages.repository.js';
import type { MentionResolver } from './mentions.js';
import type { RecentSend, SendIdentity } from './idempotency.js';
import { RecentSends, clientMessageIdReused, identityOf } from './idempotency.js';
import type { Appended, ChatPreviews, MessageDraft, MessageLog } from './log/index.js';
import type { MessageReader } from './message-reader.js';
import { toRecord } from './message.record.js';
import type { MessageEvents } from './messages.events.js';
import { messageTypeOf } from './messages.types.js';
import { forPolicy, isTombstone, refusalToUse } from './messages.policy.js';
import type { AttachmentClaims, SendInput, Sent } from './messages.types.js';

/** What to forward, and where to. */
export interface ForwardInput {
  messageId: string;
  chatIds: string[];
  /** Makes a retry safe; the same in every target chat. */
  clientMessageId?: string | undefined;
}

/** A message that may be written. */
interface Prepared {
  chat: ChatSnapshot;
  sender: UserCard;
  draft: MessageDraft;
  /** Gives the turn back that slow mode counts; absent where it does not apply. */
  giveBack: (() => Promise<void>) | undefined;
  /** Set when it must wait outside the log. */
  heldFor: HeldFor | undefined;
}

/**
 * The one way a message is sent: by REST, by socket, in any dialect, by an admin, by a server key. The system sends
 * to every chat, whether or not its people have accepted or blocked each other; in the name of a user, a server key
 * sends to where the user may send.
 *
 * A retry is a send under a `clientMessageId` that its sender has used in the chat before. The first of these
 * that notices it answers with the first message:
 *
 * 1. `repeat`: this node has just sent the message, or is sending it, and reads nothing.
 * 2. `replayOr`: the send would be refused now. The first try was not refused, but its answer was lost.
 * 3. `MessageLog.append`: the unique index over client ids refuses the message the second time, on
 *    whatever node the first try ran. Every other retry ends here.
 */
export class SendMessage {
  private readonly recent = new RecentSends();

  constructor(
    private readonly deps: {
      log: Pick<MessageLog, 'written'> & {
        /** As {@link MessageLog.append}. One that asks a hook first calls `accepted` when it has agreed. */
        append(
          chatId: string,
          draft: MessageDraft,
          accepted?: () => Promise<void>,
        ): ReturnType<MessageLog['append']>;
      };
      /** Whether `log` asks a hook first, which may refuse. */
      isReviewed: boolean;
      previews: Pick<ChatPreviews, 'record'>;
      access: Pick<ChatAccess, 'answerByWriting' | 'member' | 'system'>;
      slowMode: Pick<SlowMode, 'applies' | 'take'>;
      reader: MessageReader;
      directory: { card(userId: string): Promise<UserCard | undefined> };
      mentions: MentionResolver;
      words: Pick<WordFilter, 'screen'>;
      heldMessages: Pick<HeldMessages, 'hold' | 'one' | 'replay' | 'withdraw'>;
      attachments: Pick<AttachmentClaims, 'addressed' | 'claim' | 'recognise'>;
      bus: Publisher<MessageEvents>;
      /** Messages per user. */
      limit: RateLimiter;
    },
  ) {}

  /**
   * Sends a message; resolves when the database has it. A retry under the same `clientMessageId`
   * answers with the same message and counts against no limit. A message that the word filter holds is answered
   * with `isHeld`, and is sent when a moderator releases it. What a shadowed sender writes is held, too.
   *
   * @throws {AppError} NOT_FOUND for non-members, CHAT_NOT_ACCEPTED, BLOCKED, SILENCED, SLOW_MODE, RATE_LIMITED,
   *   MESSAGE_REFUSED,
   *   CLIENT_MESSAGE_ID_REUSED, VALIDATION for a reply to a message of another chat.
   */
  async send(actor: Actor, said: SendInput): Promise<Sent> {
    const input = this.recognised(said);
    const identity = identityOf(input);
    if (!identity) return this.write(actor, input, undefined);
    const { clientMessageId, fingerprint } = identity;
    const key = `${input.chatId}:${actor.userId}:${clientMessageId}`;
    const earlier = this.recent.get(key);
    if (earlier) return this.repeat(actor, input.chatId, earlier, identity);
    // No `await` between the lookup and the insert: otherwise two concurrent retries would both send.
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
  async replay(actor: Actor, said: SendInput): Promise<Sent | undefined> {
    const input = this.recognised(said);
    const identity = identityOf(input);
    if (!identity) return undefined;
    await this.grantFor(actor, input.chatId);
    return this.written(actor, input.chatId, identity);
  }

  /**
   * Forwards a message that the actor may see, one chat after the other.
   *
   * @throws {AppError} NOT_FOUND for the message or a target, GONE, and all that sending throws; what
   *   was sent before the failing target stays sent, and a retry does not send it twice.
   */
  async forward(actor: Actor, input: ForwardInput): Promise<Sent[]> {
    const { doc } = await this.deps.reader.visible(actor, input.messageId);
    const refusal = refusalToUse(forPolicy(doc));
    if (refusal) throw refusal;
    const origin = doc.forwardedFrom ?? { senderId: doc.senderId, messageId: doc._id };
    const sent: Sent[] = [];
    for (const chatId of new Set(input.chatIds)) {
      sent.push(
        await this.send(actor, {
          chatId,
          content: doc.content,
          messageType: doc.messageType,
          customType: doc.customType,
          metadata: doc.metadata,
          media: doc.media,
          clientMessageId: input.clientMessageId,
          forwarded: {
            fromChatId: doc.chatId.toHexString(),
            senderId: origin.senderId.toHexString(),
            messageId: origin.messageId.toHexString(),
          },
        }),
      );
    }
    return sent;
  }

  /** @throws {AppError} NOT_FOUND for a user who is not a member, and when there is no such chat. */
  private grantFor(actor: Actor, chatId: string): Promise<ChatAccessGrant> {
    const { access } = this.deps;
    return isSystem(actor) ? access.system(chatId) : access.member(actor.userId, chatId);
  }

  /**
   * Writes a held message into the log, as of now. Its client id makes that happen once; whoever comes second gets
   * the message of the first.
   *
   * @throws {AppError} MESSAGE_REFUSED, PRE_SEND_UNAVAILABLE: the pre-send hook is asked as for any send.
   */
  async sendHeld(chat: ChatSnapshot, sender: UserCard, draft: MessageDraft): Promise<Sent> {
    const { access, isReviewed, log } = this.deps;
    const accepted = () => access.answerByWriting(chat, sender.id);
    if (!isReviewed) await accepted();
    const appended = await (isReviewed
      ? log.append(chat.id, draft, accepted)
      : log.append(chat.id, draft));
    return this.publish(appended, sender, chat.members && [...chat.members.keys()]);
  }

  /** Called before the identity is computed: a retry may name the same file by a new address. */
  private recognised(input: SendInput): SendInput {
    return input.media.length === 0
      ? input
      : { ...input, media: this.deps.attachments.recognise(input.media) };
  }

  /** The right to see the answer is checked again: the sender may have been removed since. */
  private async repeat(
    actor: Actor,
    chatId: string,
    earlier: RecentSend,
    { fingerprint }: SendIdentity,
  ): Promise<Sent> {
    await this.grantFor(actor, chatId);
    if (earlier.fingerprint !== fingerprint) throw clientMessageIdReused();
    return { ...(await earlier.sent), isReplay: true };
  }

  private async write(
    actor: Actor,
    input: SendInput,
    identity: SendIdentity | undefined,
  ): Promise<Sent> {
    const { log } = this.deps;
    // The lookups have a deadline of their own, so that a database that has stopped answering is reported
    // as soon here as at the write.
    const preparing = this.prepare(actor, input, identity);
    const prepared = await withDeadline(preparing, QUEUE_STEP_MS).catch((error: unknown) => {
      void giveBackLate(preparing);
      throw error;
    });
    if ('isReplay' in prepared) return prepared;
    const { chat, sender, draft, giveBack, heldFor } = prepared;
    if (heldFor) return this.hold(actor, prepared, heldFor, identity);
    const accepted = async () => {
      if (!isSystem(actor)) await this.deps.access.answerByWriting(chat, actor.userId);
    };
    const appending = this.deps.isReviewed
      ? log.append(input.chatId, draft, accepted)
      : log.append(input.chatId, draft);
    const appended = await appending.catch(async (error: unknown) => {
      await giveBack?.().catch(() => undefined);
      throw error;
    });
    if (appended.isReplay) await this.giveBack(actor, giveBack);
    return this.publish(appended, sender, chat.members && [...chat.members.keys()]);
  }

  /** What a send has taken of its sender's allowances; a retry takes nothing. */
  private async giveBack(actor: Actor, turn: Prepared['giveBack']): Promise<void> {
    if (!actor.server) await this.deps.limit.refund(actor.userId);
    await turn?.();
  }

  /**
   * Holds a message, unless its first try has been sent: before its word was filtered, or because a moderator has
   * released it. The log is read after the message is stored: a release removes the held message after its write.
   */
  private async hold(
    actor: Actor,
    { chat, draft, giveBack, sender }: Prepared,
    heldFor: HeldFor,
    identity: SendIdentity | undefined,
  ): Promise<Sent> {
    const { heldMessages } = this.deps;
    try {
      const held = await heldMessages.hold(chat.id, { draft, sender, heldFor });
      const sent = identity && (await this.writtenBefore(actor, chat.id, identity, held));
      if (sent || held.isReplay) await this.giveBack(actor, giveBack);
      return sent ?? held;
    } catch (error) {
      await this.giveBack(actor, giveBack).catch(() => undefined);
      throw error;
    }
  }

  /** The message in the log that a held one repeats; then, or when the log has another one, nothing stays held. */
  private async writtenBefore(
    actor: Actor,
    chatId: string,
    identity: SendIdentity,
    held: Sent,
  ): Promise<Sent | undefined> {
    const withdraw = async () => {
      if (!held.isReplay) await this.deps.heldMessages.withdraw(held.message.id);
    };
    try {
      const sent = await this.written(actor, chatId, identity);
      if (sent) await withdraw();
      return sent;
    } catch (error) {
      if (error instanceof AppError && error.code === 'CLIENT_MESSAGE_ID_REUSED') await withdraw();
      throw error;
    }
  }

  private async prepare(
    actor: Actor,
    input: SendInput,
    identity: SendIdentity | undefined,
  ): Promise<Prepared | Sent> {
    const { access, directory, heldMessages, limit, slowMode, words } = this.deps;
    const grant = await this.grantFor(actor, input.chatId);
    const { chat } = grant;
    const held = identity && (await heldMessages.replay(chat.id, actor.userId, identity));
    if (held) return held;
    const refusal = isSystem(actor) ? undefined : refusalToSend(grant, actor);
    if (refusal) return this.replayOr(refusal, actor, input.chatId, identity);
    let giveBack: Prepared['giveBack'];
    try {
      // A server key has an allowance of its own, over all of its calls.
      if (!actor.server) await limit.consume(actor.userId);
      if (slowMode.applies(grant, actor)) giveBack = await slowMode.take(grant, actor);
      const sender = await directory.card(actor.userId);
      if (!sender) throw new AppError('UNAUTHENTICATED', 'This account no longer exists');
      // Nobody is asked about what the system says.
      const isRead = input.content !== '' && !isSystem(actor);
      const screened = isRead ? words.screen(input.content, chat.id) : undefined;
      if (screened?.action === 'refuse') throw messageRefused();
      const content = screened ? screened.text : input.content;
      const draft = await this.draft(actor, grant, { ...input, content }, identity);
      const heldFor = heldForOf(grant, screened?.action === 'hold');
      // A refused message answers no chat request, nor one that is held.
      if (!heldFor && !isSystem(actor) && !this.deps.isReviewed) {
        await access.answerByWriting(chat, actor.userId);
      }
      return { chat, sender, draft, giveBack, heldFor };
    } catch (error) {
      await giveBack?.();
      const earlier = await this.replayOr(error, actor, input.chatId, identity);
      if (!actor.server) await limit.refund(actor.userId);
      return earlier;
    }
  }

  /**
   * The message as it will be in the log, but for its number and time. Claims its files.
   *
   * @throws {AppError} VALIDATION for a reply to a message that the actor cannot see in this chat, and what
   *   claiming files throws.
   */
  private async draft(
    actor: Actor,
    { chat, isShadowed }: ChatAccessGrant,
    input: SendInput,
    identity: SendIdentity | undefined,
  ): Promise<MessageDraft> {
    const { forwarded } = input;
    const media = await this.claimMedia(actor, input);
    const replyTo =
      (isShadowed ? await this.shadowedTarget(actor, input) : undefined) ??
      (await this.replyTarget(actor, input));
    return {
      senderId: objectId(actor.userId),
      messageType: messageTypeOf(input.messageType, media),
      content: input.content,
      media,
      mentions: (await this.deps.mentions.resolve(chat, input.content)).map(objectId),
      reactions: [],
      ...(input.customType !== undefined && { customType: input.customType }),
      ...(hasMetadata(input.metadata) && { metadata: input.metadata }),
      ...(forwarded && {
        forwardedFrom: {
          senderId: objectId(forwarded.senderId),
          messageId: objectId(forwarded.messageId),
        },
      }),
      ...(replyTo && { replyTo }),
      ...identity,
    };
  }

  private async claimMedia(
    actor: Actor,
    { chatId, media, forwarded }: SendInput,
  ): Promise<MessageDraft['media']> {
    if (media.length === 0) return [];
    return this.deps.attachments.claim(actor, chatId, media, forwarded?.fromChatId);
  }

  private async replyTarget(
    actor: Actor,
    { chatId, replyTo }: SendInput,
  ): Promise<MessageDraft['replyTo']> {
    if (replyTo === undefined) return undefined;
    // One error for what is deleted, cleared or in another chat, so that it reveals nothing.
    const target = await this.deps.reader.visible(actor, replyTo).catch(asNotReplyable);
    if (target.chat.id !== chatId || isTombstone(target.doc)) throw notReplyable();
    return { id: target.doc._id, seq: target.doc.seq };
  }

  /** Somebody who does not know that nobody sees their messages may answer one of them. */
  private async shadowedTarget(
    { userId }: Actor,
    { chatId, replyTo }: SendInput,
  ): Promise<MessageDraft['replyTo']> {
    const own =
      replyTo === undefined ? undefined : await this.deps.heldMessages.one(userId, replyTo);
    return own?.chatId === chatId ? { id: objectId(own.id), seq: own.seq } : undefined;
  }

  /**
   * A send that is refused now may have been written by its first try, whose answer was lost before somebody
   * blocked the sender, or before the message replied to was deleted.
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

  /** The answer to a send that is in the log under the sender's id for it. */
  private async written(
    actor: Actor,
    chatId: string,
    identity: SendIdentity,
  ): Promise<Sent | undefined> {
    const { directory, log } = this.deps;
    const message = await log.written(chatId, actor.userId, identity);
    const sender = message && (await directory.card(actor.userId));
    return sender && this.publish({ message, isReplay: true }, sender, undefined);
  }

  /** No `await` between the write and this: events of a chat leave in the order of its log. */
  private publish(
    { message: doc, isReplay }: Appended,
    sender: UserCard,
    memberIds: string[] | undefined,
  ): Sent {
    const record = toRecord(doc);
    const message = { ...record, media: this.deps.attachments.addressed(record.media) };
    if (!isReplay) {
      this.deps.previews.record(doc);
      this.deps.bus.emit(
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

const heldForOf = (
  { isShadowed }: Pick<ChatAccessGrant, 'isShadowed'>,
  isForReview: boolean,
): HeldFor | undefined => {
  if (isShadowed) return 'shadow';
  return isForReview ? 'review' : undefined;
};

/** Preparations go on after their deadline: a turn that they take then is given back. */
const giveBackLate = async (preparing: Promise<Prepared | Sent>): Promise<void> => {
  try {
    const late = await preparing;
    if (!('isReplay' in late)) await late.giveBack?.();
  } catch {
    // They have failed, too, or the turn is lost with the database.
  }
};

const notReplyable = (): AppError => invalidInput('replyTo', 'no message of this chat');

const asNotReplyable = (error: unknown): never => {
  const isHidden = error instanceof AppError && ['NOT_FOUND', 'BANNED'].includes(error.code);
  throw isHidden ? notReplyable() : error;
};
