import { createHash, randomBytes } from 'node:crypto';
import type { Connection, Model, Types } from 'mongoose';
import { Schema, trusted } from 'mongoose';
import { objectId } from '../../platform/object-id.js';

/** A code with which people may make an account. Only its hash is stored: the code is shown once. */
export interface RegistrationInviteRecord {
  _id: Types.ObjectId;
  /** SHA-256 of the code. */
  codeHash: string;
  createdBy: Types.ObjectId;
  createdAt: Date;
  maxUses: number;
  usesLeft: number;
  /** Null: it does not expire. */
  expiresAt: Date | null;
  /** The only address that may register with it; null: any. */
  email: string | null;
  revokedAt: Date | null;
}

const inviteSchema = new Schema<RegistrationInviteRecord>(
  {
    codeHash: { type: String, required: true },
    createdBy: { type: Schema.Types.ObjectId, required: true },
    createdAt: { type: Date, required: true },
    maxUses: { type: Number, required: true },
    usesLeft: { type: Number, required: true },
    expiresAt: { type: Date, default: null },
    email: { type: String, default: null },
    revokedAt: { type: Date, default: null },
  },
  { collection: 'registrationinvites', versionKey: false },
);
// Finding the invite of a code.
inviteSchema.index({ codeHash: 1 }, { unique: true });

/** Registers the invites on a connection. */
export const defineRegistrationInviteModel = (connection: Connection): void => {
  connection.model<RegistrationInviteRecord>('RegistrationInvite', inviteSchema);
};

const CODE_BYTES = 15;

/** Makes a code that nobody can guess. */
export const newRegistrationCode = (): string => randomBytes(CODE_BYTES).toString('base64url');

/** The form in which codes are stored. */
export const registrationCodeHash = (code: string): string =>
  createHash('sha256').update(code).digest('hex');

/** The stored invites. */
export class RegistrationInvitesRepository {
  private readonly invites: Model<RegistrationInviteRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.invites = connection.model<RegistrationInviteRecord>('RegistrationInvite');
  }

  async create(invite: RegistrationInviteRecord): Promise<void> {
    await this.invites.create(invite);
  }

  /** Counts a use, if the invite allows one more; answers its id, or undefined. */
  async use(codeHash: string, emailLower: string, now: Date): Promise<Types.ObjectId | undefined> {
    const invite = await this.invites
      .findOneAndUpdate(
        {
          codeHash,
          revokedAt: null,
          usesLeft: trusted({ $gt: 0 }),
          email: trusted({ $in: [null, emailLower] }),
          $or: [{ expiresAt: null }, { expiresAt: trusted({ $gt: now }) }],
        },
        { $inc: { usesLeft: -1 } },
      )
      .lean();
    return invite?._id;
  }

  /** Takes a use back. */
  async giveBack(id: Types.ObjectId): Promise<void> {
    await this.invites.updateOne({ _id: id }, { $inc: { usesLeft: 1 } });
  }

  /** The newest invites first; only those before the invite `before`, when it is given. */
  async newest(before: string | undefined, limit: number): Promise<RegistrationInviteRecord[]> {
    return this.invites
      .find(before === undefined ? {} : { _id: trusted({ $lt: objectId(before) }) })
      .sort({ _id: -1 })
      .limit(limit)
      .lean();
  }

  /** Ends an invite; answers it as it is then, or null when there is none. */
  async revoke(id: string, at: Date): Promise<RegistrationInviteRecord | null> {
    await this.invites.updateOne(
      { _id: objectId(id), revokedAt: null },
      { $set: { revokedAt: at } },
    );
    return this.invites.findById(id).lean();
  }
}
