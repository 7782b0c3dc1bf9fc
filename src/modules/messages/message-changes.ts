import type { Publisher } from '../../platform/event-bus.js';
import { canonicalEmoji } from '../../shared/emoji.js';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import { isSystem } from '../../shared/actor.js';
import { audiences } from '../../shared/audience.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, forbidden, invalidInput, notFound } from '../../shared/errors.js';
import type { Metadata } from '../../shared/metadata.js';
import { hasMetadata, metadataText } from '../../shared/metadata.js';
import { refusalToModerate, refusalToWrite } from '../chats/index.js';
import type { AuditTrail, UserCard } from '../users/index.js';
import type { WordFilter } from '../word-filter/index.js';
import { messageRefused } from '../word-filter/index.js';
import type { HeldMessages } from './held-messages.js';
import type { MentionResolver } from './mentions.js';
import type { MessageReview, Verdict } from './pre-send.js';
import type { ChatPreviews, MessageLog, Mutation } from './log/index.js';
import type { MemberPosition, MessageHistory } from './message-history.js';
import type { MemberMessage, MessageReader, VisibleMessage } from './message-reader.js';
import type { StoredMessage } from './message.model.js';
import type { MessageRecord } from './message.record.js';
import { statusOf, toRecord } from './message.record.js';
import type { MessageEvent, MessageEvents } from './messages.events.js';
import {
  editWindowClosed,
  forPolicy,
  isHiddenFor,
  isTombstone,
  refusalToDeleteForEveryone,
  refusalToEdit,
  refusalToPin,
  refusalToUse,
} from './messages.policy.js';
import type { AttachmentClaims } from './messages.types.js';
import { Turns } from './turns.js';

/** The outcome of a change; the same shape that its event carries. */
export interface Changed extends MessageEvent {
  /** False when there was nothing to change: no new version, and no event. */
  changed: boolean;
}

/** A new text, new metadata, or both. */
export interface EditInput {
  messageId: string;
  content?: string | undefined;
  /** null, or an empty object, takes away what there is. */
  metadata?: Metadata | null | undefined;
  /** When given, the message must be of this chat. */
  chatId?: string | undefined;
}

/** Which messages to delete, and for whom. */
export interface DeleteTarget {
  messageIds: string[];
  /**
   * For everyone (the default), or for the actor alone. Others' messages are deleted for everyone only where
   * it is `true`, so that a moderator does not do so by mistake.
   */
  deleteForEveryone?: boolean | undefined;
  /** When given, the messages must be of this chat. */
  chatId?: string | undefined;
}

/** A reaction to add, remove or toggle. */
export interface ReactionInput {
  messageId: string;
  emoji: string;
  chatId?: string | undefined;
}

/** What to do about a reaction; `toggle` does whichever changes something. */
export type ReactionAction = 'add' | 'remove' | 'toggle';

/** The result of a reaction. */
export interface Reacted extends Changed {
  /** Whether the message has the reaction now. */
  isOn: boolean;
  /** As stored. */
  emoji: string;
}

/** Number of past texts that a message keeps. */
const MAX_EDITS = 100;
/** Different emoji that one user may put on one message. */
const MAX_PER_USER = 20;

/** Changes existing messages: edits, deletes, reactions and pins. */
export class MessageChanges {
  /** The edits of each message that are being reviewed. */
  private readonly edits = new Turns();

  constructor(
    private readonly deps: {
      log: Pick<MessageLog, 'change'>;
      previews: Pick<ChatPreviews, 'record'>;
      reader: MessageReader;
      history: Pick<MessageHistory, 'positions' | 'positionsOf'>;
      mentions: MentionResolver;
      words: Pick<WordFilter, 'screen'>;
      /** Messages outside the log, which their senders may edit and delete like others. */
      heldMessages: Pick<HeldMessages, 'edit' | 'removeAmong'>;
      attachments: Pick<AttachmentClaims, 'addressed' | 'release'>;
      directory: { card(userId: string): Promise<UserCard | undefined> };
      bus: Publisher<MessageEvents>;
      audit: Pick<AuditTrail, 'during'>;
      clock: Clock;
      /** Asked before a message gets another text; absent: nobody is. */
      review?: MessageReview | undefined;
      /** How long after sending a message may be edited, in seconds; 0 means always. */
      editWindowSeconds: number;
    },
  ) {}

