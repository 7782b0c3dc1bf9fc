import type { Actor } from '../../shared/actor.js';
import type { ChatAccess } from './chat-access.js';
import type { ChatsRepository } from './chats.repository.js';
import type { ChatRole } from './chats.policy.js';
import type { GroupAccess } from './group-access.js';
import type { GroupOwnership } from './group-ownership.js';
import type { MembershipChanges } from './members.js';
import type { MemberRole } from './membership.model.js';

/** What sanctions in a chat need of the chat. */
export class ChatEnforcement {
  constructor(
    private readonly deps: {
      chats: Pick<ChatsRepository, 'markSanctioned'>;
      access: ChatAccess;
      groupAccess: GroupAccess;
      changes: MembershipChanges;
      ownership: GroupOwnership;
    },
  ) {}

  /**
   * The actor's role in a chat, and somebody else's: `member` for somebody who is not in it.
   *
   * @throws {AppError} NOT_FOUND when the actor may not know of the chat.
   */
  async roles(
    actor: Actor,
    chatId: string,
    userId: string,
  ): Promise<{ chatRole: ChatRole; target: MemberRole }> {
    const chatRole = await this.deps.groupAccess.chatRole(actor, chatId);
    const target = await this.deps.access.role(chatRole.chat, userId);
    return { chatRole, target: target ?? 'member' };
  }

  /** The actor's role in a chat. */
  async role(actor: Actor, chatId: string): Promise<ChatRole> {
    return this.deps.groupAccess.chatRole(actor, chatId);
  }

  /** Stores that the chat has sanctions, so that they are looked up there. Call it before the first is stored. */
  async prepare(chatId: string): Promise<void> {
    await this.deps.chats.markSanctioned(chatId);
  }

  /** Ends a membership, if there is one. A group that has lost its last owner gets another. */
  async expel(chatId: string, userId: string, actorId: string): Promise<void> {
    const { access, changes, ownership } = this.deps;
    await changes.remove(chatId, userId, actorId, true);
    if ((await access.snapshot(chatId))?.kind === 'group') await ownership.ensure(chatId);
  }
}
