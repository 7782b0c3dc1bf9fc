import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import { asNotFound, notFound } from '../../shared/errors.js';
import type { ChatAccess, ChatSnapshot, MemberRole, MembershipDoc } from '../chats/index.js';
import type { MessageDoc } from './message.model.js';
import type { MessageForPolicy } from './messages.policy.js';

/** A message that somebody may see, and where they stand in its chat. */
export interface SeenMessage {
  doc: MessageDoc;
  chat: ChatSnapshot;
  /** Undefined for somebody who reads a public room without having joined it. */
  role: MemberRole | undefined;
}

/** The same for a member. */
export interface MemberMessage extends SeenMessage {
  role: MemberRole;
}

/** Finds messages by id, for those who may see them. */
export class MessageReader {
  constructor(
    private readonly messages: Model<MessageDoc>,
    private readonly memberships: Model<MembershipDoc>,
    private readonly access: ChatAccess,
  ) {}

  /**
   * A message that the actor may see.
   *
   * @throws {AppError} NOT_FOUND when it does not exist, is in somebody else's chat, or is deleted for
   *   the actor, alone or with the history.
   */
  async seen(actor: Actor, messageId: string): Promise<SeenMessage> {
    const doc = await this.messages.findById(objectId(messageId)).lean();
    if (!doc) throw notFound('Message');
    const chatId = doc.chatId.toHexString();
    const grant = await this.access.reader(actor.userId, chatId).catch(asNotFound('Message'));
    if (isHiddenFor(doc, actor.userId)) throw notFound('Message');
    if (doc.seq <= (await this.clearedSeq(actor.userId, chatId))) throw notFound('Message');
    return { doc, ...grant };
  }

  /**
   * A message of a chat that the actor is a member of.
   *
   * @param chatId when given, the message must be of this chat.
   * @throws {AppError} NOT_FOUND as {@link seen}, and for people who only read a room.
   */
  async ofMember(actor: Actor, messageId: string, chatId?: string): Promise<MemberMessage> {
    const { doc, chat, role } = await this.seen(actor, messageId);
    if (!role || (chatId !== undefined && chatId !== chat.id)) throw notFound('Message');
    return { doc, chat, role };
  }

  /**
   * The number above which the actor may read a chat.
   *
   * @throws {AppError} NOT_FOUND for non-members, except of a public room.
   */
  async readableAbove(actor: Actor, chatId: string): Promise<number> {
    await this.reader(actor, chatId);
    return this.clearedSeq(actor.userId, chatId);
  }

  /**
   * The chat, when the actor may read it.
   *
   * @throws {AppError} NOT_FOUND for non-members, except of a public room.
   */
  async reader(actor: Actor, chatId: string): Promise<ChatSnapshot> {
    return (await this.access.reader(actor.userId, chatId)).chat;
  }

  /** Up to where history is deleted for the user; 0 for a reader of a room who has not joined it. */
  async clearedSeq(userId: string, chatId: string): Promise<number> {
    const membership = await this.memberships.collection.findOne(
      { chatId: objectId(chatId), userId: objectId(userId) },
      { projection: { clearedSeq: 1 } },
    );
    return membership?.clearedSeq ?? 0;
  }
}

/** Whether a user has deleted the message for themselves. */
export const isHiddenFor = (doc: MessageDoc, userId: string): boolean =>
  doc.deletedFor?.some((id) => id.equals(userId)) ?? false;

/** Whether the message is a tombstone. */
export const isTombstone = (doc: MessageDoc): boolean =>
  doc.deletedAt !== undefined && doc.deletedAt !== null;

/** What the rules look at. */
export const forPolicy = (doc: MessageDoc): MessageForPolicy => ({
  senderId: doc.senderId.toHexString(),
  messageType: doc.messageType,
  createdAt: doc.createdAt,
  isDeleted: isTombstone(doc),
});