  /**
   * Gives a message another text, other metadata, or both, and keeps the earlier text. The same again changes
   * nothing. An empty text is allowed for messages with files: it removes the caption. A message counts as edited
   * when its text has changed. A text that the word filter would hold is refused: the message is in the log already,
   * where a message has one text for everybody. So a shadowed sender is refused as if it were too late. Edits of one
   * message that come to this node are made in the order in which they came, however long each review takes.
   *
   * @throws {AppError} VALIDATION for no text where there is no file, NOT_FOUND, FORBIDDEN for others than
   *   the sender, GONE for a deleted message, EDIT_WINDOW_CLOSED, CHAT_NOT_ACCEPTED, BLOCKED, SILENCED,
   *   MESSAGE_REFUSED, and what else the review throws.
   */
  edit(actor: Actor, input: EditInput): Promise<Changed> {
    if (!this.deps.review) return this.editInTurn(actor, input);
    return this.edits.take(input.messageId, (turn) => this.editInTurn(actor, input, turn));
  }

  /** @param turn awaited before the write. */
  private async editInTurn(
    actor: Actor,
    input: EditInput,
    turn?: Promise<unknown>,
  ): Promise<Changed> {
    const held = await this.deps.heldMessages.edit(actor, input);
    if (held) return held;
    const { bus, clock, mentions, reader, review } = this.deps;
    const found = await reader.ofMember(actor, input.messageId, input.chatId);
    const refusal =
      this.refusalToEdit(actor, found.doc) ?? (isSystem(actor) ? undefined : refusalToWrite(found));
    if (refusal) throw refusal;
    if (found.isShadowed) throw editWindowClosed();
    if (input.content === '' && found.doc.media.length === 0) throw nothingLeft();
    const allowed =
      input.content === undefined ? {} : { content: this.allowed(actor, input.content, found.doc) };
    const verdict =
      review && !isSystem(actor) && allowed.content !== undefined
        ? await reviewOfEdit(review, found.doc, allowed.content, input.metadata)
        : {};
    const { content, metadata } = { ...input, ...allowed, ...verdict };
    const mentioned =
      content === undefined ? [] : (await mentions.resolve(found.chat, content)).map(objectId);
    if (turn) await turn;
    const result = await this.apply(found, (current) => {
      const tooLate = this.refusalToEdit(actor, current);
      if (tooLate) throw tooLate;
      const isOther = content !== undefined && content !== current.content;
      const at = new Date(clock.now());
      const change = metadata === undefined ? undefined : metadataChange(current, metadata, at);
      if (!isOther) return change;
      const past = { content: current.content, at };
      return {
        $set: { content, mentions: mentioned, editedAt: at, ...change?.$set },
        $push: { edits: { $each: [past], $slice: -MAX_EDITS } },
        ...(change?.$unset && { $unset: change.$unset }),
      };
    });
    const { changed, ...event } = result;
    if (changed) bus.emit('message.edited', event, { scope: 'cluster' });
    return result;
  }

  /**
   * Deletes messages: for everyone, which leaves tombstones, or for the actor alone. All are checked before
   * the first is deleted; deleting one twice changes nothing.
   *
   * @throws {AppError} NOT_FOUND, or FORBIDDEN for others' messages where it is for everyone and the actor
   *   does not moderate them; the system may delete every message.
   */
  async delete(actor: Actor, target: DeleteTarget): Promise<Changed[]> {
    const ids = [...new Set(target.messageIds)];
    // Nobody but their sender has held messages: deleting them for everyone or for oneself is the same.
    const held = await this.deps.heldMessages.removeAmong(actor, ids, target.chatId);
    if (held.size === 0) return this.deleteLogged(actor, ids, target);
    const others = ids.filter((id) => !held.has(id));
    const deleted = others.length > 0 ? await this.deleteLogged(actor, others, target) : [];
    return ids.map((id) => held.get(id) ?? deleted.find(({ message }) => message.id === id)!);
  }

