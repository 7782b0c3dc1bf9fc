import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import { audiences } from '../../shared/audience.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { ChatAccess } from './chat-access.js';
import type { OwnerLoss, PendingOwnerLoss } from './chat.model.js';
import type { ChatEvents } from './chats.events.js';
import type { ChatsRepository } from './chats.repository.js';
import { lastOwner } from './chats.policy.js';
import type { MemberRolesRepository } from './member-roles.repository.js';
import type { MembershipRecord } from './memberships.repository.js';

/** An owner who is to cease to be one. */
interface Loss {
  chatId: string;
  userId: string;
  /** Who wants it. */
  actorId: string;
  /** What the owner becomes; null when the membership ends. */
  role: PendingOwnerLoss['role'];
}

/** How long a decided loss may wait to be carried out, in milliseconds; no operation takes as long. */
const OVERDUE_MS = 60_000;
/** Attempts to be next before giving up: so many owners do not lose their role at once. */
const MAX_ATTEMPTS = 100;

/**
 * Sees to it that a group keeps an owner, whoever takes the role from whom at the same moment on whatever
 * node. The role in a membership is the only record of who is an owner. Anybody becomes one by one write to
 * their membership; only losses are decided here, one after the other.
 *
 * A loss is decided by one write to the chat, which fails when another has been decided since the other owners
 * were read. What is decided is carried out by the next caller on any node, so that nobody waits for a server
 * that has stopped; a loss that nobody has carried out within a minute is dropped. The membership keeps
 * the number of its last loss, and a new membership is another document: a loss that is carried out late
 * changes nothing.
 */
export class GroupOwnership {
  constructor(
    private readonly deps: {
      chats: ChatsRepository;
      roles: MemberRolesRepository;
      access: ChatAccess;
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
  async lose(loss: Loss): Promise<boolean> {
    const { chats, roles } = this.deps;
    const { chatId, userId, role } = loss;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const { pending, revision } = await chats.ownerLoss(chatId);
      if (pending) {
        if (this.isOverdue(pending)) await chats.settleOwnerLoss(chatId, revision);
        else await this.carryOut(chatId, { pending, revision });
        continue;
      }
      const owner = await roles.findOwner(chatId, userId);
      if (!owner) return false;
      await this.requireSuccessor(owner, role === null);
      const decided = {
        revision: revision + 1,
        pending: {
          membershipId: owner._id,
          userId: owner.userId,
          actorId: objectId(loss.actorId),
          role,
          decidedAt: new Date(this.deps.clock.now()),
        },
      };
      if (!(await chats.decideOwnerLoss(chatId, revision, decided))) continue;
      await this.carryOut(chatId, decided);
      return true;
    }
    throw new AppError('UNAVAILABLE', 'Too many owners change at once; try again', {
      retryAfter: 1,
    });
  }

  /**
   * Makes the longest-standing admin, or else member, the owner of a group that has none: one whose last
   * member left while somebody came. Rooms may be without owners.
   */
  async ensure(chatId: string): Promise<void> {
    const { access, bus, roles } = this.deps;
    const chat = await access.snapshot(chatId);
    if (chat?.kind !== 'group') return;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      if (await roles.hasOwner(chatId)) return;
      const heir = await roles.longestStanding(chatId);
      if (!heir) return;
      if (!(await roles.promote(heir._id))) continue;
      const userId = heir.userId.toHexString();
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
      return;
    }
  }

  /** Whoever is alone may go; whoever stays may not cease to be the only owner. */
  private async requireSuccessor(owner: MembershipRecord, isLeaving: boolean): Promise<void> {
    const { roles } = this.deps;
    if (await roles.hasOtherOwner(owner)) return;
    if (!isLeaving || (await roles.hasOthers(owner))) throw lastOwner();
  }

  /** Several may do it at once; the one whose write did it publishes it. */
  private async carryOut(chatId: string, { revision, pending }: OwnerLoss): Promise<void> {
    if (!pending) return;
    const { accessChanges, bus, chats, roles } = this.deps;
    const { membershipId, role } = pending;
    const userId = pending.userId.toHexString();
    const ids = { chatId, actorId: pending.actorId.toHexString() };
    if (role === null) {
      await accessChanges.post([{ kind: 'member', userId, chatId }]);
      if (await roles.removeById(membershipId)) {
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
    await chats.settleOwnerLoss(chatId, revision);
  }

  /** Whoever asked for it was told of an error, and has gone on since: it must not hit them later. */
  private isOverdue({ decidedAt }: PendingOwnerLoss): boolean {
    return decidedAt.getTime() < this.deps.clock.now() - OVERDUE_MS;
  }
}
