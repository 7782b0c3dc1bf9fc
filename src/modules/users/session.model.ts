import { Schema } from 'mongoose';
import type { Connection, Model, Types } from 'mongoose';

/** One login on one device. Its id stands in the access tokens as `sid`. */
export interface SessionDoc {
  _id: Types.ObjectId;
  userId: Types.ObjectId;
  /** SHA-256 of the refresh token that is valid now. */
  tokenHash: string;
  /** SHA-256 of the token that this one has replaced; null until there is one. */
  previousHash: string | null;
  /** When that one was first used. */
  rotatedAt: Date | null;
  /** SHA-256 of the token before the previous one; null, or absent in old documents, until there is one. */
  olderHash?: string | null;
  /** When that one was first used. */
  olderRotatedAt?: Date | null;
  /** When the unused refresh token, and the login with it, ends. */
  expiresAt: Date;
  revokedAt: Date | null;
  /** The known device that has signed in; absent in old documents. */
  deviceId?: Types.ObjectId | null;
  userAgent: string;
  ip: string;
  lastUsedAt: Date;
  createdAt: Date;
}

const schema = new Schema<SessionDoc>(
  {
    userId: { type: Schema.Types.ObjectId, required: true },
    tokenHash: { type: String, required: true },
    previousHash: { type: String, default: null },
    rotatedAt: { type: Date, default: null },
    olderHash: { type: String, default: null },
    olderRotatedAt: { type: Date, default: null },
    expiresAt: { type: Date, required: true },
    revokedAt: { type: Date, default: null },
    deviceId: { type: Schema.Types.ObjectId, default: null },
    userAgent: { type: String, default: '' },
    ip: { type: String, default: '' },
    lastUsedAt: { type: Date, required: true },
    createdAt: { type: Date, required: true },
  },
  { collection: 'refreshtokens', versionKey: false },
);

schema.index({ userId: 1 });
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

const MODEL = 'Session';

/** Registers the model on a connection. */
export const defineSessionModel = (connection: Connection): Model<SessionDoc> =>
  connection.model<SessionDoc>(MODEL, schema);

/** The model that `defineSessionModel` has registered. */
export const sessionModel = (connection: Connection): Model<SessionDoc> =>
  connection.model<SessionDoc>(MODEL);
