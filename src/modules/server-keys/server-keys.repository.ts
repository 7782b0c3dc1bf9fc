import type { Connection, Model, Types } from 'mongoose';
import { Schema, trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';
import type { ServerScope } from '../../shared/server-caller.js';

/** A server key, as stored. */
export interface ServerKeyRecord {
  _id: Types.ObjectId;
  name: string;
  /** The beginning of the key, which lists show; unique. */
  prefix: string;
  /** SHA-256 of the whole key, in hexadecimal. */
  hash: string;
  scopes: ServerScope[];
  /** The admin who has made it. */
  createdBy: Types.ObjectId;
  createdAt: Date;
  /** null: it does not expire. */
  expiresAt: Date | null;
  /** To the minute; null until its first use. */
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

const serverKeySchema = new Schema<ServerKeyRecord>(
  {
    name: { type: String, required: true },
    prefix: { type: String, required: true },
    hash: { type: String, required: true },
    scopes: { type: [String] as never, required: true },
    createdBy: { type: Schema.Types.ObjectId, required: true },
    createdAt: { type: Date, required: true },
    expiresAt: { type: Date, default: null },
    lastUsedAt: { type: Date, default: null },
    revokedAt: { type: Date, default: null },
  },
  { collection: 'serverkeys', versionKey: false },
);
// Finds the key of a call.
serverKeySchema.index({ prefix: 1 }, { unique: true });

/** Stands for the beginning of an attempt that has failed. */
export const FAILED = new Date(0);

/** A call that is done once, as stored. */
export interface OnceCallRecord {
  _id: Types.ObjectId;
  keyId: Types.ObjectId;
  idempotencyKey: string;
  fingerprint: string;
  /** When the attempt that is under way, or was interrupted, began. */
  begunAt: Date;
  /** What the work makes is made under this id, in every attempt. */
  onceId: string;
  /** The first answer as JSON text, sealed: it may hold the tokens of a user. */
  answer?: string;
  /** When the database forgets the call. */
  expiresAt: Date;
}

const onceCallSchema = new Schema<OnceCallRecord>(
  {
    keyId: { type: Schema.Types.ObjectId, required: true },
    idempotencyKey: { type: String, required: true },
    fingerprint: { type: String, required: true },
    begunAt: { type: Date, required: true },
    onceId: { type: String, required: true },
    answer: String,
    expiresAt: { type: Date, required: true },
  },
  { collection: 'oncecalls', versionKey: false },
);
// Of calls under one idempotency key, the first alone is stored.
onceCallSchema.index({ keyId: 1, idempotencyKey: 1 }, { unique: true });
// The database removes calls that no retry can name any more.
onceCallSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

/** Registers the server keys, and the calls under them, on a connection. */
export const defineServerKeyModels = (connection: Connection): void => {
  connection.model<ServerKeyRecord>('ServerKey', serverKeySchema);
  connection.model<OnceCallRecord>('OnceCall', onceCallSchema);
};

/** A key to be stored. */
export type NewServerKey = Pick<
  ServerKeyRecord,
  'name' | 'prefix' | 'hash' | 'scopes' | 'createdAt' | 'expiresAt'
> & { createdBy: string };

/** The stored server keys. */
export class ServerKeysRepository {
  private readonly keys: Model<ServerKeyRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.keys = connection.model<ServerKeyRecord>('ServerKey');
  }

  async create(key: NewServerKey): Promise<ServerKeyRecord> {
    return (await this.keys.create(key)).toObject();
  }

  async byPrefix(prefix: string): Promise<ServerKeyRecord | null> {
    return this.keys.findOne({ prefix }).lean();
  }

  async find(keyId: string): Promise<ServerKeyRecord | null> {
    return this.keys.findById(objectId(keyId)).lean();
  }

  /** How many keys are neither revoked nor expired. */
  async countValid(now: Date): Promise<number> {
    return this.keys.countDocuments({
      revokedAt: null,
      $or: [{ expiresAt: null }, { expiresAt: trusted({ $gt: now }) }],
    });
  }

  /** The newest keys first, at most `limit`; only those made before the key `before`, when it is given. */
  async newest(before: string | undefined, limit: number): Promise<ServerKeyRecord[]> {
    return this.keys
      .find(before === undefined ? {} : { _id: trusted({ $lt: objectId(before) }) })
      .sort({ _id: -1 })
      .limit(limit)
      .lean();
  }

  /** Revokes a key; answers it as it is then, or null when there is none. A revoked one keeps its time. */
  async revoke(keyId: string, at: Date): Promise<ServerKeyRecord | null> {
    await this.keys.updateOne(
      { _id: objectId(keyId), revokedAt: null },
      { $set: { revokedAt: at } },
    );
    return this.find(keyId);
  }

  /** Stores when keys were last used, in one write; an earlier time never replaces a later one. */
  async setLastUsed(times: ReadonlyMap<string, Date>): Promise<void> {
    const writes = [...times].map(([keyId, lastUsedAt]) => ({
      updateOne: { filter: { _id: objectId(keyId) }, update: { $max: { lastUsedAt } } },
    }));
    await this.keys.collection.bulkWrite(writes, { ordered: false });
  }
}

/** A call that begins. */
export type OnceAttempt = Pick<OnceCallRecord, 'fingerprint' | 'begunAt' | 'expiresAt' | 'onceId'>;

/** What names a stored call. */
export type OnceCallName = Pick<OnceCallRecord, 'idempotencyKey'> & { keyId: string };

/** The stored calls that are done once. */
export class OnceCallsRepository {
  private readonly calls: Model<OnceCallRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.calls = connection.model<OnceCallRecord>('OnceCall');
  }

  /** Stores a call that begins now; answers whether it is the first under its idempotency key. */
  async begin(call: OnceCallName & OnceAttempt): Promise<boolean> {
    try {
      await this.calls.create(call);
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  async find(call: OnceCallName): Promise<OnceCallRecord | null> {
    return this.calls.findOne(nameOf(call)).lean();
  }

  /** Begins a call in place of an earlier one; answers false when somebody else has, or that one has ended since. */
  async replace({ _id, begunAt, answer }: OnceCallRecord, attempt: OnceAttempt): Promise<boolean> {
    const { modifiedCount } = await this.calls.updateOne(
      { _id, begunAt, answer: answer ?? trusted({ $exists: false }) },
      { $set: attempt, $unset: { answer: 1 } },
    );
    return modifiedCount === 1;
  }

  /** Stores the answer of the attempt that began then. */
  async conclude(call: OnceCallName, begunAt: Date, answer: string): Promise<void> {
    await this.calls.updateOne({ ...nameOf(call), begunAt }, { $set: { answer } });
  }

  /** Notes that the attempt that began then has failed: the next one begins at once. */
  async release(call: OnceCallName, begunAt: Date): Promise<void> {
    await this.calls.updateOne(
      { ...nameOf(call), begunAt, answer: trusted({ $exists: false }) },
      { $set: { begunAt: FAILED } },
    );
  }
}

const nameOf = ({ keyId, idempotencyKey }: OnceCallName) => ({
  keyId: objectId(keyId),
  idempotencyKey,
});
