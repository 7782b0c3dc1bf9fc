import { Types } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { ChatRecord, ChatsRepository } from './chats.repository.js';
import type { GroupAccess } from './group-access.js';
import { refusalToManage } from './chats.policy.js';
import type { Entering, InviteRecord, InvitesRepository } from './invites.repository.js';
import { newInviteCode } from './invites.repository.js';
import type { MembershipChanges } from './members.js';
import type { MembershipsRepository } from './memberships.repository.js';
import type { GroupLog } from './system-text.js';
import { memberJoined } from './system-text.js';

/** How long and how often an invite may be used. */
export interface InviteTerms {
  expiresInSeconds?: number;
  maxUses?: number;
}

/** A use that was counted for somebody who is joining. */
interface Use {
  token: Types.ObjectId;
  /** Whether it was counted just now, and not by an attempt that was interrupted. */
  isNew: boolean;
}

/** How long a user whose use was counted but who has not joined may retry with it, in milliseconds. */
const ENTERING_MS = 10 * 60_000;

/** Links by which people join a group by their own decision. */
export class Invites {
  constructor(
    private readonly deps: {
      invites: InvitesRepository;
      chats: ChatsRepository;
      memberships: MembershipsRepository;
      access: GroupAccess;
      changes: MembershipChanges;
      log: GroupLog;
      clock: Clock;
    },
  ) {}

  /**
   * Makes an invite to a group or room.
   *
   * @throws {AppError} NOT_FOUND for non-members, FORBIDDEN for plain members and in direct chats.
   */
  async create(actor: Actor, chatId: string, terms: InviteTerms): Promise<InviteRecord> {
    await this.assertManager(actor, chatId);
    const now = this.deps.clock.now();
    return this.deps.invites.insert({
      code: newInviteCode(),
      chatId,
      createdBy: actor.userId,
      expiresAt:
        terms.expiresInSeconds === undefined ? null : new Date(now + terms.expiresInSeconds * 1000),
      maxUses: terms.maxUses ?? null,
      createdAt: new Date(now),
    });
  }

  /**
   * The invites of a chat that can still be used.
   *
   * @throws {AppError} as {@link create}.
   */
  async list(actor: Actor, chatId: string): Promise<InviteRecord[]> {
    await this.assertManager(actor, chatId);
    const invites = await this.deps.invites.ofChat(chatId);
    return invites.filter((invite) => this.isOpen(invite) && hasRoom(invite));
  }

  /**
   * Ends an invite; those who have joined by it stay members.
   *
   * @throws {AppError} as {@link create}, and NOT_FOUND when there is no such invite.
   */
  async revoke(actor: Actor, chatId: string, code: string): Promise<void> {
    await this.assertManager(actor, chatId);
    const now = new Date(this.deps.clock.now());
    if (!(await this.deps.invites.revoke(chatId, code, now))) throw notFound('Invite');
  }

  /**
   * The chat of an invite and its number of members, for somebody who has the code.
   *
   * @throws {AppError} NOT_FOUND for an unknown code, and for one that is for somebody else; GONE for one that
   *   can no longer be used.
   */
  async preview(actor: Actor, code: string): Promise<{ chat: ChatRecord; memberCount: number }> {
    const invite = await this.usable(code, actor.userId);
    const [chat, memberCount] = await Promise.all([
      this.deps.chats.find(invite.chatId),
      this.deps.memberships.count(invite.chatId),
    ]);
    if (!chat) throw notFound('Invite');
    return { chat, memberCount };
  }

  /**
   * Joins by an invite. Members use nothing up; of many concurrent users, no more join than the invite
   * allows. A user whose use was counted but who has not joined, because a server or the database stopped in
   * between, may try again.
   *
   * @throws {AppError} as {@link preview}.
   */
  async accept(actor: Actor, code: string): Promise<string> {
    const { changes, chats, invites, log, memberships } = this.deps;
    const invite = await this.usable(code, actor.userId);
    const chatId = invite.chatId.toHexString();
    if (await memberships.exists(chatId, actor.userId)) return chatId;
    await changes.assertNoneBanned(chatId, [actor.userId]);
    const use = await this.takeUse(invite, actor.userId);
    const added = await changes.add(chatId, [actor.userId], actor.userId);
    // The same user may have joined twice at the same moment: a use by which nobody joined is given back.
    await invites.endEntering(invite, use.token, use.isNew && added.length === 0);
    if (added.length === 0) return chatId;
    const chat = await chats.find(invite.chatId);
    if (chat?.kind === 'group') {
      await log.post(actor, chatId, (_, [user]) => memberJoined(user!), [actor.userId]);
    }
    return chatId;
  }

  /** Counts one use, unless that would be one too many, or continues one that was counted before. */
  private async takeUse(invite: InviteRecord, userId: string): Promise<Use> {
    const { clock, invites } = this.deps;
    const token = new Types.ObjectId();
    const known = this.entryOf(invite, userId);
    if (known && (await invites.resumeUse(invite, known.token, token))) {
      return { token, isNew: false };
    }
    const entering = { userId: objectId(userId), at: new Date(clock.now()), token };
    if (!(await invites.countUse(invite, entering))) throw usedUp();
    return { token, isNew: true };
  }

  private async usable(code: string, userId: string): Promise<InviteRecord> {
    const invite = await this.deps.invites.byCode(code);
    const isForAnother = invite?.invitedUserId && !invite.invitedUserId.equals(userId);
    if (!invite || isForAnother) throw notFound('Invite');
    const isCounted = this.entryOf(invite, userId) !== undefined;
    if (!this.isOpen(invite) || !(isCounted || hasRoom(invite))) throw usedUp();
    return invite;
  }

  private isOpen({ expiresAt, revokedAt }: InviteRecord): boolean {
    const isOver = expiresAt !== null && expiresAt.getTime() <= this.deps.clock.now();
    return revokedAt === null && !isOver;
  }

  /** A use that is counted for the user, who may not be a member yet. */
  private entryOf({ entering = [] }: InviteRecord, userId: string): Entering | undefined {
    const since = this.deps.clock.now() - ENTERING_MS;
    return entering.find((entry) => entry.userId.equals(userId) && entry.at.getTime() > since);
  }

  private async assertManager(actor: Actor, chatId: string): Promise<void> {
    const refusal = refusalToManage(await this.deps.access.chatRole(actor, chatId));
    if (refusal) throw refusal;
  }
}

const hasRoom = ({ maxUses, uses }: InviteRecord): boolean => maxUses === null || uses < maxUses;

const usedUp = (): AppError => new AppError('GONE', 'This invite can no longer be used');
