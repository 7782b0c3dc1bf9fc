import { trusted } from 'mongoose';
import type { Connection, Model, Types } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { MediaRecord } from './media.model.js';

export type { MediaRecord } from './media.model.js';

/** The facts of a file whose content is in the store. */
export type StoredFacts = Pick<MediaRecord, 'digest' | 'ref' | 'thumbnail'>;

/** Rows of one read of the collector. */
const BATCH = 200;

/** The rows of uploads. */
export class MediaRepository {
  private readonly media: Model<MediaRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.media = connection.model<MediaRecord>('Media');
  }

  /** Adds a row. */
  async insert(row: MediaRecord): Promise<void> {
    await this.media.create(row);
  }

  /** Replaces the row with the same id. */
  async replace(row: MediaRecord): Promise<void> {
    await this.media.replaceOne({ _id: row._id }, row);
  }

  /** Removes a row; the caller removes the content. */
  async remove(id: Types.ObjectId): Promise<void> {
    await this.media.deleteOne({ _id: id });
  }

  /** The row of a file, whatever its state; undefined when it is gone. */
  async find(fileId: string): Promise<MediaRecord | undefined> {
    return (await this.media.findById(fileId).lean()) ?? undefined;
  }

  /** A file that can be used, of any purpose unless one is given. */
  async findReady(
    fileId: string,
    purpose?: MediaRecord['purpose'],
  ): Promise<MediaRecord | undefined> {
    const row = await this.media
      .findOne({ _id: objectId(fileId), ...(purpose && { purpose }), status: 'ready' })
      .lean();
    return row ?? undefined;
  }

  /** A file of this owner, whatever its state. */
  async findOwn(fileId: string, ownerId: string): Promise<MediaRecord | undefined> {
    const row = await this.media
      .findOne({ _id: objectId(fileId), ownerId: objectId(ownerId) })
      .lean();
    return row ?? undefined;
  }

  /** Bytes that a user has stored, or is about to. */
  async storedBytes(ownerId: Types.ObjectId): Promise<number> {
    const rows = await this.media.find({ ownerId }, { size: 1, _id: 0 }).lean();
    return rows.reduce((sum, { size }) => sum + size, 0);
  }

  /** Marks a row as that of a file whose content is in the store. */
  async markReady(id: Types.ObjectId, facts: StoredFacts): Promise<void> {
    await this.media.updateOne(
      { _id: id },
      { $set: { status: 'ready', ...facts }, $currentDate: { readyAt: true } },
    );
  }

  /** The files whose contents were stored since a time, in that order; read as they are asked for. */
  readySince(since: Date): AsyncIterable<MediaRecord> {
    return this.media
      .find({ status: 'ready', readyAt: trusted({ $gte: since }) })
      .sort({ readyAt: 1 })
      .lean()
      .cursor();
  }

  /** Stops counting a row against its owner's quota; the collector removes it later. */
  async uncount(id: Types.ObjectId): Promise<void> {
    await this.media.updateOne({ _id: id }, { $set: { size: 0 } });
  }

  /**
   * Uses up the permission for a direct upload, of this owner when one is given: of concurrent calls, one
   * gets the row.
   *
   * @returns the row as it was before.
   */
  async takeExpected(fileId: string, ownerId?: string): Promise<MediaRecord | undefined> {
    const row = await this.media
      .findOneAndUpdate(
        {
          _id: objectId(fileId),
          ...(ownerId !== undefined && { ownerId: objectId(ownerId) }),
          status: 'expected',
        },
        { $set: { status: 'storing' } },
      )
      .lean();
    return row ?? undefined;
  }

  /**
   * Makes a permission that {@link takeExpected} has used up valid again, unless the row is a file's already.
   */
  async giveBackExpected(id: Types.ObjectId): Promise<void> {
    await this.media.updateOne(
      { _id: id, status: 'storing', directKey: null },
      { $set: { status: 'expected' } },
    );
  }

  /** Removes the key of a client's direct upload. */
  async forgetDirectKey(id: Types.ObjectId): Promise<void> {
    await this.media.updateOne({ _id: id }, { $unset: { directKey: 1 } });
  }

  /**
   * Records that a message of the chat is about to claim a file, and that it is uncertain from now on whether
   * the file is used.
   *
   * @returns false when it is not, or no longer, a usable file of a chat.
   */
  async claim(fileId: string, chatId: string, now: Date): Promise<boolean> {
    const { matchedCount } = await this.media.updateOne(
      { _id: objectId(fileId), purpose: 'chat', status: 'ready' },
      {
        $addToSet: { chatIds: objectId(chatId) },
        $set: { uncertainSince: now, claimedAt: now },
      },
    );
    return matchedCount > 0;
  }

  /** Records that it is uncertain since `since` whether anything uses these files. */
  async markUncertain(fileIds: string[], since: Date): Promise<void> {
    await this.media.updateMany(
      { _id: trusted({ $in: fileIds.map(objectId) }) },
      { $set: { uncertainSince: since } },
    );
  }

  /** As {@link markUncertain}, for all avatars of a user. */
  async markAvatarsUncertain(ownerId: string, since: Date): Promise<void> {
    await this.media.updateMany(
      { ownerId: objectId(ownerId), purpose: 'avatar' },
      { $set: { uncertainSince: since } },
    );
  }

  /** Files of which it has been uncertain since before `time` whether anything uses them, oldest first. */
  uncertainBefore(time: Date): AsyncIterable<MediaRecord> {
    return this.media
      .find({ uncertainSince: trusted({ $lt: time }) })
      .sort({ uncertainSince: 1 })
      .lean()
      .cursor({ batchSize: BATCH });
  }

  /**
   * Records that a file was found in use, unless it has become uncertain again since the row was read.
   *
   * @param nextLook when to check it again; undefined: not before something happens to it.
   */
  async confirm(row: MediaRecord, nextLook?: Date): Promise<void> {
    await this.media.updateOne(
      { _id: row._id, uncertainSince: row.uncertainSince },
      nextLook ? { $set: { uncertainSince: nextLook } } : { $unset: { uncertainSince: 1 } },
    );
  }

  /**
   * Takes a file out of use before it is removed, so that no message can claim it any more.
   *
   * @returns false when the row has changed since it was read: a message may have claimed the file.
   */
  async withdraw(row: MediaRecord): Promise<boolean> {
    const { matchedCount } = await this.media.updateOne(
      { _id: row._id, status: row.status, uncertainSince: row.uncertainSince ?? null },
      { $set: { status: 'storing', uncertainSince: row.uncertainSince ?? row.createdAt } },
    );
    return matchedCount > 0;
  }
}
