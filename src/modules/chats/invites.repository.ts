import { randomBytes } from 'node:crypto';
import type { Connection, Model, Types } from 'mongoose';
import { Schema, trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';

/** Somebody for whom a use is counted, and who may not be a member yet. */
export interface Entering {
  userId: Types.ObjectId;
  at: Date;
  /** Identifies the attempt; a later attempt that continues it has its own. */
  token: Types.ObjectId;
}

/** A link by which people join a group without being added. */
export interface InviteRecord {
  _id: Types.ObjectId;
  /** The secret in the link. */
  code: string;
  chatId: Types.ObjectId;
  /** The only user who may use it; missing where anybody with the link may. */
  invitedUserId?: Types.ObjectId;
  /** When that user has declined it. */
  declinedAt?: Date;
  createdBy: Types.ObjectId;
  /** Null: it does not expire. */
  expiresAt: Date | null;
  /** Null: any number. */
  maxUses: number | null;
  uses: number;
  /** Users who are joining; a user left here by a crash may try again. */
  entering?: Entering[];
  revokedAt: Date | null;
  createdAt: Date;
}

const inviteSchema = new Schema<InviteRecord>(
  {
    code: { type: String, required: true },
    chatId: { type: Schema.Types.ObjectId, required: true },
    invitedUserId: Schema.Types.ObjectId,
    declinedAt: Date,
    createdBy: { type: Schema.Types.ObjectId, required: true },
    expiresAt: { type: Date, default: null },
    maxUses: { type: Number, default: null },
    uses: { type: Number, default: 0 },
    entering: {
      type: [
        new Schema<Entering>(
          {
            userId: { type: Schema.Types.ObjectId, required: true },
            at: { type: Date, required: true },
            token: { type: Schema.Types.ObjectId, required: true },
          },
          { _id: false },
        ),
      ],
      default: undefined,
    },
    revokedAt: { type: Date, default: null },
    createdAt: { type: Date, required: true },
  },
  { collection: 'invites', versionKey: false },
);
// The invite of a link.
inviteSchema.index({ code: 1 }, { unique: true });
// The invites to a chat.
inviteSchema.index({ chatId: 1 });
// The one invite of a user to a chat, and all invites of a user.
inviteSchema.index(
  { invitedUserId: 1, chatId: 1 },
  { unique: true, partialFilterExpression: { invitedUserId: { $exists: true } } },
);

/** The collection of invites on a connection. */
export const defineInviteModel = (connection: Connection): void => {
  connection.model<InviteRecord>('Invite', inviteSchema);
};

/** How long who has declined is not invited to the same chat again, in milliseconds. */
const DECLINED_MS = 24 * 3600_000;
/** 144 bits: not to be guessed. */
const CODE_BYTES = 18;

/** The secret of a new invite. */
export const newInviteCode = (): string => randomBytes(CODE_BYTES).toString('base64url');

/** The stored invites. */
export class InvitesRepository {
  private readonly invites: Model<InviteRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.invites = connection.model<InviteRecord>('Invite');
  }

  /** Stores a new invite, which nobody has used. */
  async insert(
    invite: Pick<InviteRecord, 'code' | 'expiresAt' | 'maxUses' | 'createdAt'> & {
      chatId: string;
      createdBy: string;
    },
  ): Promise<InviteRecord> {
    const { chatId, createdBy, ...terms } = invite;
    const created = await this.invites.create({
      ...terms,
      chatId: objectId(chatId),
      createdBy: objectId(createdBy),
    });
    return created.toObject();
  }

  /**
   * Stores the invite of a user to a chat: a new one, or the user's earlier one renewed.
   *
   * @param mayRenew whether one that was used or has ended begins again; one that was declined does so a day
   *   later. One that is open stays.
   * @returns the new invite; undefined when the user has one, or has had one and it stays as it is.
   */
  async invite(
    invite: Pick<InviteRecord, 'code' | 'createdAt'> & {
      chatId: string;
      createdBy: string;
      invitedUserId: string;
      expiresAt: Date;
    },
    mayRenew: boolean,
  ): Promise<InviteRecord | undefined> {
    const { chatId, createdBy, invitedUserId, ...rest } = invite;
    const key = { invitedUserId: objectId(invitedUserId), chatId: objectId(chatId) };
    const fresh = {
      ...rest,
      createdBy: objectId(createdBy),
      maxUses: 1,
      uses: 0,
      revokedAt: null,
    };
    try {
      const before = await this.invites
        .findOneAndUpdate(key, { $setOnInsert: fresh }, { upsert: true, returnDocument: 'before' })
        .lean();
      if (before && !mayRenew) return undefined;
    } catch (error) {
      // Another request has made it at the same moment.
      if (isDuplicateKey(error)) return undefined;
      throw error;
    }
    const isOver = [
      { uses: trusted({ $gte: 1 }) },
      { revokedAt: trusted({ $ne: null }) },
      { expiresAt: trusted({ $lte: invite.createdAt }) },
    ];
    const renewed = await this.invites
      .findOneAndUpdate(
        {
          ...key,
          declinedAt: trusted({
            $not: { $gt: new Date(invite.createdAt.getTime() - DECLINED_MS) },
          }),
          $or: [{ code: invite.code }, ...isOver],
        },
        { $set: fresh, $unset: { entering: 1, declinedAt: 1 } },
        { returnDocument: 'after' },
      )
      .lean();
    return renewed ?? undefined;
  }

  /** Invites of a user that can still be used, newest first. */
  async openOf(invitedUserId: string, now: Date, limit: number): Promise<InviteRecord[]> {
    return this.invites
      .find({
        invitedUserId: objectId(invitedUserId),
        revokedAt: null,
        uses: 0,
        expiresAt: trusted({ $gt: now }),
      })
      .sort({ createdAt: -1 })
      .limit(limit)
      .lean();
  }

  /** The users, of those named or of all, who have an invite to the chat that can still be used. */
  async openTo(
    chatId: Types.ObjectId,
    now: Date,
    limit: number,
    userIds?: string[],
  ): Promise<string[]> {
    const open = await this.invites
      .find(
        {
          chatId,
          invitedUserId: trusted(userIds ? { $in: userIds.map(objectId) } : { $exists: true }),
          revokedAt: null,
          uses: 0,
          expiresAt: trusted({ $gt: now }),
        },
        { invitedUserId: 1 },
      )
      .limit(limit)
      .lean();
    return open.flatMap(({ invitedUserId }) => invitedUserId?.toHexString() ?? []);
  }

  /** How many users have an invite to the chat that can still be used; counts no further than `most`. */
  async countOpenTo(chatId: Types.ObjectId, now: Date, most: number): Promise<number> {
    return this.invites.countDocuments(
      {
        chatId,
        invitedUserId: trusted({ $exists: true }),
        revokedAt: null,
        uses: 0,
        expiresAt: trusted({ $gt: now }),
      },
      { limit: most },
    );
  }

  /** Ends the invite of a user to a chat, if there is one. */
  async endFor(chatId: string, invitedUserId: string, revokedAt: Date): Promise<void> {
    await this.invites.updateOne(
      { invitedUserId: objectId(invitedUserId), chatId: objectId(chatId), revokedAt: null },
      { $set: { revokedAt } },
    );
  }

  /**
   * Ends an invite on behalf of the user it is for.
   *
   * @returns false when the user has no such invite.
   */
  async decline(invitedUserId: string, code: string, declinedAt: Date): Promise<boolean> {
    const { matchedCount } = await this.invites.updateOne(
      { code, invitedUserId: objectId(invitedUserId) },
      { $set: { revokedAt: declinedAt, declinedAt } },
    );
    return matchedCount > 0;
  }

  /** The invite with this secret. */
  async byCode(code: string): Promise<InviteRecord | null> {
    return this.invites.findOne({ code }).lean();
  }

  /** All invites to a chat, those that have ended included. */
  async ofChat(chatId: string): Promise<InviteRecord[]> {
    return this.invites.find({ chatId: objectId(chatId) }).lean();
  }

  /** @returns false when the chat has no such invite. */
  async revoke(chatId: string, code: string, revokedAt: Date): Promise<boolean> {
    const { matchedCount } = await this.invites.updateOne(
      { code, chatId: objectId(chatId) },
      { $set: { revokedAt } },
    );
    return matchedCount > 0;
  }

  /**
   * Counts a use for somebody who is joining.
   *
   * @returns false when the invite is revoked, or used up meanwhile.
   */
  async countUse({ _id, maxUses }: InviteRecord, entering: Entering): Promise<boolean> {
    const { matchedCount } = await this.invites.updateOne(
      {
        _id,
        revokedAt: null,
        ...(maxUses !== null && { uses: trusted({ $lt: maxUses }) }),
      },
      { $inc: { uses: 1 }, $push: { entering } },
    );
    return matchedCount > 0;
  }

  /**
   * Continues a use that an earlier attempt has counted: it gets the new attempt's token.
   *
   * @returns false when the invite is revoked, or another attempt has ended the use or continued it.
   */
  async resumeUse(
    { _id }: InviteRecord,
    earlier: Types.ObjectId,
    token: Types.ObjectId,
  ): Promise<boolean> {
    const { matchedCount } = await this.invites.updateOne(
      { _id, revokedAt: null, 'entering.token': earlier },
      { $set: { 'entering.$.token': token } },
    );
    return matchedCount === 1;
  }

  /** Ends an attempt to join, unless another attempt has continued its use. */
  async endEntering(
    { _id }: InviteRecord,
    token: Types.ObjectId,
    isUseGivenBack: boolean,
  ): Promise<void> {
    await this.invites.updateOne(
      { _id, 'entering.token': token },
      { $pull: { entering: { token } }, ...(isUseGivenBack && { $inc: { uses: -1 } }) },
    );
  }
}
