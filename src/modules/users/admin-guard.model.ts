import { Schema } from 'mongoose';
import type { Connection, Model, Types } from 'mongoose';
import type { AccountStatusChange } from './account.js';

/** The one document under which admins lose their rights, one after the other. */
export interface AdminGuardDoc {
  _id: typeof ADMIN_GUARD_ID;
  /** Goes up by one with every loss. */
  revision: number;
  /** The loss that is decided and perhaps not carried out yet; null between two. */
  pending: { userId: Types.ObjectId; change: AccountStatusChange; decidedAt: Date } | null;
}

/** The id of the one document. */
export const ADMIN_GUARD_ID = 'admins';

const schema = new Schema<AdminGuardDoc>(
  {
    _id: { type: String, required: true },
    revision: { type: Number, required: true },
    pending: {
      type: new Schema(
        {
          userId: { type: Schema.Types.ObjectId, required: true },
          change: { type: Schema.Types.Mixed, required: true },
          decidedAt: { type: Date, required: true },
        },
        { _id: false },
      ),
      default: null,
    },
  },
  { collection: 'adminguards', versionKey: false },
);

const MODEL = 'AdminGuard';

/** Registers the model on a connection. */
export const defineAdminGuardModel = (connection: Connection): Model<AdminGuardDoc> =>
  connection.model<AdminGuardDoc>(MODEL, schema);

/** The model that `defineAdminGuardModel` has registered. */
export const adminGuardModel = (connection: Connection): Model<AdminGuardDoc> =>
  connection.model<AdminGuardDoc>(MODEL);
