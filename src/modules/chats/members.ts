import type { Types } from 'mongoose';
import type { Publisher } from '../../platform/event-bus.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import { isSystem } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, forbidden, notFound } from '../../shared/errors.js';
import type { Metadata } from '../../shared/metadata.js';
import { PageEnds } from '../../shared/page-ends.js';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import { paginate } from '../../shared/pagination.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { UserCard } from '../users/index.js';
import type { ChatAccess } from './chat-access.js';
import type { ChatEvents } from './chats.events.js';
import type { ChatsRepository } from './chats.repository.js';
import type { GroupAccess } from './group-access.js';
import type { GroupOwnership } from './group-ownership.js';
import {
  banned,
  effectiveRole,
  refusalToAppoint,
  refusalToLeave,
  refusalToManage,
  refusalToRemove,
} from './chats.policy.js';
import type { MemberRole } from './membership.model.js';
import type { MemberRolesRepository } from './member-roles.repository.js';
import type { MembershipsRepository } from './memberships.repository.js';
import type { InvitesRepository } from './invites.repository.js';
import type { PersonalInvites } from './personal-invites.js';
import type { SanctionRecord, SanctionsRepository } from './sanctions.repository.js';
import type { GroupLog } from './system-text.js';
import { memberLeft, memberRemoved, membersAdded, roleChanged } from './system-text.js';

/** A member as the other members see them. */
export interface MemberView {
  card: UserCard;
  role: MemberRole;
  joinedAt: Date;
  /** The member's own data about the chat, which no other member is shown. */
  metadata?: Metadata | undefined;
}

/**
 * Who is in a group or room, and what they may do there. Changes are written into a group's log, but not into
 * a room's, because a busy room's log would hold little else.
 */
export class Members {
  private readonly pages = new PageEnds<Types.ObjectId>();

  constructor(
    private readonly deps: {
      chats: ChatsRepository;
      memberships: MembershipsRepository;
      personalInvites: PersonalInvites;
      chatAccess: ChatAccess;
      access: GroupAccess;
      changes: MembershipChanges;
      log: GroupLog;
      directory: { cards(userIds: string[]): Promise<Map<string, UserCard>> };
    },
  ) {}

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
    const { access, directory, memberships } = this.deps;
    await access.chatRole(actor, chatId);
    const [total, rows] = await Promise.all([
      memberships.count(chatId),
      this.pages.read(
        chatId,
        page,
        (after, count) => memberships.userIdAfter(chatId, after, count),
        (after) => memberships.pageOf(chatId, after, page.limit),
        ({ userId }) => userId,
      ),
    ]);
    const cards = await directory.cards(rows.map(({ userId }) => userId.toHexString()));
    const members = rows.flatMap(({ userId, role, joinedAt, metadata }) => {
      const card = cards.get(userId.toHexString());
      return card ? [{ card, role, joinedAt, metadata }] : [];
    });
    return { members, pagination: paginate(page, total) };
  }

  /**
   * Adds users; answers which of them were not members yet. Users whom the actor may not add without asking
   * are invited instead.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN, BLOCKED: see the policy and {@link GroupAccess}; BANNED when a ban
   *   keeps one of them out; RATE_LIMITED and CONFLICT: see {@link PersonalInvites.whileCounted}.
   */
  async add(
    actor: Actor,
    chatId: string,
    userIds: string[],
  ): Promise<{ added: string[]; invited: string[] }> {
    const { access, chats, log, changes, personalInvites } = this.deps;
    const chatRole = await access.chatRole(actor, chatId);
    const refusal = refusalToManage(chatRole);
    if (refusal) throw refusal;
    const wanted = new Set(userIds);
    await changes.assertNoneBanned(chatId, userIds);
    const isOwn = wanted.delete(actor.userId);
    const { addable, others } = await access.sortOut(actor, [...wanted]);
    const chat = others.length > 0 ? await chats.find(chatId) : null;
    const toAdd = isOwn ? [actor.userId, ...addable] : addable;
    const add = async () => {
      const added = toAdd.length > 0 ? await changes.add(chatId, toAdd, actor.userId) : [];
      if (added.length > 0 && chatRole.kind === 'group') {
        await log.post(actor, chatId, membersAdded, added);
      }
      return added;
    };
    if (!chat) return { added: await add(), invited: [] };
    return personalInvites.whileCounted(actor, others, chat, async () => ({
      added: await add(),
      invited: await personalInvites.invite(actor, chat, others, true),
    }));
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
    const { access, chatAccess, log, changes } = this.deps;
    const chatRole = await access.chatRole(actor, chatId);
    const target = await chatAccess.role(chatRole.chat, userId);
    const refusal = refusalToRemove(chatRole, target ?? 'member');
    if (refusal) throw refusal;
    // The system may remove the last owner too; then somebody else becomes it.
    const mayOrphan = chatRole.kind === 'room' || isSystem(actor);
    if (!target || !(await changes.remove(chatId, userId, actor.userId, mayOrphan))) {
      throw notFound('Member');
    }
    if (chatRole.kind === 'group') {
      if (target === 'owner') await changes.ensureOwner(chatId);
      await log.post(actor, chatId, (name, [user]) => memberRemoved(name, user!), [userId]);
    }
  }

  /**
   * Ends the actor's own membership.
   *
   * @throws {AppError} NOT_FOUND for non-members, FORBIDDEN in direct chats, LAST_OWNER while others
   *   stay in the group.
   */
  async leave(actor: Actor, chatId: string): Promise<void> {
    const { access, log, changes } = this.deps;
    const chatRole = await access.chatRole(actor, chatId);
    const refusal = refusalToLeave(chatRole);
    if (refusal) throw refusal;
    const isRoom = chatRole.kind === 'room';
    if (!(await changes.remove(chatId, actor.userId, actor.userId, isRoom))) throw notFound('Chat');
    if (!isRoom) {
      await log.post(actor, chatId, (_, [user]) => memberLeft(user!), [actor.userId]);
    }
  }

  /**
   * Makes a member an owner, an admin, a moderator, or a plain member.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN: see `refusalToAppoint`, LAST_OWNER.
   */
  async setRole(actor: Actor, chatId: string, userId: string, role: MemberRole): Promise<void> {
    const { access, chatAccess, log, changes } = this.deps;
    const chatRole = await access.chatRole(actor, chatId);
    const from = await chatAccess.role(chatRole.chat, userId);
    const refusal = refusalToAppoint(chatRole, { from: from ?? 'member', to: role });
    if (refusal) throw refusal;
    if (!from) throw notFound('Member');
    // What is known of the other's role may be old: whoever is no owner must not change one of an admin.
    const among =
      effectiveRole(chatRole) === 'owner' ? undefined : (['moderator', 'member'] as const);
    const hasChanged = await changes.setRole(chatId, userId, role, actor.userId, among);
    if (hasChanged && chatRole.kind === 'group') {
      await log.post(actor, chatId, (name, [user]) => roleChanged(name, user!, role), [userId]);
    }
  }
}

