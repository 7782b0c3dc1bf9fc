import { trusted } from 'mongoose';
import type { Types } from 'mongoose';
import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import { audiences } from '../../shared/audience.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type {
  AccessModels,
  ChatAccess,
  ChatEvents,
  MembershipDoc,
  OwnerLoss,
  PendingOwnerLoss,
} from './index.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import { lastOwner } from './groups.policy.js';

/** What the guard of owners is built from. */
export interface OwnersParts {
  models: AccessModels;
  access: ChatAccess;
  bus: Publisher<ChatEvents>;
  accessChanges: AccessChangePoster;
  clock: Clock;
}

/** An owner who is to cease to be one. */
export interface Loss {
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
 * their membership; only losses go through here, one after the other.
 *
 * A loss is decided by one write to the chat, which fails when another has been decided since the look at
 * who else is an owner. What is decided is carried out by whoever comes by first, so that nobody waits for a
 * server that has stopped; what nobody has come by for within a minute is dropped. The membership remembers the number of its last loss, and a new membership is
 * another document: a loss that is carried out late changes nothing.
 */
export class GroupOwnership {
  constructor(private readonly parts: OwnersParts) {}

  /**
   * Ends an owner's membership, or gives the owner another role, and tells.
   *
   * @returns false when the user is not an owner, and nothing was done.
   * @throws {AppError} LAST_OWNER; UNAVAILABLE when too many try.
   */
  async lose(loss: Loss): Promise<boolean> {
    const { chats, memberships } = this.parts.models;
    const chatId = objectId(loss.chatId);
    const userId = objectId(loss.userId);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const { pending, revision } = await this.read(chatId);
      if (pending) {
        if (this.isOverdue(pending)) await this.settle(chatId, revision);
        else await this.carryOut(chatId, { pending, revision });
        continue;
      }
      const owner = await memberships.findOne({ chatId, userId, role: 'owner' }).lean();
      if (!owner) return false;
      await this.requireSuccessor(owner, loss.role === null);
      const decided = {
        revision: revision + 1,
        pending: {
          membershipId: owner._id,
          userId,
          actorId: objectId(loss.actorId),
          role: loss.role,
          decidedAt: new Date(this.parts.clock.now()),
        },
      };
      const { modifiedCount } = await chats.updateOne(
        {
          _id: chatId,
          'ownerLoss.revision': revision === 0 ? null : revision,
          'ownerLoss.pending': null,
        },
        { $set: { ownerLoss: decided } },
      );
      if (modifiedCount === 0) continue;
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
    const chat = await this.parts.access.snapshot(chatId);
    if (chat?.kind !== 'group') return;
    const { memberships } = this.parts.models;
    const ofChat = { chatId: objectId(chatId) };
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      if (await memberships.exists({ ...ofChat, role: 'owner' })) return;
      const first = { joinedAt: 1, _id: 1 } as const;
      const heir =
        (await memberships
          .findOne({ ...ofChat, role: 'admin' })
          .sort(first)
          .lean()) ?? (await memberships.findOne(ofChat).sort(first).lean());
      if (!heir) return;
      const { modifiedCount } = await memberships.updateOne(
        { _id: heir._id, role: trusted({ $ne: 'owner' as const }) },
        { $set: { role: 'owner' } },
      );
      if (modifiedCount === 0) continue;
      const userId = heir.userId.toHexString();
      this.parts.bus.emit(
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

  private async read(chatId: Types.ObjectId): Promise<OwnerLoss> {
    const chat = await this.parts.models.chats.findById(chatId, { ownerLoss: 1 }).lean();
    return chat?.ownerLoss ?? { revision: 0, pending: null };
  }

  /** Whoever is alone may go; whoever stays may not cease to be the only owner. */
  private async requireSuccessor(owner: MembershipDoc, isLeaving: boolean): Promise<void> {
    const { memberships } = this.parts.models;
    const others = { chatId: owner.chatId, userId: trusted({ $ne: owner.userId }) };
    if (await memberships.exists({ ...others, role: 'owner' })) return;
    if (!isLeaving || (await memberships.exists(others))) throw lastOwner();
  }

  /** Done by several at once, it is told by the one whose write did it. */
  private async carryOut(chatId: Types.ObjectId, { revision, pending }: OwnerLoss): Promise<void> {
    if (!pending) return;
    const { bus, models, accessChanges } = this.parts;
    const userId = pending.userId.toHexString();
    const ids = { chatId: chatId.toHexString(), actorId: pending.actorId.toHexString() };
    if (pending.role === null) {
      await accessChanges.post([{ kind: 'member', userId, chatId: ids.chatId }]);
      const { deletedCount } = await models.memberships.deleteOne({ _id: pending.membershipId });
      if (deletedCount === 1)
        bus.emit(
          'members.removed',
          { ...ids, userIds: [userId], audience: audiences.chatAnd(ids.chatId, [userId]) },
          { scope: 'cluster' },
        );
    } else {
      const { modifiedCount } = await models.memberships.updateOne(
        { _id: pending.membershipId, lossNumber: trusted({ $not: { $gte: revision } }) },
        { $set: { role: pending.role, lossNumber: revision } },
      );
      if (modifiedCount === 1) {
        bus.emit(
          'member.role_changed',
          { ...ids, userId, role: pending.role, audience: audiences.chat(ids.chatId) },
          { scope: 'cluster' },
        );
      }
    }
    await this.settle(chatId, revision);
  }

  /** Whoever asked for it was told of an error, and has gone on since: it must not hit them later. */
  private isOverdue({ decidedAt }: PendingOwnerLoss): boolean {
    return decidedAt.getTime() < this.parts.clock.now() - OVERDUE_MS;
  }

  private async settle(chatId: Types.ObjectId, revision: number): Promise<void> {
    await this.parts.models.chats.updateOne(
      { _id: chatId, 'ownerLoss.revision': revision },
      { $set: { 'ownerLoss.pending': null } },
    );
  }
}
