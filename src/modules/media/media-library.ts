import type { Model, Types } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { ChatAccess } from '../chats/index.js';
import type { Accounts } from '../users/index.js';
import type { LinkProof } from './media-links.js';
import type { MediaDoc } from './media.model.js';
import type { MediaUses } from './media-uses.js';
import type { StoredFiles } from './stored-files.js';

/** What the library is built from. */
export interface MediaLibraryParts {
  media: Model<MediaDoc>;
  access: ChatAccess;
  stored: StoredFiles;
  accounts: Pick<Accounts, 'status'>;
  uses: MediaUses;
  clock: Clock;
}

/** A message that has taken a file is written within this time, in milliseconds, or never. */
const CLAIM_MS = 15_000;

/** Stored files: who may see and remove them. */
export class MediaLibrary {
  constructor(private readonly parts: MediaLibraryParts) {}

  /**
   * A file for a user: its owner, and the members of the chats that it is attached in, as long as they
   * are members and nobody has blocked the other in a direct chat. Pictures of people are everybody's.
   *
   * @throws {AppError} NOT_FOUND for all others, and when there is no such file.
   */
  async find(userId: string, fileId: string): Promise<MediaDoc> {
    const doc = await this.ready(fileId);
    if (doc.purpose === 'avatar' || doc.ownerId.equals(userId)) return doc;
    for (const chatId of doc.chatIds) {
      if ((await this.isShown(userId, chatId)) && (await this.parts.uses.isUsed(fileId, chatId)))
        return doc;
    }
    throw notFound('File');
  }

  /** Whether a chat shows its files to a user: to readers, and not to two who have blocked each other. */
  private async isShown(userId: string, chatId: Types.ObjectId): Promise<boolean> {
    try {
      const { chat } = await this.parts.access.reader(userId, chatId.toHexString());
      return !chat.isBlocked;
    } catch (error) {
      if (error instanceof AppError && error.code === 'NOT_FOUND') return false;
      throw error;
    }
  }

  /**
   * A file for the holder of a signed address.
   *
   * @throws {AppError} NOT_FOUND when the file or the last message with it is gone, or the user whom
   *   the address was given to may no longer see it or has been shut out.
   */
  async findByLink({ userId }: LinkProof, fileId: string): Promise<MediaDoc> {
    if (userId !== undefined) {
      const status = await this.parts.accounts.status(userId);
      if (!status || status.isDeactivated) throw notFound('File');
      return this.find(userId, fileId);
    }
    const doc = await this.ready(fileId);
    if (!(await this.parts.uses.isUsed(fileId))) throw notFound('File');
    return doc;
  }

  /**
   * A person's picture, which anybody may see; undefined when it is anything else.
   *
   */
  async findAvatar(fileId: string): Promise<MediaDoc | undefined> {
    const doc = await this.parts.media
      .findOne({ _id: objectId(fileId), purpose: 'avatar', status: 'ready' })
      .lean();
    return doc ?? undefined;
  }

  /**
   * Removes an upload of the actor.
   *
   * @throws {AppError} NOT_FOUND for files of others, CONFLICT when a message uses it (deleting the
   *   message removes the file) or is about to.
   */
  async remove(actor: Actor, fileId: string): Promise<void> {
    const doc = await this.ready(fileId);
    if (!doc.ownerId.equals(actor.userId) || doc.purpose !== 'chat') throw notFound('File');
    const { uses, stored, clock } = this.parts;
    if (await uses.isUsed(fileId)) {
      throw new AppError('CONFLICT', 'The file is attached to a message; delete the message');
    }
    const isBeingTaken = doc.claimedAt && doc.claimedAt.getTime() > clock.now() - CLAIM_MS;
    if (isBeingTaken || !(await stored.withdraw(doc))) {
      throw new AppError('CONFLICT', 'A message is about to take the file; try again', {
        retryAfter: CLAIM_MS / 1000,
      });
    }
  }

  private async ready(fileId: string): Promise<MediaDoc> {
    const doc = await this.parts.media.findOne({ _id: objectId(fileId), status: 'ready' }).lean();
    if (!doc) throw notFound('File');
    return doc;
  }
}
