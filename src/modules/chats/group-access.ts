import type { Config } from '../../config/index.js';
import type { Actor } from '../../shared/actor.js';
import { isSystem } from '../../shared/actor.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { UserCard } from '../users/index.js';
import type { ChatAccess, ChatSnapshot } from './chat-access.js';
import type { Contacts } from './contacts.js';
import type { GroupOwnership } from './group-ownership.js';
import type { ChatRole } from './chats.policy.js';
import type { MemberRole } from './membership.model.js';

/** Looks up the roles and contacts that the rules of groups and rooms need. */
export class GroupAccess {
  constructor(
    private readonly deps: {
      access: ChatAccess;
      ownership: GroupOwnership;
      contacts: Contacts;
      directory: {
        exists(userId: string): Promise<boolean>;
        cards(userIds: string[]): Promise<Map<string, UserCard>>;
      };
      /** `GROUP_ADDING`: who may be added without being asked. */
      groupAdding: Config['groupAdding'];
    },
  ) {}

  /**
   * The actor's role in a chat. Admins of the system have one in every room, joined or not, and the system itself
   * that of an owner in every chat. A group left
   * without an owner, by a crash or by closed accounts, gets one before anybody is refused because the role
   * is missing.
   *
   * @throws {AppError} NOT_FOUND for everybody else who is not a member.
   */
  async chatRole(actor: Actor, chatId: string): Promise<ChatRole & { chat: ChatSnapshot }> {
    const { access, ownership } = this.deps;
    if (isSystem(actor)) {
      const grant = await access.system(chatId);
      return { actor, role: grant.role, kind: grant.chat.kind, chat: grant.chat };
    }
    let { chat, role } = await this.readerOf(actor, chatId);
    if (chat.kind === 'group' && role !== 'owner' && !(await this.hasOwner(chat))) {
      await ownership.ensure(chatId);
      ({ chat, role } = await access.reader(actor.userId, chatId));
    }
    if (!role && actor.role !== 'admin') throw notFound('Chat');
    return { actor, role, kind: chat.kind, chat };
  }

  /**
   * Which of these users the actor may add to a group without asking them: those who have agreed to be in
   * touch with the actor. Admins of the system may add everybody, as everybody may where
   * `GROUP_ADDING=everyone`. A server key decides for its users: it adds everybody, blocks or not. The others can only be invited, so that strangers cannot add anybody to a group
   * and show them to its members.
   *
   * @throws {AppError} NOT_FOUND for an unknown user, BLOCKED.
   */
  async sortOut(actor: Actor, userIds: string[]): Promise<{ addable: string[]; others: string[] }> {
    const { blocked, missing, strangers } = await this.obstacles(actor, userIds);
    if (missing.size > 0) throw notFound('User');
    if (blocked.size > 0) {
      throw new AppError(
        'BLOCKED',
        'You cannot add somebody whom you have blocked, or who has you',
      );
    }
    return {
      addable: userIds.filter((id) => !strangers.has(id)),
      others: userIds.filter((id) => strangers.has(id)),
    };
  }

  /** Those of the users whom {@link sortOut} lets the actor add. */
  async addable(actor: Actor, userIds: string[]): Promise<string[]> {
    const { blocked, missing, strangers } = await this.obstacles(actor, userIds);
    return userIds.filter((id) => !blocked.has(id) && !missing.has(id) && !strangers.has(id));
  }

  /** Those of the users whom {@link sortOut} lets the actor invite only. */
  async invitable(actor: Actor, userIds: string[]): Promise<string[]> {
    const { blocked, missing, strangers } = await this.obstacles(actor, userIds);
    return userIds.filter((id) => strangers.has(id) && !blocked.has(id) && !missing.has(id));
  }

  /** Rooms belong to the admins of the system, who need not be in them, closed or not. */
  private async readerOf(
    actor: Actor,
    chatId: string,
  ): Promise<{ chat: ChatSnapshot; role: MemberRole | undefined }> {
    const { access } = this.deps;
    const chat = actor.role === 'admin' ? await access.snapshot(chatId) : undefined;
    return chat?.kind === 'room'
      ? { chat, role: await access.role(chat, actor.userId) }
      : access.reader(actor.userId, chatId);
  }

  /** Whether an owner with an open account is known; false for large chats, whose members are not loaded. */
  private async hasOwner({ members }: ChatSnapshot): Promise<boolean> {
    const owners = [...(members ?? [])].flatMap(([id, role]) => (role === 'owner' ? [id] : []));
    const cards = await this.deps.directory.cards(owners);
    return [...cards.values()].some(({ isDeactivated }) => !isDeactivated);
  }

  private async obstacles(actor: Actor, userIds: string[]) {
    const { contacts, directory, groupAdding } = this.deps;
    const mayAddAll =
      actor.role === 'admin' || actor.server !== undefined || groupAdding === 'everyone';
    const among = (ids: Iterable<string>) => new Set(ids);
    if (userIds.length === 0)
      return { blocked: among([]), missing: among([]), strangers: among([]) };
    const [agreed, blockers, existing] = await Promise.all([
      contacts.agreedAmong(actor.userId, userIds),
      actor.server ? new Set<string>() : contacts.blockedWith(actor.userId),
      Promise.all(userIds.map((id) => directory.exists(id))),
    ]);
    return {
      missing: among(userIds.filter((_, index) => !existing[index])),
      blocked: among(userIds.filter((id) => blockers.has(id))),
      strangers: among(mayAddAll ? [] : userIds.filter((id) => !agreed.has(id))),
    };
  }
}
