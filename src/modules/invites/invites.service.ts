import { randomBytes } from 'node:crypto';
import { trusted } from 'mongoose';
import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { AccessModels, ChatDoc } from '../chats/index.js';
import type { GroupAccess, Roster, SystemReports } from '../groups/index.js';
import { memberJoined, refusalToManage } from '../groups/index.js';
import type { InviteDoc } from './invite.model.js';

/** What invites are built from. */
export interface InvitesParts {
  invitations: Model<InviteDoc>;
  models: AccessModels;
  access: GroupAccess;
  roster: Roster;
  reports: SystemReports;
  clock: Clock;
}

/** How long and how often an invite may be used. */
export interface InviteTerms {
  expiresInSeconds?: number;
  maxUses?: number;
}

/** 144 bits: not to be guessed. */
const CODE_BYTES = 18;

/** Links by which people join a group on their own decision. */
export class Invites {
  constructor(private readonly parts: InvitesParts) {}

  /**
   * Makes an invite to a group or room.
   *
   * @throws {AppError} NOT_FOUND for non-members, FORBIDDEN for plain members and in direct chats.
   */
  async create(actor: Actor, chatId: string, terms: InviteTerms): Promise<InviteDoc> {
    await this.assertManager(actor, chatId);
    const now = this.parts.clock.now();
    const invite = await this.parts.invitations.create({
      code: randomBytes(CODE_BYTES).toString('base64url'),
      chatId: objectId(chatId),
      createdBy: objectId(actor.userId),
      expiresAt:
        terms.expiresInSeconds === undefined ? null : new Date(now + terms.expiresInSeconds * 1000),
      maxUses: terms.maxUses ?? null,
      createdAt: new Date(now),
    });
    return invite.toObject();
  }

  /**
   * The invites of a chat that can still be used.
   *
   * @throws {AppError} as {@link create}.
   */
  async list(actor: Actor, chatId: string): Promise<InviteDoc[]> {
    await this.assertManager(actor, chatId);
    const invites = await this.parts.invitations.find({ chatId: objectId(chatId) }).lean();
    return invites.filter((invite) => this.isUsable(invite));
  }

  /**
   * Ends an invite; who has joined by it stays.
   *
   * @throws {AppError} as {@link create}, and NOT_FOUND when there is no such invite.
   */
  async revoke(actor: Actor, chatId: string, code: string): Promise<void> {
    await this.assertManager(actor, chatId);
    const { matchedCount } = await this.parts.invitations.updateOne(
      { code, chatId: objectId(chatId) },
      { $set: { revokedAt: new Date(this.parts.clock.now()) } },
    );
    if (matchedCount === 0) throw notFound('Invite');
  }

  /**
   * What an invite leads to, for somebody who has its code: the chat and how many are in it.
   *
   * @throws {AppError} NOT_FOUND for an unknown code, GONE for one that can no longer be used.
   */
  async preview(code: string): Promise<{ chat: ChatDoc; memberCount: number }> {
    const invite = await this.usable(code);
    const [chat, memberCount] = await Promise.all([
      this.parts.models.chats.findById(invite.chatId).lean(),
      this.parts.models.memberships.countDocuments({ chatId: invite.chatId }),
    ]);
    if (!chat) throw notFound('Invite');
    return { chat, memberCount };
  }

  /**
   * Joins by an invite. Members use nothing up; of many who come at the same moment no more get in
   * than the invite is for.
   *
   * @throws {AppError} NOT_FOUND for an unknown code, GONE for one that can no longer be used.
   */
  async accept(actor: Actor, code: string): Promise<string> {
    const { models, reports, roster } = this.parts;
    const invite = await this.usable(code);
    const chatId = invite.chatId.toHexString();
    const isMember = await models.memberships.exists({
      chatId: invite.chatId,
      userId: objectId(actor.userId),
    });
    if (isMember) return chatId;
    await this.takeUse(invite);
    const added = await roster.add(chatId, [actor.userId], actor.userId);
    if (added.length === 0) {
      // The same user came twice at the same moment: only one of the two counts.
      await this.parts.invitations.updateOne({ _id: invite._id }, { $inc: { uses: -1 } });
      return chatId;
    }
    const chat = await models.chats.findById(invite.chatId).lean();
    if (chat?.kind === 'group') {
      await reports.post(actor, chatId, (_, [user]) => memberJoined(user!), [actor.userId]);
    }
    return chatId;
  }

  /** Counts one use, unless that would be one too many: one atomic update. */
  private async takeUse(invite: InviteDoc): Promise<void> {
    const { matchedCount } = await this.parts.invitations.updateOne(
      {
        _id: invite._id,
        revokedAt: null,
        ...(invite.maxUses !== null && { uses: trusted({ $lt: invite.maxUses }) }),
      },
      { $inc: { uses: 1 } },
    );
    if (matchedCount === 0) throw usedUp();
  }

  private async usable(code: string): Promise<InviteDoc> {
    const invite = await this.parts.invitations.findOne({ code }).lean();
    if (!invite) throw notFound('Invite');
    if (!this.isUsable(invite)) throw usedUp();
    return invite;
  }

  private isUsable({ expiresAt, maxUses, revokedAt, uses }: InviteDoc): boolean {
    const isOver = expiresAt !== null && expiresAt.getTime() <= this.parts.clock.now();
    return revokedAt === null && !isOver && (maxUses === null || uses < maxUses);
  }

  private async assertManager(actor: Actor, chatId: string): Promise<void> {
    const refusal = refusalToManage(await this.parts.access.standing(actor, chatId));
    if (refusal) throw refusal;
  }
}

const usedUp = (): AppError => new AppError('GONE', 'This invite can no longer be used');
