import { Schema, trusted } from 'mongoose';
import type { Connection, Model } from 'mongoose';

/** What tokens of issuers are refused: of a user, of an issuer's user, or of one login there. */
export interface ForeignLoginRecord {
  /** `user:…`, `sub:…` or `sid:…`, see `ForeignLogins`. */
  _id: string;
  /** The account that these tokens stand for; absent while none of them was used here. */
  userId?: string;
  /** Tokens issued before are refused; absent while none are. */
  revokedAt?: Date;
  /** The issuer has ended the login: no later token of it is good either. */
  isOver?: boolean;
  /** When the record is removed. */
  expiresAt: Date;
}

const foreignLoginSchema = new Schema<ForeignLoginRecord>(
  {
    _id: { type: String, required: true },
    userId: String,
    revokedAt: Date,
    isOver: Boolean,
    expiresAt: { type: Date, required: true },
  },
  { collection: 'foreignlogins', versionKey: false },
);
// The database removes what no token can need any more.
foreignLoginSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

/** Registers the model on a connection. */
export const defineForeignLoginModel = (connection: Connection): void => {
  connection.model<ForeignLoginRecord>('ForeignLogin', foreignLoginSchema);
};

/** The stored logins of issuers' users. */
export class ForeignLoginsRepository {
  private readonly logins: Model<ForeignLoginRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.logins = connection.model<ForeignLoginRecord>('ForeignLogin');
  }

  /** Those of the records that there are. */
  async find(ids: string[]): Promise<ForeignLoginRecord[]> {
    return this.logins.find({ _id: trusted({ $in: ids }) }).lean();
  }

  /** Notes whose account these logins are, so that their sockets are found when they end. */
  async remember(ids: string[], userId: string, expiresAt: Date): Promise<void> {
    await this.logins.bulkWrite(
      ids.map((id) => ({
        updateOne: { filter: { _id: id }, update: { $set: { userId, expiresAt } }, upsert: true },
      })),
      { ordered: false },
    );
  }

  /** Refuses tokens of a login that were issued before, or (`isOver`) all of them. */
  async revoke(id: string, revokedAt: Date, expiresAt: Date, isOver: boolean): Promise<void> {
    await this.logins.updateOne(
      { _id: id },
      { $max: { revokedAt }, $set: { expiresAt, ...(isOver && { isOver }) } },
      { upsert: true },
    );
  }

  /** Notes a logout token; answers whether it is new. */
  async use(id: string, expiresAt: Date): Promise<boolean> {
    const { upsertedCount } = await this.logins.updateOne(
      { _id: id },
      { $setOnInsert: { expiresAt } },
      { upsert: true },
    );
    return upsertedCount === 1;
  }
}
