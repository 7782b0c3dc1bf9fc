import { trusted } from 'mongoose';
import type { Connection, Model, Types } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { ReportRecord, ReportStatus } from './reports.model.js';

/** A report when it is made; the rest comes with its resolution. */
export type NewReport = Pick<
  ReportRecord,
  'reporterId' | 'messageId' | 'chatId' | 'reason' | 'snapshot' | 'status' | 'createdAt'
>;

/** Which reports an admin wants to see; `before` is the id of a report. */
export interface ReportQuery {
  status?: ReportStatus | undefined;
  before?: string | undefined;
  limit: number;
}

/** The stored reports. */
export class ReportsRepository {
  private readonly reports: Model<ReportRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.reports = connection.model<ReportRecord>('Report');
  }

  /** @throws a duplicate-key error when the reporter has reported the message before. */
  async create(report: NewReport): Promise<ReportRecord> {
    return (await this.reports.create(report)).toObject();
  }

  /** The report that a user has made of a message. */
  async findByReporter(
    messageId: Types.ObjectId,
    reporterId: Types.ObjectId,
  ): Promise<ReportRecord | null> {
    return this.reports.findOne({ messageId, reporterId }).lean();
  }

  async exists(reportId: string): Promise<boolean> {
    return (await this.reports.exists({ _id: objectId(reportId) })) !== null;
  }

  /** The newest reports first. */
  async newest({ status, before, limit }: ReportQuery): Promise<ReportRecord[]> {
    return this.reports
      .find({
        ...(status && { status }),
        ...(before !== undefined && { _id: trusted({ $lt: objectId(before) }) }),
      })
      .sort({ _id: -1 })
      .limit(limit)
      .lean();
  }

  /** Resolves an open report; answers it as it is then, or null when there is no open one with this id. */
  async resolve(
    reportId: string,
    resolution: { resolvedBy: Types.ObjectId; resolvedAt: Date; note: string },
  ): Promise<ReportRecord | null> {
    return this.reports
      .findOneAndUpdate(
        { _id: objectId(reportId), status: 'open' },
        { $set: { status: 'resolved', ...resolution } },
        { returnDocument: 'after' },
      )
      .lean();
  }
}
