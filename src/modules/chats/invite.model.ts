import type { Connection, Types } from 'mongoose';
import { Schema } from 'mongoose';

/** Somebody for whom a use is counted, and who may not be in yet. */
export interface Entering {
  userId: Types.ObjectId;
  at: Date;
  /** Stands for the attempt; another one that goes on with it has its own. */
  token: Types.ObjectId;
}

/** A link by which people join a group without being added. */
export interface InviteRecord {
  _id: Types.ObjectId;
  /** The secret in the link. */
  code: string;
  chatId: Types.ObjectId;
  createdBy: Types.ObjectId;
  /** Null: it does not end by itself. */
  expiresAt: Date | null;
  /** Null: any number. */
  maxUses: number | null;
  uses: number;
  /** Those on the way in; who is left here by a crash may try again. */
  entering?: Entering[];
  revokedAt: Date | null;
  createdAt: Date;
}

const inviteSchema = new Schema<InviteRecord>(
  {
    code: { type: String, required: true },
    chatId: { type: Schema.Types.ObjectId, required: true },
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

/** The collection of invites on a connection. */
export const defineInviteModel = (connection: Connection): void => {
  connection.model<InviteRecord>('Invite', inviteSchema);
};
