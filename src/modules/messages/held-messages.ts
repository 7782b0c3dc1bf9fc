import { Types } from 'mongoose';
import type { Publisher, Subscription } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import { audiences } from '../../shared/audience.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, invalidInput } from '../../shared/errors.js';
import type { Metadata } from '../../shared/metadata.js';
import { hasMetadata } from '../../shared/metadata.js';
import type { AccessChangeEvents, AccessChangePoster } from '../access-changes/index.js';
import type { ChatAccess } from '../chats/index.js';
import { refusalToWrite } from '../chats/index.js';
import type { UserCard } from '../users/index.js';
import type { WordFilter } from '../word-filter/index.js';
import { messageRefused } from '../word-filter/index.js';
import type {
  HeldFor,
  HeldMessagesRepository,
  StoredHeldMessage,
} from './held-messages.repository.js';
import type { SendIdentity } from './idempotency.js';
import { clientMessageIdReused } from './idempotency.js';
import type { MessageDraft, MessageLog } from './log/index.js';
import type { MentionResolver } from './mentions.js';
import type { MessageRecord } from './message.record.js';
import { toRecord } from './message.record.js';
import type { MessageEvent, MessageEvents } from './messages.events.js';
import type { AttachmentClaims, Sent } from './messages.types.js';

/** Undecided messages of one sender: a moderators' queue is no place to store things. */
const MAX_PER_SENDER = 200;
/** Senders that a node remembers by name; with more, everybody's pages are asked for held messages. */
const MAX_SENDERS = 50_000;

/** A held message as its sender sees it: `isHeld`, and as number that of the message it stands behind. */
export const heldRecord = (doc: StoredHeldMessage): MessageRecord => ({
  ...toRecord({
    ...doc.draft,
    ...(doc.editedAt && { editedAt: doc.editedAt }),
    _id: doc._id,
    chatId: doc.chatId,
    seq: doc.afterSeq,
    version: 0,
    versions: [],
    createdAt: doc.createdAt,
    updatedAt: doc.updatedAt,
  }),
  isHeld: true,
  ...(doc.heldFor === 'shadow' && { isShadowed: true }),
});

/** The part of a chat's numbers that a page covers; held messages behind one of them stand in the page. */
export interface HeldSpan {
  from: number;
  to: number;
}

/**
 * Messages that wait outside the log. Their senders see them in their own pages and syncs, may edit and delete them,
 * and nobody else knows of them but moderators ({@link HeldReview}).
 *
 * Hardly anybody has any, so a node remembers who does, and asks the database for nobody else. A node learns of a
 * sender from the access-change feed, to which the sender is posted before the message is stored.
 */
export class HeldMessages {
  private senders: Set<string> | 'everybody' = new Set();

  constructor(
    private readonly deps: {
      held: HeldMessagesRepository;
      log: Pick<MessageLog, 'newestSeq'>;
      access: Pick<ChatAccess, 'member'>;
      mentions: MentionResolver;
      attachments: Pick<AttachmentClaims, 'addressed' | 'release'>;
      directory: { card(userId: string): Promise<UserCard | undefined> };
      words: Pick<WordFilter, 'screen'>;
      accessChanges: AccessChangePoster;
      bus: Publisher<MessageEvents>;
      clock: Clock;
    },
  ) {}

  get subscriptions(): Subscription<AccessChangeEvents>[] {
    return [
      {
        event: 'access.recheck',
        phase: 'state',
        on: 'every-node',
        does: 'remembers whose pages have held messages',
        run: ({ kind, userId }) => {
          if (kind === 'held') this.remember(userId);
        },
      },
    ];
  }

  /** Reads who has held messages. */
  async start(): Promise<void> {
    const found = await this.deps.held.senders(MAX_SENDERS + 1);
    for (const userId of found) this.remember(userId);
  }

  /**
   * Stores a message outside the log instead of sending it. A retry under its client id answers with the same
   * held message.
   *
   * @throws {AppError} MESSAGE_REFUSED when a moderator has refused it, CLIENT_MESSAGE_ID_REUSED, RATE_LIMITED when
   *   too many messages of the sender wait for review; of shadowed ones the oldest goes.
   */
  async hold(
    chatId: string,
    { draft, sender, heldFor }: { draft: MessageDraft; sender: UserCard; heldFor: HeldFor },
  ): Promise<Sent> {
    const { accessChanges, clock, held, log } = this.deps;
    await this.makeRoom(sender.id, heldFor);
    const _id = new Types.ObjectId();
    const clientMessageId = draft.clientMessageId ?? `held-${_id.toHexString()}`;
    await accessChanges.post([{ kind: 'held', userId: sender.id }]);
    const now = new Date(clock.now());
    const doc = await held.insert({
      _id,
      chatId: objectId(chatId),
      senderId: draft.senderId,
      draft: { ...draft, clientMessageId },
      afterSeq: await log.newestSeq(chatId),
      heldFor,
      state: 'held',
      edits: [],
      createdAt: now,
      updatedAt: now,
    });
    this.remember(sender.id);
    if (!doc) return this.earlier(chatId, sender, clientMessageId, draft.fingerprint);
    return { ...this.publish(doc, sender, 'new'), sender, isReplay: false };
  }

