import { randomBytes } from 'node:crypto';
import { Types, trusted } from 'mongoose';
import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { AccessModels, ChatDoc } from './index.js';
import type { GroupAccess, MembershipChanges, SystemNotes } from './groups.index.js';
import { memberJoined, refusalToManage } from './groups.index.js';
import type { Entering, InviteDoc } from './invite.model.js';

/** What invites are built from. */
export interface InvitesParts {
  invitations: Model<InviteDoc>;
  models: AccessModels;
  access: GroupAccess;
  roster: MembershipChanges;
  reports: SystemNotes;
  clock: Clock;
}

/** How long and how often an invite may be used. */
export interface InviteTerms {
  expiresInSeconds?: number;
  maxUses?: number;
}

/** A use that was counted for somebody on the way in. */
interface Use {
  token: Types.ObjectId;
  /** Whether it was counted just now, and not by an attempt that broke off. */
  isNew: boolean;
}

/** 144 bits: not to be guessed. */
const CODE_BYTES = 18;
/** How long somebody who was counted and did not get in may try again on that, in milliseconds. */
const ENTERING_MS = 10 * 60_000;

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
    return invites.filter((invite) => this.isOpen(invite) && hasRoom(invite));
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
   * than the invite is for. Who was counted and did not get in, because a server or the database stopped
   * in between, may try again.
   *
   * @throws {AppError} NOT_FOUND for an unknown code, GONE for one that can no longer be used.
   */
  async accept(actor: Actor, code: string): Promise<string> {
    const { models, reports, roster } = this.parts;
    const invite = await this.usable(code, actor.userId);
    const chatId = invite.chatId.toHexString();
    const isMember = await models.memberships.exists({
      chatId: invite.chatId,
      userId: objectId(actor.userId),
    });
    if (isMember) return chatId;
    const use = await this.takeUse(invite, actor.userId);
    const added = await roster.add(chatId, [actor.userId], actor.userId);
    await this.endEntering(invite, use, added.length > 0);
    if (added.length === 0) return chatId;
    const chat = await models.chats.findById(invite.chatId).lean();
    if (chat?.kind === 'group') {
      await reports.post(actor, chatId, (_, [user]) => memberJoined(user!), [actor.userId]);
    }
    return chatId;
  }

  /** Counts one use, unless that would be one too many, or goes on with one that was counted before. */
  private async takeUse(invite: InviteDoc, userId: string): Promise<Use> {
    const { clock, invitations } = this.parts;
    const token = new Types.ObjectId();
    const known = this.entryOf(invite, userId);
    if (known) {
      const { matchedCount } = await invitations.updateOne(
        { _id: invite._id, revokedAt: null, 'entering.token': known.token },
        { $set: { 'entering.$.token': token } },
      );
      if (matchedCount === 1) return { token, isNew: false };
    }
    const { matchedCount } = await invitations.updateOne(
      {
        _id: invite._id,
        revokedAt: null,
        ...(invite.maxUses !== null && { uses: trusted({ $lt: invite.maxUses }) }),
      },
      {
        $inc: { uses: 1 },
        $push: { entering: { userId: objectId(userId), at: new Date(clock.now()), token } },
      },
    );
    if (matchedCount === 0) throw usedUp();
    return { token, isNew: true };
  }

  /**
   * Nobody waits at the door any more. The same user may have come twice at the same moment: a use that
   * was counted and has let nobody in is given back, unless the other one has gone on with it.
   */
  private async endEntering(
    { _id }: InviteDoc,
    { token, isNew }: Use,
    hasEntered: boolean,
  ): Promise<void> {
    await this.parts.invitations.updateOne(
      { _id, 'entering.token': token },
      { $pull: { entering: { token } }, ...(isNew && !hasEntered && { $inc: { uses: -1 } }) },
    );
  }

  private async usable(code: string, userId?: string): Promise<InviteDoc> {
    const invite = await this.parts.invitations.findOne({ code }).lean();
    if (!invite) throw notFound('Invite');
    const isCounted = userId !== undefined && this.entryOf(invite, userId) !== undefined;
    if (!this.isOpen(invite) || !(isCounted || hasRoom(invite))) throw usedUp();
    return invite;
  }

  private isOpen({ expiresAt, revokedAt }: InviteDoc): boolean {
    const isOver = expiresAt !== null && expiresAt.getTime() <= this.parts.clock.now();
    return revokedAt === null && !isOver;
  }

  /** A use that is counted for the user, who may not be in yet. */
  private entryOf({ entering = [] }: InviteDoc, userId: string): Entering | undefined {
    const since = this.parts.clock.now() - ENTERING_MS;
    return entering.find((entry) => entry.userId.equals(userId) && entry.at.getTime() > since);
  }

  private async assertManager(actor: Actor, chatId: string): Promise<void> {
    const refusal = refusalToManage(await this.parts.access.chatRole(actor, chatId));
    if (refusal) throw refusal;
  }
}

const hasRoom = ({ maxUses, uses }: InviteDoc): boolean => maxUses === null || uses < maxUses;

const usedUp = (): AppError => new AppError('GONE', 'This invite can no longer be used');
