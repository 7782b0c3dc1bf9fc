import type { Actor } from '../../shared/actor.js';
import { AppError, forbidden, notFound } from '../../shared/errors.js';
import type { ChatAccess, ChatSnapshot, Contacts } from '../chats/index.js';
import type { Standing } from './groups.policy.js';

/** What group access is built from. */
export interface GroupAccessParts {
  access: ChatAccess;
  contacts: Contacts;
  users: { exists(userId: string): Promise<boolean> };
}

/** Looks up what the rules of groups and rooms need. */
export class GroupAccess {
  constructor(private readonly parts: GroupAccessParts) {}

  /**
   * Where the actor stands in a chat. Admins of the system stand in every room, joined or not.
   *
   * @throws {AppError} NOT_FOUND for everybody else who is not a member.
   */
  async standing(actor: Actor, chatId: string): Promise<Standing & { chat: ChatSnapshot }> {
    const { chat, role } = await this.parts.access.reader(actor.userId, chatId);
    if (!role && actor.role !== 'admin') throw notFound('Chat');
    return { actor, role, kind: chat.kind, chat };
  }

  /**
   * Checks that the actor may add these users without asking them: people who know each other may,
   * and admins of the system. Everybody else gets an invite, so that nobody is drawn into a group, and
   * shown to its members, by strangers.
   *
   * @throws {AppError} NOT_FOUND for an unknown user, BLOCKED, FORBIDDEN for a stranger.
   */
  async assertCanAdd(actor: Actor, userIds: string[]): Promise<void> {
    if (userIds.length === 0) return;
    const { contacts, users } = this.parts;
    const [known, blocked, existing] = await Promise.all([
      contacts.of(actor.userId),
      contacts.blockedWith(actor.userId),
      Promise.all(userIds.map((id) => users.exists(id))),
    ]);
    if (existing.includes(false)) throw notFound('User');
    if (userIds.some((id) => blocked.has(id))) {
      throw new AppError(
        'BLOCKED',
        'You cannot add somebody whom you have blocked, or who has you',
      );
    }
    if (actor.role !== 'admin' && userIds.some((id) => !known.has(id))) {
      throw forbidden('You can add people you have a chat with; send others an invite');
    }
  }
}