  /**
   * The actor's undecided messages, oldest first: of a chat, in a part of its numbers, or of all chats. Costs
   * nothing for those who have none.
   */
  async own(userId: string, chatId?: string, span?: HeldSpan): Promise<MessageRecord[]> {
    if (!this.mayHave(userId)) return [];
    const docs = await this.deps.held.ofSender(userId, chatId, MAX_PER_SENDER);
    // One that is being stored right now has been posted to the feed, which names the sender again.
    if (docs.length === 0 && chatId === undefined) this.forget(userId);
    return docs
      .filter(({ afterSeq }) => !span || (afterSeq >= span.from && afterSeq <= span.to))
      .map((doc) => this.addressed(heldRecord(doc)));
  }

  /** The actor's own held message; undefined when there is none with this id. */
  async one(userId: string, messageId: string): Promise<MessageRecord | undefined> {
    const doc = await this.find(userId, messageId);
    return doc && this.addressed(heldRecord(doc));
  }

  /**
   * Gives the actor's own held message another text, other metadata, or both. It stays held, whatever the text.
   *
   * @returns undefined when the actor has no held message with this id.
   * @throws {AppError} VALIDATION for no text where there is no file, MESSAGE_REFUSED, NOT_FOUND for a chat that the
   *   actor is no longer in, CHAT_NOT_ACCEPTED, BLOCKED, SILENCED, CONFLICT when a moderator has decided meanwhile.
   */
  async edit(
    actor: Actor,
    {
      messageId,
      content,
      metadata,
      chatId,
    }: {
      messageId: string;
      content?: string | undefined;
      /** null, or an empty object, takes away what there is. */
      metadata?: Metadata | null | undefined;
      chatId?: string | undefined;
    },
  ): Promise<(MessageEvent & { changed: boolean }) | undefined> {
    const doc = await this.find(actor.userId, messageId, chatId);
    if (!doc) return undefined;
    const { clock, directory, held, mentions, words } = this.deps;
    const grant = await this.deps.access.member(actor.userId, doc.chatId.toHexString());
    const refusal = refusalToWrite(grant);
    if (refusal) throw refusal;
    const { chat } = grant;
    if (content === '' && doc.draft.media.length === 0) {
      throw invalidInput('content', 'a text that shows something, as the message has no file');
    }
    const screened = content === undefined ? undefined : words.screen(content, chat.id);
    if (screened?.action === 'refuse') throw messageRefused();
    const text = screened?.text ?? content ?? doc.draft.content;
    const sender = await directory.card(actor.userId);
    if (!sender) throw new AppError('UNAUTHENTICATED', 'This account no longer exists');
    const isOther = text !== doc.draft.content;
    if (!isOther && metadata === undefined) {
      return { ...this.eventOf(doc, sender), changed: false };
    }
    const at = new Date(clock.now());
    const edited = await held.edit(messageId, actor.userId, at, {
      ...(isOther && {
        text: {
          content: text,
          mentions: (await mentions.resolve(chat, text)).map(objectId),
          past: { content: doc.draft.content, at },
        },
      }),
      ...(metadata !== undefined && { metadata: hasMetadata(metadata) ? metadata : null }),
    });
    if (!edited) throw decidedMeanwhile();
    return { ...this.publish(edited, sender, 'edited'), changed: true };
  }

  /**
   * Deletes those of some messages that are the actor's own and held.
   *
   * @returns their tombstones, by id.
   * @throws {AppError} CONFLICT when a moderator has decided about one meanwhile.
   */
  async removeAmong(
    actor: Actor,
    messageIds: string[],
    chatId?: string,
  ): Promise<Map<string, MessageEvent & { changed: boolean }>> {
    const removed = new Map<string, MessageEvent & { changed: boolean }>();
    if (!this.mayHave(actor.userId)) return removed;
    for (const id of messageIds) {
      const held = await this.remove(actor, id, chatId);
      if (held) removed.set(id, held);
    }
    return removed;
  }

  /** Forgets a held message whose text turns out to be in the log already. */
  async withdraw(messageId: string): Promise<void> {
    await this.deps.held.remove(messageId);
  }

  /**
   * The answer to a send that was held when it was first tried; undefined when it was not. Costs nothing for those who
   * have no held messages.
   *
   * @throws {AppError} as {@link hold}.
   */
  async replay(
    chatId: string,
    userId: string,
    { clientMessageId, fingerprint }: SendIdentity,
  ): Promise<Sent | undefined> {
    if (!this.mayHave(userId)) return undefined;
    const [doc, sender] = await Promise.all([
      this.deps.held.byClientId(chatId, userId, clientMessageId),
      this.deps.directory.card(userId),
    ]);
    return doc && sender ? this.answerTo(doc, sender, fingerprint) : undefined;
  }

