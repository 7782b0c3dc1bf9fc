import type { Connection, Model, Types } from 'mongoose';
import { trusted } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Entering, InviteRecord } from './invite.model.js';

export type { InviteRecord } from './invite.model.js';

/** The stored invites. */
export class InvitesRepository {
  private readonly invites: Model<InviteRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.invites = connection.model<InviteRecord>('Invite');
  }

  /** Stores a new invite, which nobody has used. */
  async insert(
    invite: Pick<InviteRecord, 'code' | 'expiresAt' | 'maxUses' | 'createdAt'> & {
      chatId: string;
      createdBy: string;
    },
  ): Promise<InviteRecord> {
    const { chatId, createdBy, ...terms } = invite;
    const created = await this.invites.create({
      ...terms,
      chatId: objectId(chatId),
      createdBy: objectId(createdBy),
    });
    return created.toObject();
  }

  /** The invite with this secret. */
  async byCode(code: string): Promise<InviteRecord | null> {
    return this.invites.findOne({ code }).lean();
  }

  /** All invites to a chat, those that have ended included. */
  async ofChat(chatId: string): Promise<InviteRecord[]> {
    return this.invites.find({ chatId: objectId(chatId) }).lean();
  }

  /** @returns false when the chat has no such invite. */
  async revoke(chatId: string, code: string, revokedAt: Date): Promise<boolean> {
    const { matchedCount } = await this.invites.updateOne(
      { code, chatId: objectId(chatId) },
      { $set: { revokedAt } },
    );
    return matchedCount > 0;
  }

  /**
   * Counts a use for somebody on the way in.
   *
   * @returns false when the invite is revoked, or used up meanwhile.
   */
  async countUse({ _id, maxUses }: InviteRecord, entering: Entering): Promise<boolean> {
    const { matchedCount } = await this.invites.updateOne(
      {
        _id,
        revokedAt: null,
        ...(maxUses !== null && { uses: trusted({ $lt: maxUses }) }),
      },
      { $inc: { uses: 1 }, $push: { entering } },
    );
    return matchedCount > 0;
  }

  /**
   * Goes on with a use that an earlier attempt has counted: it gets the new attempt's token.
   *
   * @returns false when the invite is revoked, or another attempt has ended the use or goes on with it.
   */
  async resumeUse(
    { _id }: InviteRecord,
    earlier: Types.ObjectId,
    token: Types.ObjectId,
  ): Promise<boolean> {
    const { matchedCount } = await this.invites.updateOne(
      { _id, revokedAt: null, 'entering.token': earlier },
      { $set: { 'entering.$.token': token } },
    );
    return matchedCount === 1;
  }

  /** Ends an attempt to enter, unless another one has gone on with its use. */
  async endEntering(
    { _id }: InviteRecord,
    token: Types.ObjectId,
    isUseGivenBack: boolean,
  ): Promise<void> {
    await this.invites.updateOne(
      { _id, 'entering.token': token },
      { $pull: { entering: { token } }, ...(isUseGivenBack && { $inc: { uses: -1 } }) },
    );
  }
}
