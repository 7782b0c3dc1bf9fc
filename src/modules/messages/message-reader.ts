import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import { isSystem } from '../../shared/actor.js';
import { AppError, asNotFound, notFound } from '../../shared/errors.js';
import type {
  AppliedSanction,
  ChatAccess,
  ChatSnapshot,
  MemberRole,
  MemberPositionRow,
  MemberPositionsRepository,
} from '../chats/index.js';
import { LARGE_CHAT_MEMBERS } from '../chats/index.js';
import type { StoredMessage } from './message.model.js';
import { isHiddenFor } from './messages.policy.js';
import type { MessagesRepository } from './messages.repository.js';

/** A message that somebody may see, its chat, and their role in it. */
export interface VisibleMessage {
  doc: StoredMessage;
  chat: ChatSnapshot;
  /** The silence that applies to them there. */
  silence: AppliedSanction | undefined;
  /** Whether what they write is for themselves alone. */
  isShadowed: boolean;
  /** Undefined for somebody who reads a public room without having joined it. */
  role: MemberRole | undefined;
  /** How far some members have come, one more than a small chat has; absent unless read with the message. */
  positions?: MemberPositionRow[];
}

/** The same for a member. */
export interface MemberMessage extends VisibleMessage {
  role: MemberRole;
}

/** Finds messages by id, for those who may see them. */
export class MessageReader {
  constructor(
    private readonly messages: MessagesRepository,
    private readonly positions: MemberPositionsRepository,
    private readonly access: Pick<ChatAccess, 'reader' | 'role' | 'snapshot' | 'system'>,
  ) {}

  /**
   * A message that the actor may see.
   *
   * @throws {AppError} NOT_FOUND when it does not exist, is in somebody else's chat, or is deleted for
   *   the actor, alone or with the history.
   */
  async visible(actor: Actor, messageId: string): Promise<VisibleMessage> {
    const lookup = this.positions.lookup(LARGE_CHAT_MEMBERS + 1);
    const found = await this.messages.withPositions(objectId(messageId), lookup);
    if (!found) throw notFound('Message');
    const { doc, positions } = found;
    const chatId = doc.chatId.toHexString();
    const grant = await this.grant(actor, chatId).catch(asNotFound('Message'));
    if (isHiddenFor(doc, actor.userId)) throw notFound('Message');
    const own = positions.find(({ userId }) => userId.equals(actor.userId));
    const isBeyond = !own && positions.length > LARGE_CHAT_MEMBERS;
    const cleared = isBeyond
      ? await this.positions.clearedSeq(chatId, actor.userId)
      : (own?.clearedSeq ?? 0);
    if (doc.seq <= cleared) throw notFound('Message');
    return { doc, positions, ...grant };
  }

  /** Of some messages, those that the actor may see as in {@link visible}, in no order. */
  async visibleAmong({ userId }: Actor, messageIds: string[]): Promise<StoredMessage[]> {
    const docs = await this.messages.byIds(messageIds.map(objectId));
    const chatIds = [...new Set(docs.map(({ chatId }) => chatId.toHexString()))];
    const [readable, cleared] = await Promise.all([
      Promise.all(chatIds.map((chatId) => this.mayRead(userId, chatId))),
      this.positions.clearedSeqs(userId, chatIds),
    ]);
    // Nothing is cleared for somebody who reads a room without being in it.
    const open = new Set(chatIds.filter((_, index) => readable[index]));
    return docs.filter((doc) => {
      const chatId = doc.chatId.toHexString();
      return open.has(chatId) && !isHiddenFor(doc, userId) && doc.seq > (cleared.get(chatId) ?? 0);
    });
  }

  /**
   * A message of a chat that the actor is a member of.
   *
   * @param chatId when given, the message must be of this chat.
   * @throws {AppError} NOT_FOUND as {@link visible}, and for people who only read a room.
   */
  async ofMember(actor: Actor, messageId: string, chatId?: string): Promise<MemberMessage> {
    const { role, ...found } = await this.visible(actor, messageId);
    if (!role || (chatId !== undefined && chatId !== found.chat.id)) throw notFound('Message');
    return { ...found, role };
  }

  /**
   * Any message and its chat, for admins of the system, who need not be members.
   *
   * @throws {AppError} NOT_FOUND when it does not exist.
   */
  async any(actor: Actor, messageId: string): Promise<VisibleMessage> {
    const doc = await this.messages.byId(objectId(messageId));
    const chat = doc && (await this.access.snapshot(doc.chatId.toHexString()));
    if (!doc || !chat) throw notFound('Message');
    const role = await this.access.role(chat, actor.userId);
    return { doc, chat, role, silence: undefined, isShadowed: false };
  }

  /** The role of a message's sender in its chat; `member` for somebody who has left. */
  async senderRole({ doc, chat }: VisibleMessage): Promise<MemberRole> {
    return (await this.access.role(chat, doc.senderId.toHexString())) ?? 'member';
  }

  /**
   * The number above which the actor may read a chat.
   *
   * @throws {AppError} NOT_FOUND for non-members, except of a public room.
   */
  async readableAbove(actor: Actor, chatId: string): Promise<number> {
    await this.chat(actor, chatId);
    return this.positions.clearedSeq(chatId, actor.userId);
  }

  /**
   * The chat, when the actor may read it.
   *
   * @throws {AppError} NOT_FOUND for non-members, except of a public room.
   */
  async chat(actor: Actor, chatId: string): Promise<ChatSnapshot> {
    return (await this.grant(actor, chatId)).chat;
  }

  private grant(actor: Actor, chatId: string): ReturnType<ChatAccess['reader']> {
    return isSystem(actor) ? this.access.system(chatId) : this.access.reader(actor.userId, chatId);
  }

  private async mayRead(userId: string, chatId: string): Promise<boolean> {
    try {
      await this.access.reader(userId, chatId);
      return true;
    } catch (error) {
      const isRefusal =
        error instanceof AppError && (error.code === 'NOT_FOUND' || error.code === 'BANNED');
      if (isRefusal) return false;
      throw error;
    }
  }
}
