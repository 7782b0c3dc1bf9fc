import type { Actor } from '../../shared/actor.js';
import { AppError, forbidden, notFound } from '../../shared/errors.js';
import type { ChatAccess, ChatSnapshot } from './chat-access.js';
import type { Contacts } from './contacts.js';
import type { GroupOwnership } from './group-ownership.js';
import type { ChatRole } from './chats.policy.js';

/** Looks up what the rules of groups and rooms need. */
export class GroupAccess {
  constructor(
    private readonly deps: {
      access: ChatAccess;
      ownership: GroupOwnership;
      contacts: Contacts;
      directory: { exists(userId: string): Promise<boolean> };
    },
  ) {}

  /**
   * The actor's role in a chat. Admins of the system have one in every room, joined or not. A group that a
   * crash has left without an owner gets one before anybody is refused for want of the role.
   *
   * @throws {AppError} NOT_FOUND for everybody else who is not a member.
   */
  async chatRole(actor: Actor, chatId: string): Promise<ChatRole & { chat: ChatSnapshot }> {
    const { access, ownership } = this.deps;
    let { chat, role } = await access.reader(actor.userId, chatId);
    if (chat.kind === 'group' && role !== 'owner' && !hasOwner(chat)) {
      await ownership.ensure(chatId);
      ({ chat, role } = await access.reader(actor.userId, chatId));
    }
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
    const { blocked, missing, strangers } = await this.obstacles(actor, userIds);
    if (missing.size > 0) throw notFound('User');
    if (blocked.size > 0) {
      throw new AppError(
        'BLOCKED',
        'You cannot add somebody whom you have blocked, or who has you',
      );
    }
    if (strangers.size > 0) {
      throw forbidden('You can add people you have a chat with; send others an invite');
    }
  }

  /** Those of the users whom {@link assertCanAdd} lets the actor add. */
  async addable(actor: Actor, userIds: string[]): Promise<string[]> {
    const { blocked, missing, strangers } = await this.obstacles(actor, userIds);
    return userIds.filter((id) => !blocked.has(id) && !missing.has(id) && !strangers.has(id));
  }

  private async obstacles(actor: Actor, userIds: string[]) {
    const { contacts, directory } = this.deps;
    const among = (ids: Iterable<string>) => new Set(ids);
    if (userIds.length === 0)
      return { blocked: among([]), missing: among([]), strangers: among([]) };
    const [known, blockers, existing] = await Promise.all([
      contacts.of(actor.userId),
      contacts.blockedWith(actor.userId),
      Promise.all(userIds.map((id) => directory.exists(id))),
    ]);
    return {
      missing: among(userIds.filter((_, index) => !existing[index])),
      blocked: among(userIds.filter((id) => blockers.has(id))),
      strangers: among(actor.role === 'admin' ? [] : userIds.filter((id) => !known.has(id))),
    };
  }
}

/** Whether one is known of: of large chats it is not. */
const hasOwner = ({ members }: ChatSnapshot): boolean =>
  members !== undefined && [...members.values()].includes('owner');
