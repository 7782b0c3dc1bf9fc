import type { Connection, Model, Types } from 'mongoose';
import { Schema, trusted } from 'mongoose';

/** The second factor of an account. Its id is the account's. */
export interface TwoFactorRecord {
  _id: Types.ObjectId;
  /** The secret in force, encrypted; null until the first one is confirmed. */
  secret: string | null;
  /** A secret that was shown and is not confirmed yet, encrypted. */
  pendingSecret: string | null;
  /** The number of the 30 seconds whose code was used last: no code is taken twice. */
  lastStep: number;
  /** SHA-256 of the recovery codes that are left. */
  recoveryHashes: string[];
}

const twoFactorSchema = new Schema<TwoFactorRecord>(
  {
    secret: { type: String, default: null },
    pendingSecret: { type: String, default: null },
    lastStep: { type: Number, default: 0 },
    recoveryHashes: { type: [String], default: [] },
  },
  { collection: 'twofactors', versionKey: false },
);

/** Registers the second factors on a connection. */
export const defineTwoFactorModel = (connection: Connection): void => {
  connection.model<TwoFactorRecord>('TwoFactor', twoFactorSchema);
};

/** The stored second factors. */
export class TwoFactorRepository {
  private readonly factors: Model<TwoFactorRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.factors = connection.model<TwoFactorRecord>('TwoFactor');
  }

  async find(userId: string): Promise<TwoFactorRecord | null> {
    return this.factors.findById(userId).lean();
  }

  /** Stores a secret that is to be confirmed, in place of another such one. */
  async propose(userId: string, pendingSecret: string): Promise<void> {
    await this.factors.updateOne({ _id: userId }, { $set: { pendingSecret } }, { upsert: true });
  }

  /** Puts a proposed secret in force; answers false when it is not the proposed one any more. */
  async confirm(
    userId: string,
    pendingSecret: string,
    lastStep: number,
    recoveryHashes: string[],
  ): Promise<boolean> {
    const { modifiedCount } = await this.factors.updateOne(
      { _id: userId, pendingSecret },
      { $set: { secret: pendingSecret, pendingSecret: null, lastStep, recoveryHashes } },
    );
    return modifiedCount === 1;
  }

  /** Uses the code of a step; answers false when that of this step or a later one was used. */
  async useStep(userId: string, step: number): Promise<boolean> {
    const { modifiedCount } = await this.factors.updateOne(
      { _id: userId, lastStep: trusted({ $lt: step }) },
      { $set: { lastStep: step } },
    );
    return modifiedCount === 1;
  }

  /** Uses a recovery code; answers false when it is none, or was used. */
  async useRecoveryCode(userId: string, hash: string): Promise<boolean> {
    const { modifiedCount } = await this.factors.updateOne(
      { _id: userId, recoveryHashes: hash },
      { $pull: { recoveryHashes: hash } },
    );
    return modifiedCount === 1;
  }

  /** Replaces the recovery codes. */
  async setRecoveryCodes(userId: string, recoveryHashes: string[]): Promise<void> {
    await this.factors.updateOne({ _id: userId }, { $set: { recoveryHashes } });
  }

  async remove(userId: string): Promise<void> {
    await this.factors.deleteOne({ _id: userId });
  }
}
