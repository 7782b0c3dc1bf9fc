import { trusted } from 'mongoose';
import type { Types } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import { audiences } from '../../shared/audience.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { AccessModels, ChatEvents, MemberRole } from './index.js';
import { NEW_MEMBERSHIP } from './index.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { GroupOwnership } from './group-ownership.js';

/** What the roster is built from. */
export interface RosterParts {
  models: AccessModels;
  owners: GroupOwnership;
  bus: Publisher<ChatEvents>;
  accessChanges: AccessChangePoster;
  clock: Clock;
  /** Number of the chat's newest message: where a new member's unread messages begin. */
  newestSeq(chatId: string): Promise<number>;
}

/**
 * Writes who is in a group or room, and in which role, and tells. It asks nobody: the use cases have
 * checked the right to do it.
 */
export class MembershipChanges {
  constructor(private readonly parts: RosterParts) {}

  /**
   * Adds users who are not members yet; answers who these were. New members start with nothing unread.
   *
   * @param stillWanted asked once the memberships are written: they end again for those who are not.
   */
  async add(
    chatId: string,
    userIds: string[],
    actorId: string,
    role: MemberRole = 'member',
    stillWanted: (userIds: string[]) => Promise<string[]> = (ids) => Promise.resolve(ids),
  ): Promise<string[]> {
    const { bus, models, newestSeq, accessChanges, owners } = this.parts;
    const seq = await newestSeq(chatId);
    await accessChanges.post(userIds.map((userId) => ({ kind: 'member', userId, chatId })));
    const rows = await Promise.all(
      userIds.map(
        async (userId) => [userId, await this.insert(chatId, userId, role, seq)] as const,
      ),
    );
    const inserted = new Map(rows.flatMap(([userId, id]) => (id ? [[userId, id] as const] : [])));
    if (inserted.size === 0) return [];
    const added = await stillWanted([...inserted.keys()]);
    for (const userId of added) inserted.delete(userId);
    if (inserted.size > 0) {
      await models.memberships.deleteMany({ _id: trusted({ $in: [...inserted.values()] }) });
    }
    if (added.length > 0)
      bus.emit(
        'members.added',
        { chatId, userIds: added, actorId, audience: audiences.chat(chatId) },
        { scope: 'cluster' },
      );
    await owners.ensure(chatId);
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
    const { bus, models, accessChanges, owners } = this.parts;
    const key = { chatId: objectId(chatId), userId: objectId(userId) };
    await accessChanges.post([{ kind: 'member', userId, chatId }]);
    await models.chats.updateOne(
      { _id: key.chatId, 'making.memberIds': key.userId },
      { $pull: { 'making.memberIds': key.userId } },
    );
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const { deletedCount } = await models.memberships.deleteOne({
        ...key,
        ...(!mayOrphan && noOwner()),
      });
      if (deletedCount === 1) {
        bus.emit(
          'members.removed',
          { chatId, userIds: [userId], actorId, audience: audiences.chatAnd(chatId, [userId]) },
          { scope: 'cluster' },
        );
        return true;
      }
      if (mayOrphan || !(await models.memberships.exists(key))) return false;
      if (await owners.lose({ chatId, userId, actorId, role: null })) {
        // Somebody may have come while the last one went.
        await owners.ensure(chatId);
        return true;
      }
    }
    throw busy();
  }

  /**
   * Gives a member a role; answers whether it is another one than before.
   *
   * @throws {AppError} NOT_FOUND when the user is not a member (any more), LAST_OWNER when the only owner
   *   would cease to be one.
   */
  async setRole(
    chatId: string,
    userId: string,
    role: MemberRole,
    actorId: string,
  ): Promise<boolean> {
    const { memberships } = this.parts.models;
    const key = { chatId: objectId(chatId), userId: objectId(userId) };
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const { matchedCount, modifiedCount } = await memberships.updateOne(
        { ...key, ...(role !== 'owner' && noOwner()) },
        { $set: { role } },
      );
      if (modifiedCount === 1) {
        this.parts.bus.emit(
          'member.role_changed',
          { chatId, userId, role, actorId, audience: audiences.chat(chatId) },
          { scope: 'cluster' },
        );
      }
      if (matchedCount === 1) return modifiedCount === 1;
      if (role === 'owner' || !(await memberships.exists(key))) throw notFound('Member');
      if (await this.parts.owners.lose({ chatId, userId, actorId, role })) return true;
    }
    throw busy();
  }

  /** The id of the new membership; undefined when there was one. */
  private async insert(
    chatId: string,
    userId: string,
    role: MemberRole,
    seq: number,
  ): Promise<Types.ObjectId | undefined> {
    const key = { chatId: objectId(chatId), userId: objectId(userId) };
    try {
      const { upsertedId } = await this.parts.models.memberships.updateOne(
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
      return upsertedId ?? undefined;
    } catch (error) {
      // The same user was added twice at the same moment; the other call tells of it.
      if (isDuplicateKey(error)) return undefined;
      throw error;
    }
  }
}

/** Attempts of a change to a member whose role others change all the time. */
const MAX_ATTEMPTS = 20;

/** An owner's role and membership are taken by {@link GroupOwnership} alone. */
const noOwner = () => ({ role: trusted({ $ne: 'owner' as const }) });

const busy = (): AppError =>
  new AppError('UNAVAILABLE', 'This member is being changed; try again', { retryAfter: 1 });
