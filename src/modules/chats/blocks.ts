import type { Publisher } from '../../platform/event-bus.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import { invalidInput, notFound } from '../../shared/errors.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { UserCard } from '../users/index.js';
import type { BlocksRepository } from './blocks.repository.js';
import type { ChatAccess } from './chat-access.js';
import type { ChatEvents } from './chats.events.js';

/** Somebody whom a user has blocked, and since when. */
export interface BlockedUser {
  card: UserCard;
  blockedAt: Date;
}

/** Blocks and unblocks users, and lists who is blocked. */
export class Blocks {
  constructor(
    private readonly deps: {
      blocks: BlocksRepository;
      access: ChatAccess;
      bus: Publisher<ChatEvents>;
      accessChanges: AccessChangePoster;
      directory: {
        card(userId: string): Promise<UserCard | undefined>;
        cards(userIds: string[]): Promise<Map<string, UserCard>>;
      };
    },
  ) {}

  /**
   * The user to block when the actor names a chat: the other user of a direct chat, else a named member.
   *
   * @throws {AppError} NOT_FOUND for non-members, VALIDATION when no member is named.
   */
  async targetIn(actor: Actor, chatId: string, userId: string | undefined): Promise<string> {
    const { chat } = await this.deps.access.member(actor.userId, chatId);
    if (chat.kind === 'direct') {
      const other = [...(chat.members?.keys() ?? [])].find((id) => id !== actor.userId);
      if (other === undefined) throw notFound('User');
      if (userId !== undefined && userId !== other) throw notFound('User');
      return other;
    }
    if (userId === undefined) {
      throw invalidInput('userId', 'required outside direct chats');
    }
    if (!(await this.deps.access.role(chat, userId))) throw notFound('User');
    return userId;
  }

  /**
   * Blocks or unblocks a user. Repeating it changes nothing. A closed account can be unblocked, because it is
   * still in the list of blocked users.
   *
   * @throws {AppError} NOT_FOUND for an unknown user, VALIDATION for oneself.
   */
  async setBlocked(actor: Actor, userId: string, blocked: boolean): Promise<void> {
    if (userId === actor.userId) {
      throw invalidInput('userId', 'somebody else than yourself');
    }
    const { directory } = this.deps;
    const card = await directory.card(userId);
    if (!card || (card.isDeactivated && blocked)) throw notFound('User');
    await this.deps.accessChanges.post([
      { kind: 'block', userId: actor.userId },
      { kind: 'block', userId },
    ]);
    const hasChanged = blocked
      ? await this.deps.blocks.insert(actor.userId, userId)
      : await this.deps.blocks.remove(actor.userId, userId);
    if (!hasChanged) return;
    this.deps.bus.emit(
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
    const rows = await this.deps.blocks.setBy(actor.userId);
    const cards = await this.deps.directory.cards(rows.map(({ blockedId }) => blockedId));
    return rows.flatMap(({ blockedId, createdAt }) => {
      const card = cards.get(blockedId);
      return card ? [{ card, blockedAt: createdAt }] : [];
    });
  }
}