/**
 * Writes memberships and roles of groups and rooms, and publishes the changes. It checks no rights: the use
 * cases have done that.
 */
export class MembershipChanges {
  constructor(
    private readonly deps: {
      chats: ChatsRepository;
      memberships: Pick<MembershipsRepository, 'exists'>;
      roles: MemberRolesRepository;
      invites: Pick<InvitesRepository, 'endFor'>;
      ownership: GroupOwnership;
      sanctions: Pick<SanctionsRepository, 'applying'>;
      bus: Publisher<ChatEvents>;
      accessChanges: AccessChangePoster;
      clock: Clock;
      /** Number of the chat's newest message: where a new member's unread messages begin. */
      newestSeq(chatId: string): Promise<number>;
    },
  ) {}

  /**
   * Adds users who are not members yet; answers who these were. New members start with nothing unread.
   *
   * @throws {AppError} BANNED when a ban keeps one of them out.
   * @param stillWanted called after the memberships are written; those whom it does not name lose theirs
   *   again.
   */
  async add(
    chatId: string,
    userIds: string[],
    actorId: string,
    role: MemberRole = 'member',
    stillWanted: (userIds: string[]) => Promise<string[]> = (ids) => Promise.resolve(ids),
  ): Promise<string[]> {
    const { accessChanges, bus, chats, clock, newestSeq, ownership, roles } = this.deps;
    await this.assertNoneBanned(chatId, userIds);
    const seq = await newestSeq(chatId);
    await accessChanges.post(userIds.map((userId) => ({ kind: 'member', userId, chatId })));
    const joinedAt = new Date(clock.now());
    // Or leaving and joining would be a way around slow mode.
    const isSlow = ((await chats.find(chatId))?.slowModeSeconds ?? 0) > 0;
    const start = { role, seq, joinedAt, ...(isSlow && { lastPostAt: joinedAt }) };
    const rows = await Promise.all(
      userIds.map(async (userId) => [userId, await roles.insert(chatId, userId, start)] as const),
    );
    const inserted = new Map(rows.flatMap(([userId, id]) => (id ? [[userId, id] as const] : [])));
    if (inserted.size === 0) return [];
    const wanted = await stillWanted([...inserted.keys()]);
    // Somebody may have been banned since the first look, before there was a membership to end.
    const kept = new Set(
      (await this.bansOf(chatId, wanted)).map(({ userId }) => userId.toHexString()),
    );
    const added = wanted.filter((userId) => !kept.has(userId));
    for (const userId of added) inserted.delete(userId);
    if (inserted.size > 0) {
      await roles.removeByIds([...inserted.values()]);
    }
    if (added.length > 0) {
      bus.emit(
        'members.added',
        { chatId, userIds: added, actorId, audience: audiences.chat(chatId) },
        { scope: 'cluster' },
      );
    }
    await ownership.ensure(chatId);
    return added;
  }