  private async deleteLogged(
    actor: Actor,
    ids: string[],
    target: DeleteTarget,
  ): Promise<Changed[]> {
    const { reader } = this.deps;
    if (target.deleteForEveryone === false) {
      const own = await Promise.all(ids.map((id) => reader.ofMember(actor, id, target.chatId)));
      return this.deleteForOne(actor, own);
    }
    const mayModerate = target.deleteForEveryone === true && !isSystem(actor);
    const found = await Promise.all(
      ids.map((id) =>
        mayModerate
          ? this.moderated(actor, id, target.chatId)
          : reader.ofMember(actor, id, target.chatId),
      ),
    );
    for (const message of found) {
      if (isSystem(actor)) continue;
      const refusal = refusalToDeleteForEveryone(forPolicy(message.doc), actor.userId);
      if (refusal && mayModerate) await this.assertModerator(actor, message);
      else if (refusal) throw refusal;
    }
    return Promise.all(
      found.map((message) =>
        isSystem(actor) || message.doc.senderId.equals(actor.userId)
          ? this.deleteForEveryone(actor, message, false)
          : this.deleteAudited(actor, message),
      ),
    );
  }

  /**
   * Deletes what somebody else has written, for everyone. Members of the chat see that a moderator did it.
   *
   * @param reason for the audit trail.
   * @throws {AppError} NOT_FOUND, FORBIDDEN: see `refusalToModerate`.
   */
  async deleteAsModerator(actor: Actor, messageId: string, reason?: string): Promise<Changed> {
    const found = await this.moderated(actor, messageId);
    await this.assertModerator(actor, found);
    return this.deleteAudited(actor, found, reason);
  }

  /**
   * Adds, removes or toggles the actor's reaction: one per user and emoji. Repeating it changes nothing. The reaction
   * of a shadowed user is shown to their own devices, and not stored.
   *
   * @throws {AppError} NOT_FOUND, VALIDATION for what is not one emoji, GONE, CHAT_NOT_ACCEPTED,
   *   BLOCKED, CONFLICT when the actor has put too many on this message.
   */
  async react(actor: Actor, action: ReactionAction, input: ReactionInput): Promise<Reacted> {
    const { bus, clock, reader } = this.deps;
    const emoji = canonicalEmoji(input.emoji);
    if (emoji === undefined) throw notAnEmoji();
    const found = await reader.ofMember(actor, input.messageId, input.chatId);
    const refusal = refusalToWrite(found);
    if (refusal) throw refusal;
    let isOn = false;
    const result = await this.apply(found, (current) => {
      const unfit = refusalToUse(forPolicy(current));
      if (unfit) throw unfit;
      const mine = reactionsBy(current, actor.userId);
      // Former versions have stored other spellings of it.
      const same = mine.filter((spelling) => canonicalEmoji(spelling) === emoji);
      const has = same.length > 0;
      isOn = action === 'toggle' ? !has : action === 'add';
      if (isOn === has) return undefined;
      if (isOn && mine.length >= MAX_PER_USER) throw tooManyReactions();
      if (isOn && found.isShadowed) return undefined;
      const reaction = { userId: objectId(actor.userId), emoji, at: new Date(clock.now()) };
      return isOn
        ? { $push: { reactions: reaction } }
        : {
            $pull: { reactions: { userId: reaction.userId, emoji: { $in: same } } },
            $set: { removedReaction: reaction },
          };
    });
    const isUnseen = found.isShadowed && isOn;
    const shown = isUnseen ? unseen(actor, result, reactedBy(actor, emoji, clock.now())) : result;
    const { changed, ...event } = shown;
    if (changed) {
      bus.emit(
        isOn ? 'reaction.added' : 'reaction.removed',
        { ...event, userId: actor.userId, emoji },
        { scope: 'cluster' },
      );
    }
    return { ...shown, isOn, emoji };
  }

  /**
   * Pins a message to its chat or unpins it. Repeating it changes nothing. What a shadowed user pins is shown as pinned
   * to their own devices, and not stored.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN for plain members of groups and rooms, GONE,
   *   CHAT_NOT_ACCEPTED, BLOCKED, SILENCED.
   */
  async setPinned(actor: Actor, messageId: string, isPinned: boolean): Promise<Changed> {
    const { bus, clock, reader } = this.deps;
    const found = await reader.ofMember(actor, messageId);
    const refusal = refusalToPin(found.chat.kind, found.role) ?? refusalToWrite(found);
    if (refusal) throw refusal;
    const result = await this.apply(found, (current) => {
      const unfit = refusalToUse(forPolicy(current));
      if (unfit) throw unfit;
      if ((current.pinnedAt != null) === isPinned) return undefined;
      if (isPinned && found.isShadowed) return undefined;
      return isPinned
        ? { $set: { pinnedAt: new Date(clock.now()), pinnedBy: objectId(actor.userId) } }
        : { $unset: { pinnedAt: 1, pinnedBy: 1 } };
    });
    const pinned = { pinnedAt: new Date(clock.now()).toISOString(), pinnedBy: actor.userId };
    const isUnseen = found.isShadowed && isPinned;
    const shown = isUnseen ? unseen(actor, result, () => pinned) : result;
    const { changed, ...event } = shown;
    if (changed) {
      bus.emit(
        isPinned ? 'message.pinned' : 'message.unpinned',
        { ...event, actorId: actor.userId },
        { scope: 'cluster' },
      );
    }
    return shown;
  }

