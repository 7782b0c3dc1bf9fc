import { Types, trusted } from 'mongoose';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import { paginate } from '../../shared/pagination.js';
import { objectId } from '../../platform/object-id.js';
import { notFound } from '../../shared/errors.js';
import type { UserAdministration, UserDirectory } from '../users/index.js';
import type { BroadcastDoc, BroadcastModels } from './broadcast.model.js';
import type { BroadcastRecord } from './broadcast.record.js';
import { toBroadcastRecord } from './broadcast.record.js';

/** How far a broadcast has come. */
export interface BroadcastStatistics {
  /** People it is for. */
  recipients: number;
  /** Of these, those whom it has reached. */
  delivered: number;
  /** Of these, those who have read it. */
  read: number;
}

/** What a position says of somebody. */
type Progress = 'deliveredNumber' | 'readNumber';

/** What admins may know of the broadcasts. */
export class BroadcastStatisticsService {
  constructor(
    private readonly models: BroadcastModels,
    private readonly users: UserAdministration,
    private readonly directory: Pick<UserDirectory, 'cards'>,
  ) {}

  /** All broadcasts, newest first. */
  async list(page: PageQuery): Promise<{ records: BroadcastRecord[]; pagination: Pagination }> {
    const [docs, total] = await Promise.all([
      this.models.broadcasts
        .find()
        .sort({ _id: -1 })
        .skip((page.page - 1) * page.limit)
        .limit(page.limit)
        .lean(),
      this.models.broadcasts.estimatedDocumentCount(),
    ]);
    const cards = await this.directory.cards(docs.map(({ senderId }) => senderId.toHexString()));
    return {
      records: docs.map((doc) => toBroadcastRecord(doc, cards.get(doc.senderId.toHexString()))),
      pagination: paginate(page, total),
    };
  }

  /** @throws {AppError} NOT_FOUND when there is no such broadcast. */
  async of(
    broadcastId: string,
  ): Promise<{ record: BroadcastRecord; statistics: BroadcastStatistics }> {
    const doc = await this.models.broadcasts.findById(objectId(broadcastId)).lean();
    if (!doc) throw notFound('Broadcast');
    const cards = await this.directory.cards([doc.senderId.toHexString()]);
    return {
      record: toBroadcastRecord(doc, cards.get(doc.senderId.toHexString())),
      statistics: await this.count(doc),
    };
  }

  private async count(doc: BroadcastDoc): Promise<BroadcastStatistics> {
    const { number } = doc;
    if (number === undefined || doc.sentAt === null) {
      return { recipients: 0, delivered: 0, read: 0 };
    }
    // Ids grow with time: later accounts are no recipients, however far they have come.
    const lastId = Types.ObjectId.createFromTime(Math.floor(doc.sentAt.getTime() / 1000) + 1);
    const admins = doc.audience.kind === 'role' ? await this.users.adminIds() : [];
    const among = {
      $lt: lastId,
      ...(doc.audience.kind === 'list' && { $in: doc.audience.userIds }),
      ...(doc.audience.kind === 'role' && {
        [doc.audience.role === 'admin' ? '$in' : '$nin']: admins.map(objectId),
      }),
    };
    const reached = (field: Progress, ids: Record<string, unknown>) =>
      this.models.positions.countDocuments({
        userId: trusted(ids),
        [field]: trusted({ $gte: number }),
      });
    const [recipients, ...all] = await Promise.all([
      this.users.count({ ...among }),
      reached('deliveredNumber', { ...among }),
      reached('readNumber', { ...among }),
    ]);
    let [delivered, read] = all;
    // Positions outlive the closing of an account, whose owner is no recipient any more.
    for await (const closed of this.users.closedIds({ ...among })) {
      delivered -= await reached('deliveredNumber', { $in: closed });
      read -= await reached('readNumber', { $in: closed });
    }
    return { recipients, delivered, read };
  }
}
