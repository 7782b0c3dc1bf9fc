import type { Types } from 'mongoose';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { ChatAccess } from '../chats/index.js';
import type { MessagesRepository } from '../messages/index.js';
import type { LinkProof } from './links.js';
import type { MediaRecord, MediaRepository } from './media.repository.js';
import type { StoredFiles } from './stored-files.js';

/** A message that has claimed a file is written within this time, in milliseconds, or not at all. */
const CLAIM_MS = 15_000;

/** Stored files: who may see and remove them. */
export class MediaLibrary {
  constructor(
    private readonly deps: {
      media: MediaRepository;
      messages: MessagesRepository;
      stored: StoredFiles;
      access: ChatAccess;
      accounts: { status(userId: string): Promise<{ isDeactivated: boolean } | undefined> };
      clock: Clock;
    },
  ) {}

  /**
   * A file for a user: its owner, and the members of the chats that it is attached in, as long as they are
   * members and nobody has blocked the other in a direct chat. Anybody may see pictures of people.
   *
   * @throws {AppError} NOT_FOUND for all others, and when there is no such file.
   */
  async find(userId: string, fileId: string): Promise<MediaRecord> {
    const { messages } = this.deps;
    const row = await this.ready(fileId);
    if (row.purpose === 'avatar' || row.ownerId.equals(userId)) return row;
    for (const chatId of row.chatIds) {
      if ((await this.isShown(userId, chatId)) && (await messages.isFileUsed(fileId, chatId))) {
        return row;
      }
    }
    throw notFound('File');
  }

  /**
   * A file for the holder of a signed address.
   *
   * @throws {AppError} NOT_FOUND when the file or the last message with it is gone, or the user whom the
   *   address was given to may no longer see it or act.
   */
  async findByLink({ userId }: LinkProof, fileId: string): Promise<MediaRecord> {
    const { accounts, messages } = this.deps;
    if (userId !== undefined) {
      const status = await accounts.status(userId);
      if (!status || status.isDeactivated) throw notFound('File');
      return this.find(userId, fileId);
    }
    const row = await this.ready(fileId);
    if (!(await messages.isFileUsed(fileId))) throw notFound('File');
    return row;
  }

  /** A person's picture, which anybody may see; undefined when it is anything else. */
  findAvatar(fileId: string): Promise<MediaRecord | undefined> {
    return this.deps.media.findReady(fileId, 'avatar');
  }

  /** A file, without any check of access and in any state; undefined when it is gone. */
  record(fileId: string): Promise<MediaRecord | undefined> {
    return this.deps.media.find(fileId);
  }

  /**
   * Removes an upload of the user.
   *
   * @throws {AppError} NOT_FOUND for files of others, CONFLICT when a message uses it (deleting the
   *   message removes the file) or is about to.
   */
  async remove(userId: string, fileId: string): Promise<void> {
    const { messages, stored, clock } = this.deps;
    const row = await this.ready(fileId);
    if (!row.ownerId.equals(userId) || row.purpose !== 'chat') throw notFound('File');
    if (await messages.isFileUsed(fileId)) {
      throw new AppError('CONFLICT', 'The file is attached to a message; delete the message');
    }
    const isBeingTaken = row.claimedAt && row.claimedAt.getTime() > clock.now() - CLAIM_MS;
    if (isBeingTaken || !(await stored.withdraw(row))) {
      throw new AppError('CONFLICT', 'A message is about to take the file; try again', {
        retryAfter: CLAIM_MS / 1000,
      });
    }
  }

  /** Whether a chat shows its files to a user: to readers, and not to two who have blocked each other. */
  private async isShown(userId: string, chatId: Types.ObjectId): Promise<boolean> {
    try {
      const { chat } = await this.deps.access.reader(userId, chatId.toHexString());
      return !chat.isBlocked;
    } catch (error) {
      const isRefused = error instanceof AppError && ['NOT_FOUND', 'BANNED'].includes(error.code);
      if (isRefused) return false;
      throw error;
    }
  }

  private async ready(fileId: string): Promise<MediaRecord> {
    const row = await this.deps.media.findReady(fileId);
    if (!row) throw notFound('File');
    return row;
  }
}
