import type { Connection, Model, Types } from 'mongoose';
import { Schema, trusted } from 'mongoose';
import type { Locale } from '../../shared/locale.js';
import type { MailKind } from './mail-texts.js';

/**
 * A mail that is to be sent. It has no text and no link: these are made when it is sent, so that the database
 * never holds a link that works.
 */
export interface MailRecord {
  /** Cannot be guessed: links are derived from it. */
  _id: Types.ObjectId;
  kind: MailKind;
  /** The account that it is about; absent: the one that has the address when the mail is sent. */
  userId?: Types.ObjectId | null;
  address: string;
  /** The language of whoever asked for it, for an account that has none. */
  locale: Locale;
  /** See `MailOrder`. */
  passwordMark?: string | null;
  attempts: number;
  /** When it may be sent; later than now while a node sends it. */
  nextAttemptAt: Date;
  /** The database removes it then. */
  expiresAt: Date;
  createdAt: Date;
}

const mailSchema = new Schema<MailRecord>(
  {
    kind: { type: String, required: true },
    userId: { type: Schema.Types.ObjectId, default: null },
    address: { type: String, required: true },
    locale: { type: String, required: true },
    passwordMark: { type: String, default: null },
    attempts: { type: Number, required: true },
    nextAttemptAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
    createdAt: { type: Date, required: true },
  },
  { collection: 'outgoingmails', versionKey: false },
);
// The next mail that is due.
mailSchema.index({ nextAttemptAt: 1 });
// The database removes mails that could not be sent.
mailSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

/** Registers the mails on a connection. */
export const defineMailModel = (connection: Connection): void => {
  connection.model<MailRecord>('OutgoingMail', mailSchema);
};

/** A mail that is stored for the first time. */
export type NewMail = Omit<MailRecord, '_id' | 'userId' | 'passwordMark'> & {
  id: string;
  userId?: string | undefined;
  passwordMark?: string | undefined;
};

/** The stored mails. */
export class MailOutboxRepository {
  private readonly mails: Model<MailRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.mails = connection.model<MailRecord>('OutgoingMail');
  }

  async create({ id, ...fields }: NewMail): Promise<void> {
    await this.mails.create({ _id: id, ...fields });
  }

  /** Makes a mail due that may have been sent, and removed, already: then it is stored again. */
  async release({ id, nextAttemptAt, ...fields }: NewMail): Promise<void> {
    await this.mails.updateOne(
      { _id: id },
      { $set: { nextAttemptAt }, $setOnInsert: fields },
      { upsert: true },
    );
  }

  /** About how many mails wait; without looking at them. */
  async count(): Promise<number> {
    return this.mails.estimatedDocumentCount();
  }

  /** Takes the mail that has been due for the longest time, until `until`; null when none is due. */
  async claim(now: Date, until: Date): Promise<MailRecord | null> {
    return this.mails
      .findOneAndUpdate(
        { nextAttemptAt: trusted({ $lte: now }), expiresAt: trusted({ $gt: now }) },
        { $set: { nextAttemptAt: until }, $inc: { attempts: 1 } },
        { sort: { nextAttemptAt: 1 }, returnDocument: 'after' },
      )
      .lean();
  }

  /** Sets when a mail is tried again. */
  async postpone(id: Types.ObjectId, until: Date): Promise<void> {
    await this.mails.updateOne({ _id: id }, { $set: { nextAttemptAt: until } });
  }

  async remove(id: Types.ObjectId): Promise<void> {
    await this.mails.deleteOne({ _id: id });
  }
}
