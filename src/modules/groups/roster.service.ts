import { trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import type { Clock } from '../../shared/clock.js';
import type { AccessModels, ChatEvents, MemberRole } from '../chats/index.js';
import { NEW_MEMBERSHIP } from '../chats/index.js';
import type { NoticePoster } from '../notices/index.js';
import { lastOwner } from './groups.policy.js';

/** What the roster is built from. */
export interface RosterParts {
  models: AccessModels;
  bus: Publisher<ChatEvents>;
  notices: NoticePoster;
  clock: Clock;
  /** Number of the chat's newest message: where a new member's unread messages begin. */
  newestSeq(chatId: string): Promise<number>;
}

/**
 * Writes who is in a group or room, and in which role, and tells. It asks nobody: the use cases have
 * checked the right to do it.
 */
export class Roster {
  constructor(private readonly parts: RosterParts) {}

  /** Adds users who are not members yet; answers who these were. New members start with nothing unread. */
  async add(
    chatId: string,
    userIds: string[],
    actorId: string,
    role: MemberRole = 'member',
  ): Promise<string[]> {
    const seq = await this.parts.newestSeq(chatId);
    await this.parts.notices.post(userIds.map((userId) => ({ kind: 'member', userId, chatId })));
    const isNew = await Promise.all(
      userIds.map((userId) => this.insert(chatId, userId, role, seq)),
    );
    const added = userIds.filter((_, index) => isNew[index]);
    if (added.length > 0) {
      this.parts.bus.publish('members.added', { chatId, userIds: added, actorId });
    }
    return added;
  }

  /**
   * Removes a member; answers whether the user was one.
   *
   * @param mayOrphan whether the last owner may go although others stay, as from a public room.
   * @throws {AppError} LAST_OWNER.
   */
  async remove(
    chatId: string,
    userId: string,
    actorId: string,
    mayOrphan: boolean,
  ): Promise<boolean> {
    await this.releaseOwnership(chatId, userId, mayOrphan);
    await this.parts.notices.post([{ kind: 'member', userId, chatId }]);
    const { deletedCount } = await this.parts.models.memberships.deleteOne({
      chatId: objectId(chatId),
      userId: objectId(userId),
    });
    if (deletedCount === 0) return false;
    this.parts.bus.publish('members.removed', { chatId, userIds: [userId], actorId });
    return true;
  }

  /**
   * Gives a member a role; answers whether it is another one than before.
   *
   * @throws {AppError} LAST_OWNER when the only owner would cease to be one.
   */
  async setRole(
    chatId: string,
    userId: string,
    role: MemberRole,
    actorId: string,
  ): Promise<boolean> {
    const { chats, memberships } = this.parts.models;
    if (role !== 'owner') await this.releaseOwnership(chatId, userId, false);
    const { modifiedCount } = await memberships.updateOne(
      { chatId: objectId(chatId), userId: objectId(userId) },
      { $set: { role } },
    );
    if (role === 'owner') {
      await chats.updateOne({ _id: objectId(chatId) }, { $addToSet: { owners: objectId(userId) } });
    }
    if (modifiedCount === 0) return false;
    this.parts.bus.publish('member.role_changed', { chatId, userId, role, actorId });
    return true;
  }

  private async insert(
    chatId: string,
    userId: string,
    role: MemberRole,
    seq: number,
  ): Promise<boolean> {
    const key = { chatId: objectId(chatId), userId: objectId(userId) };
    try {
      const { upsertedCount } = await this.parts.models.memberships.updateOne(
        key,
        {
          $setOnInsert: {
            ...NEW_MEMBERSHIP,
            role,
            lastReadSeq: seq,
            lastDeliveredSeq: seq,
            joinedAt: new Date(this.parts.clock.now()),
          },
        },
        { upsert: true },
      );
      return upsertedCount === 1;
    } catch (error) {
      // The same user was added twice at the same moment; the other call tells of it.
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /** One atomic update, so that of two owners who leave at the same moment one stays. */
  private async releaseOwnership(
    chatId: string,
    userId: string,
    mayOrphan: boolean,
  ): Promise<void> {
    const { chats, memberships } = this.parts.models;
    const me = objectId(userId);
    const { matchedCount } = await chats.updateOne(
      {
        _id: objectId(chatId),
        owners: me,
        ...(!mayOrphan && { 'owners.1': trusted({ $exists: true }) }),
      },
      { $pull: { owners: me } },
    );
    if (matchedCount > 0) return;
    const isOwner = await chats.exists({ _id: objectId(chatId), owners: me });
    if (!isOwner) return;
    const other = await memberships.exists({
      chatId: objectId(chatId),
      userId: trusted({ $ne: me }),
    });
    if (other) throw lastOwner();
  }
}