  /** A message that the actor may see; admins of the system find every message by its id. */
  private async moderated(
    actor: Actor,
    messageId: string,
    chatId?: string,
  ): Promise<VisibleMessage> {
    const { reader } = this.deps;
    if (actor.role !== 'admin') return reader.ofMember(actor, messageId, chatId);
    const found = await reader.any(actor, messageId);
    if (chatId !== undefined && chatId !== found.chat.id) throw notFound('Message');
    return found;
  }

  private async assertModerator(actor: Actor, found: VisibleMessage): Promise<void> {
    const { chat, doc, role } = found;
    if (doc.messageType === 'system') throw forbidden('This message cannot be deleted');
    const target = await this.deps.reader.senderRole(found);
    const refusal = refusalToModerate({ actor, role, kind: chat.kind }, target);
    if (refusal) throw refusal;
  }

  private deleteAudited(actor: Actor, found: VisibleMessage, reason?: string): Promise<Changed> {
    const { doc, chat } = found;
    return this.deps.audit.during(
      actor,
      {
        action: 'messages.delete',
        subject: doc._id.toHexString(),
        details: {
          chatId: chat.id,
          senderId: doc.senderId.toHexString(),
          ...(reason !== undefined && { reason }),
        },
      },
      () => this.deleteForEveryone(actor, found, true),
    );
  }

  /** The same text again is the message's own already, whatever has been added to the filter since. */
  private allowed(actor: Actor, content: string, doc: StoredMessage): string {
    if (content === doc.content || isSystem(actor)) return content;
    const screened = this.deps.words.screen(content, doc.chatId.toHexString());
    if (screened && screened.action !== 'mask') throw messageRefused();
    return screened?.text ?? content;
  }

  private refusalToEdit(actor: Actor, doc: StoredMessage): AppError | undefined {
    const { clock, editWindowSeconds } = this.deps;
    // A card that a server keeps up to date has no window.
    const windowSeconds = actor.server ? 0 : editWindowSeconds;
    return refusalToEdit(forPolicy(doc), actor.userId, clock.now(), windowSeconds);
  }

  /** The content is removed from the database, too; number, sender and times stay. */
  private async deleteForEveryone(
    actor: Actor,
    found: VisibleMessage,
    isModerated: boolean,
  ): Promise<Changed> {
    const { attachments, bus, clock } = this.deps;
    // First, so that a crash in between leaves no file that the collector does not check.
    await attachments.release(found.doc.media);
    const result = await this.apply(found, (current) => {
      if (isTombstone(current)) return undefined;
      return {
        $set: {
          content: '',
          media: [],
          mentions: [],
          reactions: [],
          deletedAt: new Date(clock.now()),
          deletedBy: objectId(actor.userId),
          ...(isModerated && { isModerated }),
          uncounted: true,
        },
        $unset: {
          edits: 1,
          editedAt: 1,
          pinnedAt: 1,
          pinnedBy: 1,
          forwardedFrom: 1,
          customType: 1,
          metadata: 1,
          metadataChangedAt: 1,
          removedReaction: 1,
        },
      };
    });
    const { changed, ...event } = result;
    if (changed) {
      bus.emit('message.deleted', { ...event, actorId: actor.userId }, { scope: 'cluster' });
    }
    return result;
  }

  private async deleteForOne(actor: Actor, found: MemberMessage[]): Promise<Changed[]> {
    const results = await Promise.all(
      found.map((message) =>
        this.apply(message, (current) =>
          isHiddenFor(current, actor.userId)
            ? undefined
            : { $addToSet: { deletedFor: objectId(actor.userId) } },
        ),
      ),
    );
    const hidden = new Map<string, string[]>();
    for (const { message, changed } of results) {
      if (changed) hidden.set(message.chatId, [...(hidden.get(message.chatId) ?? []), message.id]);
    }
    for (const [chatId, messageIds] of hidden) {
      this.deps.bus.emit(
        'message.hidden',
        { chatId, messageIds, userId: actor.userId, audience: audiences.users([actor.userId]) },
        { scope: 'cluster' },
      );
    }
    return results;
  }