  /** Called after a held message has ended: tells its sender's devices. */
  announceEnd(doc: StoredHeldMessage, outcome: 'released' | 'refused' | 'deleted'): void {
    const senderId = doc.senderId.toHexString();
    if (doc.heldFor === 'shadow') {
      // Nothing more: a released one has just been sent, and comes to these devices like any other.
      const ended = { chatId: doc.chatId.toHexString(), messageIds: [doc._id.toHexString()] };
      const audience = audiences.users([senderId]);
      this.deps.bus.emit(
        'message.hidden',
        { ...ended, userId: senderId, audience },
        { scope: 'cluster' },
      );
      return;
    }
    this.deps.bus.emit(
      'message.unheld',
      {
        chatId: doc.chatId.toHexString(),
        messageId: doc._id.toHexString(),
        clientMessageId: doc.draft.clientMessageId,
        outcome,
        audience: audiences.users([senderId]),
      },
      { scope: 'cluster' },
    );
  }

  private async remove(
    actor: Actor,
    messageId: string,
    chatId: string | undefined,
  ): Promise<(MessageEvent & { changed: boolean }) | undefined> {
    const doc = await this.find(actor.userId, messageId, chatId);
    const sender = doc && (await this.deps.directory.card(actor.userId));
    if (!doc || !sender) return undefined;
    await this.deps.attachments.release(doc.draft.media);
    if (!(await this.deps.held.removeOwn(messageId, actor.userId))) throw decidedMeanwhile();
    this.announceEnd(doc, 'deleted');
    const at = new Date(this.deps.clock.now()).toISOString();
    const { message, ...event } = this.eventOf(doc, sender);
    const gone = { content: '', media: [], mentions: [], deletedAt: at, deletedBy: actor.userId };
    return { ...event, message: { ...message, ...gone }, changed: true };
  }

  private async makeRoom(senderId: string, heldFor: HeldFor): Promise<void> {
    if (!this.mayHave(senderId)) return;
    const { attachments, held } = this.deps;
    if ((await held.countOfSender(senderId, MAX_PER_SENDER)) < MAX_PER_SENDER) return;
    const oldest = heldFor === 'shadow' ? await held.removeOldestShadow(senderId) : null;
    if (!oldest) throw tooManyHeld();
    await attachments.release(oldest.draft.media);
  }

  /** The answer to a send whose first try is held, or has been refused. */
  private async earlier(
    chatId: string,
    sender: UserCard,
    clientMessageId: string,
    fingerprint: string | undefined,
  ): Promise<Sent> {
    const doc = await this.deps.held.byClientId(chatId, sender.id, clientMessageId);
    // Released between the two queries: the client's next try finds it in the log.
    if (!doc) throw decidedMeanwhile();
    return this.answerTo(doc, sender, fingerprint);
  }

  private answerTo(doc: StoredHeldMessage, sender: UserCard, fingerprint?: string): Sent {
    if (doc.draft.fingerprint !== fingerprint) throw clientMessageIdReused();
    if (doc.state === 'refused') throw messageRefused();
    return { message: this.addressed(heldRecord(doc)), sender, isReplay: true };
  }

  private async find(
    userId: string,
    messageId: string,
    chatId?: string,
  ): Promise<StoredHeldMessage | undefined> {
    if (!this.mayHave(userId)) return undefined;
    const doc = await this.deps.held.byId(messageId);
    if (!doc || doc.state === 'refused' || doc.senderId.toHexString() !== userId) return undefined;
    return chatId === undefined || doc.chatId.toHexString() === chatId ? doc : undefined;
  }

  /** Of a shadowed message its sender's devices hear what they hear of any other. */
  private publish(
    doc: StoredHeldMessage,
    sender: UserCard,
    change: 'new' | 'edited',
  ): MessageEvent {
    const event = this.eventOf(doc, sender);
    const { bus } = this.deps;
    if (doc.heldFor !== 'shadow') bus.emit('message.held', event, { scope: 'cluster' });
    else {
      bus.emit(change === 'new' ? 'message.shadowed' : 'message.edited', event, {
        scope: 'cluster',
      });
    }
    return event;
  }

  private eventOf(doc: StoredHeldMessage, sender: UserCard): MessageEvent {
    return {
      message: this.addressed(heldRecord(doc)),
      sender,
      status: 'sent',
      memberIds: undefined,
      audience: audiences.users([sender.id]),
    };
  }

  private addressed(record: MessageRecord): MessageRecord {
    return { ...record, media: this.deps.attachments.addressed(record.media) };
  }

  private mayHave(userId: string): boolean {
    return this.senders === 'everybody' || this.senders.has(userId);
  }

  private remember(userId: string): void {
    if (this.senders === 'everybody') return;
    this.senders.add(userId);
    if (this.senders.size > MAX_SENDERS) this.senders = 'everybody';
  }

  private forget(userId: string): void {
    if (this.senders !== 'everybody') this.senders.delete(userId);
  }
}

/** The error for a held message that is no longer held. */
export const decidedMeanwhile = (): AppError =>
  new AppError('CONFLICT', 'A moderator has decided about this message meanwhile');

const tooManyHeld = (): AppError =>
  new AppError('RATE_LIMITED', 'Too many of your messages wait for review', { retryAfter: 600 });
