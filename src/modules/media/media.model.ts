import type { Connection, Types } from 'mongoose';
import { Schema } from 'mongoose';

/** The kind of a file, as clients see it. */
export type MediaKind = 'image' | 'video' | 'audio' | 'file';

/**
 * The state of a file: `expected` has a permission for a direct upload, `storing` is being checked, `ready`
 * can be used.
 */
export type MediaStatus = 'expected' | 'storing' | 'ready';

/** An uploaded file: keys and facts, never an address that works. */
export interface MediaRecord {
  _id: Types.ObjectId;
  ownerId: Types.ObjectId;
  purpose: 'chat' | 'avatar';
  /** The chats that it was uploaded to, or attached in; empty for a picture of a person. */
  chatIds: Types.ObjectId[];
  status: MediaStatus;
  kind: MediaKind;
  /** Name for people; never used as a path. */
  filename: string;
  mimeType: string;
  /** Bytes, thumbnail included. */
  size: number;
  /** The key of the content in the store. */
  key: string;
  /** The store's own name of the object, where it has one. */
  ref?: string;
  thumbnail?: { key: string; ref?: string; mimeType: string };
  /** SHA-256 of the content; also its ETag. */
  digest?: string;
  /** Pixels, of images. */
  width?: number;
  height?: number;
  /** Seconds, of sound and films whose headers say so. */
  duration?: number;
  createdAt: Date;
  /** When its content was stored, by the database's clock; absent in files of older versions. */
  readyAt?: Date;
  /**
   * Since when it is uncertain whether anything uses the file: it is new, a message is about to claim it or
   * to be deleted, or the profile has another picture. After the collector has found it in use: absent, or
   * for a picture of a person the time of the next check.
   */
  uncertainSince?: Date;
  /** When a message last claimed the file; the message may not be written yet. */
  claimedAt?: Date;
  /** Until when a direct upload is accepted. */
  expiresAt?: Date;
  /** Where the client put a direct upload in the store; removed, because it is not the checked content. */
  directKey?: string;
}

const mediaSchema = new Schema<MediaRecord>(
  {
    ownerId: { type: Schema.Types.ObjectId, required: true },
    purpose: { type: String, enum: ['chat', 'avatar'], required: true },
    chatIds: { type: [Schema.Types.ObjectId], default: [] },
    status: { type: String, enum: ['expected', 'storing', 'ready'], required: true },
    kind: { type: String, enum: ['image', 'video', 'audio', 'file'], required: true },
    filename: { type: String, required: true },
    mimeType: { type: String, required: true },
    size: { type: Number, required: true },
    key: { type: String, required: true },
    ref: String,
    thumbnail: {
      type: new Schema({ key: String, ref: String, mimeType: String }, { _id: false }),
    },
    digest: String,
    width: Number,
    height: Number,
    duration: Number,
    createdAt: { type: Date, required: true },
    readyAt: Date,
    uncertainSince: Date,
    claimedAt: Date,
    expiresAt: Date,
    directKey: String,
  },
  { collection: 'media', versionKey: false },
);
// A user's quota, and the picture that a new one replaces.
mediaSchema.index({ ownerId: 1, purpose: 1 });
// What was uploaded since a time, for webhooks.
mediaSchema.index({ readyAt: 1 }, { partialFilterExpression: { readyAt: { $exists: true } } });
// The files that the collector has to check, without those known to be in use.
mediaSchema.index(
  { uncertainSince: 1 },
  { partialFilterExpression: { uncertainSince: { $exists: true } } },
);

/** Registers the collection of uploads on a connection. */
export const defineMediaModels = (connection: Connection): void => {
  connection.model<MediaRecord>('Media', mediaSchema);
};
