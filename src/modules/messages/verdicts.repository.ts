import type { Connection, Model } from 'mongoose';
import { Schema, trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';

/** What the pre-send hook has answered about a message, or that a node is asking it. */
interface StoredVerdict {
  /** Digest of what identifies the message and its text. */
  _id: string;
  /** The node's claim to ask. */
  claim: string;
  /** Until when nobody else asks. */
  claimedUntil: Date;
  /** The verdict as JSON; null while the hook is being asked. */
  verdict: string | null;
  /** The database removes it then. */
  expiresAt: Date;
}

const verdictSchema = new Schema<StoredVerdict>(
  {
    _id: { type: String, required: true },
    claim: { type: String, required: true },
    claimedUntil: { type: Date, required: true },
    verdict: { type: String, default: null },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'presendverdicts', versionKey: false },
);
verdictSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

/** Registers the verdicts on a connection. */
export const defineVerdictModel = (connection: Connection): void => {
  connection.model<StoredVerdict>('PreSendVerdict', verdictSchema);
};

/** The hook's verdicts, shared by all nodes. */
export class VerdictsRepository {
  private readonly verdicts: Model<StoredVerdict>;

  /** @param connection has the model of `defineVerdictModel`. */
  constructor(connection: Connection) {
    this.verdicts = connection.model<StoredVerdict>('PreSendVerdict');
  }

  /**
   * Takes the right to ask about a message.
   *
   * @param times.until when others may ask although there is no verdict: the node has died.
   * @returns undefined when this node is to ask; else the verdict, or null while another node is asking.
   */
  async claim(
    id: string,
    claim: string,
    times: { now: Date; until: Date; expiresAt: Date },
  ): Promise<string | null | undefined> {
    const { now, until, expiresAt } = times;
    try {
      await this.verdicts.updateOne(
        {
          _id: id,
          $or: [
            { verdict: null, claimedUntil: trusted({ $lte: now }) },
            // The database removes what has expired once a minute.
            { expiresAt: trusted({ $lte: now }) },
          ],
        },
        { $set: { claim, claimedUntil: until, verdict: null, expiresAt } },
        { upsert: true },
      );
      return undefined;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
    const found = await this.verdicts.findById(id, { verdict: 1 }).lean();
    return found?.verdict ?? null;
  }

  /** Stores the verdict of who holds the claim. */
  async settle(id: string, claim: string, verdict: string): Promise<void> {
    await this.verdicts.updateOne({ _id: id, claim }, { $set: { verdict } });
  }

  /** Gives a claim back without a verdict. */
  async release(id: string, claim: string): Promise<void> {
    await this.verdicts.deleteOne({ _id: id, claim, verdict: null });
  }
}
