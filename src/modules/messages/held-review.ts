import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { ChatAccess, ChatSnapshot } from '../chats/index.js';
import { refusalToOversee, refusalToWrite } from '../chats/index.js';
import type { AuditTrail, UserCard } from '../users/index.js';
import type { HeldMessages } from './held-messages.js';
import { decidedMeanwhile, heldRecord } from './held-messages.js';
import type {
  HeldFor,
  HeldMessagesRepository,
  HeldQuery,
  StoredHeldMessage,
} from './held-messages.repository.js';
import type { MessageRecord } from './message.record.js';
import type { AttachmentClaims, Sent } from './messages.types.js';
import type { SendMessage } from './send-message.js';

/** How long a refused message is kept for its sender's retries, in milliseconds. */
const REFUSED_KEPT_MS = 7 * 24 * 3_600_000;

/** A held message in a moderators' queue. */
export interface HeldForReview {
  message: MessageRecord;
  sender: UserCard | undefined;
  heldFor: HeldFor;
}

/** The moderators' queue of held messages: they release or refuse them. */
export class HeldReview {
  constructor(
    private readonly deps: {
      held: HeldMessagesRepository;
      heldMessages: HeldMessages;
      sending: Pick<SendMessage, 'sendHeld'>;
      access: Pick<ChatAccess, 'member'>;
      attachments: Pick<AttachmentClaims, 'addressed' | 'release'>;
      directory: {
        card(userId: string): Promise<UserCard | undefined>;
        cards(userIds: Iterable<string>): Promise<Map<string, UserCard>>;
      };
      audit: Pick<AuditTrail, 'during'>;
      requireAdmin(actor: Actor): Promise<void>;
      clock: Clock;
    },
  ) {}

  /**
   * The undecided messages, newest first: of a chat, for its moderators and the system's admins, or of all chats,
   * for the latter.
   *
   * @throws {AppError} NOT_FOUND for people outside the chat, FORBIDDEN for plain members.
   */
  async list(
    actor: Actor,
    query: HeldQuery,
  ): Promise<{ items: HeldForReview[]; hasMore: boolean }> {
    await this.assertModerator(actor, query.chatId);
    // Shadows are the system's admins' matter: a chat's moderators must not learn of them.
    const heldFor = actor.role === 'admin' ? query.heldFor : 'review';
    const docs = await this.deps.held.newest({ ...query, heldFor, limit: query.limit + 1 });
    const shown = docs.slice(0, query.limit);
    const cards = await this.deps.directory.cards(
      new Set(shown.map(({ senderId }) => senderId.toHexString())),
    );
    const items = shown.map((doc) => {
      const message = heldRecord(doc);
      return {
        message: { ...message, media: this.deps.attachments.addressed(message.media) },
        sender: cards.get(message.senderId),
        heldFor: doc.heldFor,
      };
    });
    return { items, hasMore: docs.length > query.limit };
  }

  /**
   * Sends a held message, as of now, with everything that a send does. It is sent once, however many release it:
   * the unique index over client ids refuses it the second time. When the server stops in between, a second
   * release finishes it. The pre-send hook is asked now, as for any send; a message that it does not accept stays
   * held.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN, CONFLICT when it was decided otherwise, or when its sender may not
   *   write in the chat any more; MESSAGE_REFUSED and PRE_SEND_UNAVAILABLE of the hook.
   */
  async release(actor: Actor, heldId: string): Promise<Sent> {
    const { audit, clock, held, heldMessages, sending } = this.deps;
    const found = await this.find(actor, heldId);
    const chatId = found.chatId.toHexString();
    return audit.during(
      actor,
      { action: 'messages.release', subject: heldId, details: { chatId } },
      async () => {
        const { chat, sender } = await this.senderIn(found);
        const doc = await held.beginRelease(heldId, actor.userId, new Date(clock.now()));
        if (!doc) throw decidedMeanwhile();
        const sent = await sending
          .sendHeld(chat, sender, doc.draft)
          .catch(async (error: unknown) => {
            // The hook has answered before the write, so that the message is not in the log.
            if (isOfHook(error)) await held.endRelease(doc);
            throw error;
          });
        await held.remove(heldId);
        heldMessages.announceEnd(doc, 'released');
        return sent;
      },
      ({ message }) => ({ messageId: message.id }),
    );
  }

  /**
   * Refuses a held message. Its sender's devices are told; its text is kept for a week for retries of the send.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN, CONFLICT when it was decided otherwise, and for a shadowed message, whose
   *   sender must not notice.
   */
  async refuse(actor: Actor, heldId: string): Promise<void> {
    const { attachments, audit, clock, held, heldMessages } = this.deps;
    const found = await this.find(actor, heldId);
    if (found.heldFor === 'shadow') {
      throw new AppError('CONFLICT', 'A shadowed message is seen by its sender alone already');
    }
    const chatId = found.chatId.toHexString();
    await audit.during(
      actor,
      { action: 'messages.refuse', subject: heldId, details: { chatId } },
      async () => {
        const now = clock.now();
        const until = new Date(now + REFUSED_KEPT_MS);
        const doc = await held.refuse(heldId, actor.userId, new Date(now), until);
        if (!doc) throw decidedMeanwhile();
        await attachments.release(doc.draft.media);
        heldMessages.announceEnd(doc, 'refused');
      },
    );
  }

  private async find(actor: Actor, heldId: string): Promise<StoredHeldMessage> {
    const doc = await this.deps.held.byId(heldId);
    if (!doc) throw notFound('Message');
    await this.assertModerator(actor, doc.chatId.toHexString());
    if (doc.heldFor === 'shadow' && actor.role !== 'admin') throw notFound('Message');
    if (doc.state === 'refused') throw decidedMeanwhile();
    return doc;
  }

  private async senderIn({
    chatId,
    senderId,
  }: StoredHeldMessage): Promise<{ chat: ChatSnapshot; sender: UserCard }> {
    const { access, directory } = this.deps;
    const id = senderId.toHexString();
    const [sender, grant] = await Promise.all([
      directory.card(id),
      access.member(id, chatId.toHexString()).catch((error: unknown) => {
        // They have left, or a ban keeps them out.
        if (error instanceof AppError && error.status < 500) return undefined;
        throw error;
      }),
    ]);
    if (!sender || sender.isDeactivated || !grant || refusalToWrite(grant)) {
      throw new AppError('CONFLICT', 'Its sender may not write in this chat any more');
    }
    return { chat: grant.chat, sender };
  }

  /** @throws {AppError} NOT_FOUND for people outside the chat, FORBIDDEN for plain members and, without a chat, users. */
  private async assertModerator(actor: Actor, chatId: string | undefined): Promise<void> {
    if (actor.role === 'admin' || chatId === undefined) return this.deps.requireAdmin(actor);
    const { chat, role } = await this.deps.access.member(actor.userId, chatId);
    const refusal = refusalToOversee({ actor, role, kind: chat.kind });
    if (refusal) throw refusal;
  }
}

const isOfHook = (error: unknown): boolean =>
  error instanceof AppError &&
  (error.code === 'MESSAGE_REFUSED' || error.code === 'PRE_SEND_UNAVAILABLE');
