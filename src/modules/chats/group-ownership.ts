import { loseInTurn } from '../../platform/at-least-one.js';
import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import { audiences } from '../../shared/audience.js';
import type { Clock } from '../../shared/clock.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { ChatAccess } from './chat-access.js';
import type { PendingOwnerLoss } from './chat.model.js';
import type { ChatEvents } from './chats.events.js';
import type { ChatsRepository } from './chats.repository.js';
import { lastOwner } from './chats.policy.js';
import type { MemberRolesRepository } from './member-roles.repository.js';
import type { MembershipRecord } from './memberships.repository.js';

/** An owner who is about to lose the role. */
interface Loss {
  chatId: string;
  userId: string;
  /** Who asks for it. */
  actorId: string;
  /** What the owner becomes; null when the membership ends. */
  role: PendingOwnerLoss['role'];
}

/** How many heirs may leave before they become owners: more do not leave at once. */
const MAX_ATTEMPTS = 100;

/** Looks up whose accounts are open. */
export interface OpenAccounts {
  /** Those of the users whose accounts are open, as the database has it now. */
  openAmong(userIds: string[]): Promise<Set<string>>;
}

/**
 * Ensures that a group keeps an owner whose account is open, also when owners lose the role at the same
 * moment on several nodes. The role in a membership is the only record of who is an owner. One write to the
 * membership gives the role; only losses are decided here, one after the other, by one write to the chat. The
 * membership keeps the number of its last loss, and a new membership is another document. A user who closes
 * their account keeps the role, beside the heir, and has it again when the account is reopened.
 */
export class GroupOwnership {
  constructor(
    private readonly deps: {
      chats: ChatsRepository;
      roles: MemberRolesRepository;
      access: ChatAccess;
      accounts: OpenAccounts;
      bus: Publisher<ChatEvents>;
      accessChanges: AccessChangePoster;
      clock: Clock;
    },
  ) {}

  /**
   * Ends an owner's membership, or gives the owner another role, and publishes it.
   *
   * @returns false when the user is not an owner, and nothing was done.
   * @throws {AppError} LAST_OWNER; UNAVAILABLE when too many try.
   */
  lose({ actorId, chatId, role, userId }: Loss): Promise<boolean> {
    const { chats, clock, roles } = this.deps;
    return loseInTurn<PendingOwnerLoss>({
      read: () => chats.ownerLoss(chatId),
      propose: async () => {
        const owner = await roles.findOwner(chatId, userId);
        if (!owner) return undefined;
        await this.requireSuccessor(owner, role === null);
        return {
          membershipId: owner._id,
          userId: owner.userId,
          actorId: objectId(actorId),
          role,
          decidedAt: new Date(clock.now()),
        };
      },
      decide: (revision, pending) =>
        chats.decideOwnerLoss(chatId, revision, { revision: revision + 1, pending }),
      carryOut: (loss, revision) => this.carryOut(chatId, loss, revision),
      drop: ({ membershipId }, revision) => roles.skipLoss(membershipId, revision),
      settle: (revision) => chats.settleOwnerLoss(chatId, revision),
      now: () => clock.now(),
      refusal: 'Too many owners change at once; try again',
    });
  }

  /**
   * Makes the longest-standing admin, or else member, the owner of a group that has none: somebody joined
   * while the last member left. Rooms may be without owners.
   */
  async ensure(chatId: string): Promise<void> {
    const { access, accessChanges, bus, roles } = this.deps;
    const chat = await access.snapshot(chatId);
    if (chat?.kind !== 'group') return;
    // Once more after each promotion: the heir may have closed the account, or left, meanwhile.
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      if (await this.hasOpen(await roles.ownerIds(chatId))) return;
      const heir = await this.heirOf(chatId);
      if (!heir) return;
      const userId = heir.userId.toHexString();
      await accessChanges.post([{ kind: 'member', userId, chatId }]);
      if (!(await roles.promote(heir._id))) continue;
      bus.emit(
        'member.role_changed',
        {
          chatId,
          userId,
          role: 'owner',
          actorId: userId,
          audience: audiences.chat(chatId),
        },
        { scope: 'cluster' },
      );
    }
  }

  /** Gives an owner to each group that has none left after a user's account was closed. */
  async ensureAfter(userId: string): Promise<void> {
    for (const chatId of await this.deps.roles.chatIdsOwnedBy(userId)) await this.ensure(chatId);
  }

  /** Who inherits a group: its longest-standing admin, or else moderator, or else member, whose account is open. */
  private async heirOf(chatId: string): Promise<Pick<MembershipRecord, '_id' | 'userId'> | null> {
    const { accounts, roles } = this.deps;
    for (const role of ['admin', 'moderator', 'member'] as const) {
      for await (const members of roles.bySeniority(chatId, role)) {
        const open = await accounts.openAmong(members.map(({ userId }) => userId.toHexString()));
        const heir = members.find(({ userId }) => open.has(userId.toHexString()));
        if (heir) return heir;
      }
    }
    return null;
  }

  private async hasOpen(userIds: string[]): Promise<boolean> {
    return userIds.length > 0 && (await this.deps.accounts.openAmong(userIds)).size > 0;
  }

  /**
   * A sole member may leave; the only owner may not give up the role and stay. Closed accounts do not count.
   */
  private async requireSuccessor(owner: MembershipRecord, isLeaving: boolean): Promise<void> {
    const chatId = owner.chatId.toHexString();
    const others = (await this.deps.roles.ownerIds(chatId)).filter(
      (userId) => userId !== owner.userId.toHexString(),
    );
    if (await this.hasOpen(others)) return;
    if (!isLeaving || (await this.heirOf(chatId))) throw lastOwner();
  }

  /** Several calls may run at once; the one whose write succeeded publishes the event. */
  private async carryOut(chatId: string, loss: PendingOwnerLoss, revision: number): Promise<void> {
    const { accessChanges, bus, roles } = this.deps;
    const { membershipId, role } = loss;
    const userId = loss.userId.toHexString();
    const ids = { chatId, actorId: loss.actorId.toHexString() };
    await accessChanges.post([{ kind: 'member', userId, chatId }]);
    if (role === null) {
      if (await roles.removeById(membershipId, revision)) {
        bus.emit(
          'members.removed',
          { ...ids, userIds: [userId], audience: audiences.chatAnd(chatId, [userId]) },
          { scope: 'cluster' },
        );
      }
    } else if (await roles.demote(membershipId, role, revision)) {
      bus.emit(
        'member.role_changed',
        { ...ids, userId, role, audience: audiences.chat(chatId) },
        { scope: 'cluster' },
      );
    }
  }
}
