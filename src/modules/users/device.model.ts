import { Schema } from 'mongoose';
import type { Connection, Model, Types } from 'mongoose';

/** A device on which somebody has signed in with the right password. */
export interface DeviceDoc {
  _id: Types.ObjectId;
  userId: Types.ObjectId;
  /** SHA-256 of the device token. */
  tokenHash: string;
  /** SHA-256 of the password hash that was in force: under another password the device is not known. */
  passwordMark: string;
  lastUsedAt: Date;
  expiresAt: Date;
}

const schema = new Schema<DeviceDoc>(
  {
    userId: { type: Schema.Types.ObjectId, required: true },
    tokenHash: { type: String, required: true },
    passwordMark: { type: String, required: true },
    lastUsedAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'knowndevices', versionKey: false },
);

// For the oldest of a user's devices.
schema.index({ userId: 1, lastUsedAt: -1 });
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

const MODEL = 'KnownDevice';

/** Registers the model on a connection. */
export const defineDeviceModel = (connection: Connection): Model<DeviceDoc> =>
  connection.model<DeviceDoc>(MODEL, schema);

/** The model that `defineDeviceModel` has registered. */
export const deviceModel = (connection: Connection): Model<DeviceDoc> =>
  connection.model<DeviceDoc>(MODEL);
