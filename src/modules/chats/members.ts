import type { Model, Types } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import { notFound } from '../../shared/errors.js';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import { PageEnds } from '../../shared/page-ends.js';
import { paginate } from '../../shared/pagination.js';
import type { ChatAccess, MemberRole, MembershipDoc } from './index.js';
import type { UserCard } from '../users/index.js';
import type { GroupAccess } from './group-access.js';
import {
  refusalToAppoint,
  refusalToLeave,
  refusalToManage,
  refusalToRemove,
} from './groups.policy.js';
import type { MembershipChanges } from './membership-changes.js';
import type { SystemNotes } from './system-notes.js';
import { memberLeft, memberRemoved, membersAdded, roleChanged } from './system-text.js';

/** What members are built from. */
export interface MembersParts {
  memberships: Model<MembershipDoc>;
  chatAccess: ChatAccess;
  access: GroupAccess;
  roster: MembershipChanges;
  reports: SystemNotes;
  directory: { cards(userIds: string[]): Promise<Map<string, UserCard>> };
}

/** Where a page of members ends. */
type Place = Pick<MembershipDoc, 'userId'>;

/** A member as the other members see them. */
export interface MemberView {
  card: UserCard;
  role: MemberRole;
  joinedAt: Date;
}

/**
 * Who is in a group or room, and what they may do there. A group's log says what happened; that of a
 * room does not, or a busy room's log would hold little else.
 */
export class Members {
  private readonly pages = new PageEnds<Types.ObjectId>();

  constructor(private readonly parts: MembersParts) {}

  /**
   * A page of the members, in no particular but a constant order. Admins of the system see those of every
   * room.
   *
   * @throws {AppError} NOT_FOUND for non-members.
   */
  async list(
    actor: Actor,
    chatId: string,
    page: PageQuery,
  ): Promise<{ members: MemberView[]; pagination: Pagination }> {
    const { access, directory, memberships } = this.parts;
    await access.chatRole(actor, chatId);
    const after = (userId: Types.ObjectId | undefined, count: number) =>
      memberships.collection
        .find<MembershipDoc>({
          chatId: objectId(chatId),
          ...(userId && { userId: { $gt: userId } }),
        })
        .sort({ userId: 1 })
        .limit(count);
    const [total, rows] = await Promise.all([
      memberships.countDocuments({ chatId: objectId(chatId) }),
      this.pages.read(
        chatId,
        page,
        async (userId, count) => {
          const passed = after(userId, count).project<Place>({ userId: 1, _id: 0 });
          return (await passed.toArray())[count - 1]?.userId;
        },
        (userId) => after(userId, page.limit).toArray(),
        ({ userId }) => userId,
      ),
    ]);
    const cards = await directory.cards(rows.map(({ userId }) => userId.toHexString()));
    const members = rows.flatMap(({ userId, role, joinedAt }) => {
      const card = cards.get(userId.toHexString());
      return card ? [{ card, role, joinedAt }] : [];
    });
    return { members, pagination: paginate(page, total) };
  }

  /**
   * Adds users; answers which of them were not members yet.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN, BLOCKED: see the policy and {@link GroupAccess}.
   */
  async add(actor: Actor, chatId: string, userIds: string[]): Promise<string[]> {
    const { access, reports, roster } = this.parts;
    const chatRole = await access.chatRole(actor, chatId);
    const refusal = refusalToManage(chatRole);
    if (refusal) throw refusal;
    const wanted = [...new Set(userIds)];
    await access.assertCanAdd(
      actor,
      wanted.filter((id) => id !== actor.userId),
    );
    const added = await roster.add(chatId, wanted, actor.userId);
    if (added.length > 0 && chatRole.kind === 'group') {
      await reports.post(actor, chatId, membersAdded, added);
    }
    return added;
  }

  /**
   * Removes a member; removing oneself is leaving.
   *
   * @throws {AppError} NOT_FOUND for non-members, FORBIDDEN, LAST_OWNER.
   */
  async remove(actor: Actor, chatId: string, userId: string): Promise<void> {
    if (userId === actor.userId) {
      await this.leave(actor, chatId);
      return;
    }
    const { access, chatAccess, reports, roster } = this.parts;
    const chatRole = await access.chatRole(actor, chatId);
    const target = await chatAccess.role(chatRole.chat, userId);
    const refusal = refusalToRemove(chatRole, target ?? 'member');
    if (refusal) throw refusal;
    if (!target || !(await roster.remove(chatId, userId, actor.userId, chatRole.kind === 'room'))) {
      throw notFound('Member');
    }
    if (chatRole.kind === 'group') {
      await reports.post(actor, chatId, (name, [user]) => memberRemoved(name, user!), [userId]);
    }
  }

  /**
   * Ends the actor's own membership.
   *
   * @throws {AppError} NOT_FOUND for non-members, FORBIDDEN in direct chats, LAST_OWNER while others
   *   stay in the group.
   */
  async leave(actor: Actor, chatId: string): Promise<void> {
    const { access, reports, roster } = this.parts;
    const chatRole = await access.chatRole(actor, chatId);
    const refusal = refusalToLeave(chatRole);
    if (refusal) throw refusal;
    const isRoom = chatRole.kind === 'room';
    if (!(await roster.remove(chatId, actor.userId, actor.userId, isRoom))) throw notFound('Chat');
    if (!isRoom) {
      await reports.post(actor, chatId, (_, [user]) => memberLeft(user!), [actor.userId]);
    }
  }

  /**
   * Makes a member an owner, an admin, or a plain member.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN for others than owners, LAST_OWNER.
   */
  async setRole(actor: Actor, chatId: string, userId: string, role: MemberRole): Promise<void> {
    const { access, chatAccess, reports, roster } = this.parts;
    const chatRole = await access.chatRole(actor, chatId);
    const refusal = refusalToAppoint(chatRole);
    if (refusal) throw refusal;
    if (!(await chatAccess.role(chatRole.chat, userId))) throw notFound('Member');
    const hasChanged = await roster.setRole(chatId, userId, role, actor.userId);
    if (hasChanged && chatRole.kind === 'group') {
      await reports.post(actor, chatId, (name, [user]) => roleChanged(name, user!, role), [userId]);
    }
  }
}
