import { isDuplicateKey } from '../../platform/driver-error.js';
import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { UserCard } from '../users/index.js';
import type { AccessModels, ChatAccess } from './chat-access.js';
import type { ChatEvents } from './chats.events.js';

/** What blocks are built from. */
export interface BlocksParts {
  models: AccessModels;
  access: ChatAccess;
  bus: Publisher<ChatEvents>;
  accessChanges: AccessChangePoster;
  users: {
    exists(userId: string): Promise<boolean>;
    cards(userIds: string[]): Promise<Map<string, UserCard>>;
  };
}

/** Somebody whom a user has blocked, and since when. */
export interface BlockedUser {
  card: UserCard;
  blockedAt: Date;
}

/** Lets users have nothing to do with each other. */
export class Blocks {
  constructor(private readonly parts: BlocksParts) {}

  /**
   * The user whom a block out of a chat is about: the other one in a direct chat, else a named member.
   *
   * @throws {AppError} NOT_FOUND for non-members, VALIDATION when it does not say whom.
   */
  async targetIn(actor: Actor, chatId: string, userId: string | undefined): Promise<string> {
    const { chat } = await this.parts.access.member(actor.userId, chatId);
    if (chat.kind === 'direct') {
      const other = [...(chat.members?.keys() ?? [])].find((id) => id !== actor.userId);
      if (other === undefined) throw notFound('User');
      if (userId !== undefined && userId !== other) throw notFound('User');
      return other;
    }
    if (userId === undefined) {
      throw new AppError('VALIDATION', 'userId is required', {
        errors: [{ path: 'userId', message: 'is required outside direct chats' }],
      });
    }
    if (!(await this.parts.access.role(chat, userId))) throw notFound('User');
    return userId;
  }

  /**
   * Blocks or unblocks a user. What is already so changes nothing.
   *
   * @throws {AppError} NOT_FOUND for an unknown user, VALIDATION for oneself.
   */
  async setBlocked(actor: Actor, userId: string, blocked: boolean): Promise<void> {
    if (userId === actor.userId) {
      throw new AppError('VALIDATION', 'You cannot block yourself', {
        errors: [{ path: 'userId', message: 'must be another user' }],
      });
    }
    if (!(await this.parts.users.exists(userId))) throw notFound('User');
    await this.parts.accessChanges.post([
      { kind: 'block', userId: actor.userId },
      { kind: 'block', userId },
    ]);
    const hasChanged = blocked
      ? await this.insert(actor.userId, userId)
      : await this.remove(actor.userId, userId);
    if (!hasChanged) return;
    this.parts.bus.emit(
      'block.changed',
      {
        blockerId: actor.userId,
        blockedId: userId,
        blocked,
        audience: audiences.users([actor.userId]),
      },
      { scope: 'cluster' },
    );
  }

  /** Everybody whom the actor has blocked, newest first. */
  async list(actor: Actor): Promise<BlockedUser[]> {
    const rows = await this.parts.models.blocks
      .find({ blockerId: objectId(actor.userId) })
      .sort({ createdAt: -1 })
      .lean();
    const cards = await this.parts.users.cards(rows.map((row) => row.blockedId.toHexString()));
    return rows.flatMap(({ blockedId, createdAt }) => {
      const card = cards.get(blockedId.toHexString());
      return card ? [{ card, blockedAt: createdAt }] : [];
    });
  }

  private async insert(blockerId: string, blockedId: string): Promise<boolean> {
    const pair = { blockerId: objectId(blockerId), blockedId: objectId(blockedId) };
    try {
      await this.parts.models.blocks.create(pair);
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  private async remove(blockerId: string, blockedId: string): Promise<boolean> {
    const pair = { blockerId: objectId(blockerId), blockedId: objectId(blockedId) };
    const { deletedCount } = await this.parts.models.blocks.deleteOne(pair);
    return deletedCount > 0;
  }
}
