import type { Connection, Model, Types } from 'mongoose';
import { Schema, trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import type { MailKind } from '../mail/index.js';

/** What a link in a mail is for; the same words as the mails'. */
export type LinkPurpose = Exclude<MailKind, 'password'>;

/** The newest link of one purpose for one address of an account. A newer one replaces it. */
export interface LinkRecord {
  _id: Types.ObjectId;
  userId: Types.ObjectId;
  purpose: LinkPurpose;
  /** The address of the account that the link is about. */
  address: string;
  /** The address that the account is to have. */
  newAddress?: string | null;
  /** The password that the account must still have, see `markOfPassword`; null where that does not matter. */
  passwordMark?: string | null;
  /** The id in the token. */
  tokenId: string;
  /** SHA-256 of the token. */
  tokenHash: string;
  /** When its mail was ordered. */
  orderedAt: Date;
  expiresAt: Date;
  /** When it was used, or lost its force. */
  usedAt: Date | null;
  /** The database removes it then: after the last attempt to send its mail, which must not revive a used link. */
  removeAt: Date;
}

const linkSchema = new Schema<LinkRecord>(
  {
    userId: { type: Schema.Types.ObjectId, required: true },
    purpose: { type: String, required: true },
    address: { type: String, required: true },
    newAddress: { type: String, default: null },
    passwordMark: { type: String, default: null },
    tokenId: { type: String, required: true },
    tokenHash: { type: String, required: true },
    orderedAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
    usedAt: { type: Date, default: null },
    removeAt: { type: Date, required: true },
  },
  { collection: 'accountlinks', versionKey: false },
);
// One link per purpose and address.
linkSchema.index({ userId: 1, purpose: 1, address: 1 }, { unique: true });
// Finding the link of a token.
linkSchema.index({ tokenId: 1 });
linkSchema.index({ removeAt: 1 }, { expireAfterSeconds: 0 });

/** Registers the links on a connection. */
export const defineLinkModel = (connection: Connection): void => {
  connection.model<LinkRecord>('AccountLink', linkSchema);
};

/** The stored links. */
export class AccountLinksRepository {
  private readonly links: Model<LinkRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.links = connection.model<LinkRecord>('AccountLink');
  }

  /**
   * Stores a link in place of an older one. Answers false when there is one as new: a newer one, or the same,
   * which an earlier attempt to send the mail has stored.
   */
  async replace({
    userId,
    purpose,
    address,
    ...link
  }: Omit<LinkRecord, '_id' | 'usedAt'>): Promise<boolean> {
    try {
      await this.links.updateOne(
        { userId, purpose, address, orderedAt: trusted({ $lt: link.orderedAt }) },
        { $set: { ...link, usedAt: null } },
        { upsert: true },
      );
      return true;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      return false;
    }
  }

  /** The link of a token, unless it was used or has expired. */
  async find(tokenId: string, tokenHash: string, now: Date): Promise<LinkRecord | null> {
    return this.links
      .findOne({ tokenId, tokenHash, usedAt: null, expiresAt: trusted({ $gt: now }) })
      .lean();
  }

  /** Marks a link as used; answers whether it was not before. */
  async use(id: Types.ObjectId, tokenId: string, at: Date): Promise<boolean> {
    const { modifiedCount } = await this.links.updateOne(
      { _id: id, tokenId, usedAt: null },
      { $set: { usedAt: at } },
    );
    return modifiedCount === 1;
  }

  /** Takes the force from those of a user's links that were ordered at a time or later. */
  async revoke(
    userId: Types.ObjectId,
    purposes: LinkPurpose[],
    at: Date,
    since = new Date(0),
  ): Promise<void> {
    await this.links.updateMany(
      {
        userId,
        purpose: trusted({ $in: purposes }),
        orderedAt: trusted({ $gte: since }),
        usedAt: null,
      },
      { $set: { usedAt: at } },
    );
  }
}