  /**
   * Writes a change. Everything that its event needs is looked up before the write: events of a chat leave
   * in the order of its log.
   *
   * @throws {AppError} what `mutate` throws.
   */
  private async apply(found: VisibleMessage, mutate: Mutation): Promise<Changed> {
    const { doc, chat } = found;
    const { attachments, directory, history, log, previews } = this.deps;
    const [sender, positions] = await Promise.all([
      directory.card(doc.senderId.toHexString()),
      found.positions ? history.positionsOf(found.positions) : history.positions(chat.id),
    ]);
    if (!sender) throw notFound('Message');
    const id = doc._id.toHexString();
    const { message: after, changed } = await log.change(chat.id, id, mutate, doc);
    if (changed) previews.record(after);
    const record = toRecord(after);
    const message = { ...record, media: attachments.addressed(record.media) };
    return {
      message,
      sender,
      status: statusOf(message, positions),
      memberIds: chat.members && [...chat.members.keys()],
      audience: audiences.chat(chat.id, usersWithout(after, positions)),
      changed,
    };
  }
}

/** A change that its author alone sees, who takes it for done. */
const unseen = (
  { userId }: Actor,
  { message, ...event }: Changed,
  change: (message: MessageRecord) => Partial<MessageRecord>,
): Changed => ({
  ...event,
  message: { ...message, ...change(message) },
  audience: audiences.users([userId]),
  changed: true,
});

const reactedBy =
  ({ userId }: Actor, emoji: string, now: number) =>
  ({ reactions }: MessageRecord) => ({
    reactions: [
      ...reactions.filter((reaction) => reaction.userId !== userId || reaction.emoji !== emoji),
      { userId, emoji, at: new Date(now).toISOString() },
    ],
  });

/** The same text again is the message's own already, and nobody is asked about it. */
const reviewOfEdit = async (
  review: MessageReview,
  doc: StoredMessage,
  content: string,
  metadata: Metadata | null | undefined,
): Promise<Verdict> => {
  if (doc.content === content) return {};
  const messageId = doc._id.toHexString();
  return review.review(
    {
      chatId: doc.chatId.toHexString(),
      senderId: doc.senderId.toHexString(),
      content,
      messageType: doc.messageType,
      media: doc.media,
      messageId,
      ...(hasMetadata(metadata) && { metadata }),
    },
    `edit:${messageId}:${metadataText(metadata ?? {})}:${content}`,
  );
};

/**
 * Users who must not receive the changed message. In a large chat `positions` is empty: there, users who have
 * hidden the message are still excluded, but users who have cleared the history are not.
 */
const usersWithout = (
  { deletedFor = [], seq }: StoredMessage,
  positions: MemberPosition[],
): string[] => [
  ...deletedFor.map((id) => id.toHexString()),
  ...positions.filter(({ clearedSeq }) => clearedSeq >= seq).map(({ userId }) => userId),
];

/** The change of a message's metadata; undefined when they are the same. */
const metadataChange = (
  { metadata: current }: StoredMessage,
  metadata: Metadata | null,
  metadataChangedAt: Date,
):
  | { $set: { metadata?: Metadata; metadataChangedAt: Date }; $unset?: { metadata: 1 } }
  | undefined => {
  if (!hasMetadata(metadata)) {
    return current ? { $set: { metadataChangedAt }, $unset: { metadata: 1 } } : undefined;
  }
  if (current && metadataText(current) === metadataText(metadata)) return undefined;
  return { $set: { metadata, metadataChangedAt } };
};

const reactionsBy = (message: StoredMessage, userId: string): string[] =>
  message.reactions.filter((reaction) => reaction.userId.equals(userId)).map(({ emoji }) => emoji);

const nothingLeft = (): AppError =>
  invalidInput('content', 'a text that shows something, as the message has no file');

const notAnEmoji = (): AppError => invalidInput('emoji', 'exactly one emoji');

const tooManyReactions = (): AppError =>
  new AppError('CONFLICT', `You can put at most ${MAX_PER_USER} emoji on one message`);