  /** @throws {AppError} BANNED when a ban keeps one of the users out of the chat. */
  async assertNoneBanned(chatId: string, userIds: string[]): Promise<void> {
    const [ban] = await this.bansOf(chatId, userIds);
    if (ban) throw banned(ban);
  }

  private async bansOf(chatId: string, userIds: string[]): Promise<SanctionRecord[]> {
    const at = new Date(this.deps.clock.now());
    const sanctions = await this.deps.sanctions.applying(chatId, userIds, at);
    return sanctions.filter(({ kind }) => kind === 'ban');
  }

  /**
   * Removes a member; answers whether the user was one.
   *
   * @param mayOrphan whether the last owner may leave although others stay, as in a public room.
   * @throws {AppError} LAST_OWNER.
   */
  async remove(
    chatId: string,
    userId: string,
    actorId: string,
    mayOrphan: boolean,
  ): Promise<boolean> {
    const { accessChanges, bus, chats, clock, invites, memberships, ownership, roles } = this.deps;
    await accessChanges.post([{ kind: 'member', userId, chatId }]);
    await chats.withdrawFromMaking(chatId, userId);
    // Who was invited and then added otherwise must not come back by the invite.
    await invites.endFor(chatId, userId, new Date(clock.now()));
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      if (await roles.remove(chatId, userId, mayOrphan)) {
        bus.emit(
          'members.removed',
          { chatId, userIds: [userId], actorId, audience: audiences.chatAnd(chatId, [userId]) },
          { scope: 'cluster' },
        );
        return true;
      }
      if (mayOrphan || !(await memberships.exists(chatId, userId))) return false;
      if (await ownership.lose({ chatId, userId, actorId, role: null })) {
        // Somebody may have joined while the last member left.
        await ownership.ensure(chatId);
        return true;
      }
    }
    throw busy();
  }

  /** Gives a group without an owner another one. */
  ensureOwner(chatId: string): Promise<void> {
    return this.deps.ownership.ensure(chatId);
  }

  /**
   * Gives a member a role; answers whether it has changed.
   *
   * @param among the roles that may be changed; absent: all.
   * @throws {AppError} NOT_FOUND when the user is not a member (any more), LAST_OWNER when the only owner
   *   would lose the role.
   */
  async setRole(
    chatId: string,
    userId: string,
    role: MemberRole,
    actorId: string,
    among?: readonly MemberRole[],
  ): Promise<boolean> {
    const { accessChanges, bus, memberships, ownership, roles } = this.deps;
    // Nodes keep roles for a while; one that hears no event must learn of it, too.
    await accessChanges.post([{ kind: 'member', userId, chatId }]);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const { isMatched, isModified } = await roles.setRole(chatId, userId, role, among);
      if (isModified) {
        bus.emit(
          'member.role_changed',
          { chatId, userId, role, actorId, audience: audiences.chat(chatId) },
          { scope: 'cluster' },
        );
      }
      if (isMatched) return isModified;
      if (role === 'owner' || !(await memberships.exists(chatId, userId))) throw notFound('Member');
      if (among) throw forbidden('Only owners may change the roles of owners and admins');
      if (await ownership.lose({ chatId, userId, actorId, role })) return true;
    }
    throw busy();
  }
}

/** Attempts to change a member whose role others change at the same time. */
const MAX_ATTEMPTS = 20;

const busy = (): AppError =>
  new AppError('UNAVAILABLE', 'This member is being changed; try again', { retryAfter: 1 });
