import type { Connection, Model, Types } from 'mongoose';
import { Schema, trusted } from 'mongoose';
import { firstIdOf, objectId } from '../../platform/object-id.js';
import type { Attachment, MessageType } from '../messages/index.js';

/** The states of a report. */
export const REPORT_STATUSES = ['open', 'resolved'] as const;
export type ReportStatus = (typeof REPORT_STATUSES)[number];

/** The message as it was when it was reported; later changes do not change it. */
export interface ReportedMessage {
  senderId: Types.ObjectId;
  messageType: MessageType;
  content: string;
  media: Attachment[];
  version: number;
  createdAt: Date;
}

/** Somebody's report of a message. */
export interface ReportRecord {
  _id: Types.ObjectId;
  reporterId: Types.ObjectId;
  messageId: Types.ObjectId;
  chatId: Types.ObjectId;
  reason: string;
  snapshot: ReportedMessage;
  status: ReportStatus;
  resolvedBy: Types.ObjectId | null;
  resolvedAt: Date | null;
  /** The admin's note about the resolution. */
  note: string;
  createdAt: Date;
}

const reportSchema = new Schema<ReportRecord>(
  {
    reporterId: { type: Schema.Types.ObjectId, required: true },
    messageId: { type: Schema.Types.ObjectId, required: true },
    chatId: { type: Schema.Types.ObjectId, required: true },
    reason: { type: String, required: true },
    snapshot: {
      type: new Schema<ReportedMessage>(
        {
          senderId: { type: Schema.Types.ObjectId, required: true },
          messageType: { type: String, required: true },
          content: { type: String, default: '' },
          media: { type: [Schema.Types.Mixed] as never, default: [] },
          version: { type: Number, required: true },
          createdAt: { type: Date, required: true },
        },
        { _id: false },
      ),
      required: true,
    },
    status: { type: String, enum: REPORT_STATUSES, required: true },
    resolvedBy: { type: Schema.Types.ObjectId, default: null },
    resolvedAt: { type: Date, default: null },
    note: { type: String, default: '' },
    createdAt: { type: Date, required: true },
  },
  { collection: 'reports', versionKey: false },
);
// One report per message and reporter; finds it when it is reported again.
reportSchema.index({ messageId: 1, reporterId: 1 }, { unique: true });
// The admins' queue, newest first.
reportSchema.index({ status: 1, _id: -1 });

/** Registers the reports on a connection. */
export const defineReportModel = (connection: Connection): void => {
  connection.model<ReportRecord>('Report', reportSchema);
};

/** A new report; its resolution adds the other fields. */
export type NewReport = Pick<
  ReportRecord,
  'reporterId' | 'messageId' | 'chatId' | 'reason' | 'snapshot' | 'status' | 'createdAt'
>;

/** A page of the reports; `before` is the id of a report. */
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

  /** The reports that were made since a time; read as they are asked for. */
  createdSince(since: Date): AsyncIterable<ReportRecord> {
    return this.reports
      .find({ _id: trusted({ $gte: firstIdOf(since) }) })
      .lean()
      .cursor();
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

  /** Resolves all open reports of a message. */
  async resolveOfMessage(
    messageId: Types.ObjectId,
    resolution: { resolvedBy: Types.ObjectId; resolvedAt: Date; note: string },
  ): Promise<void> {
    await this.reports.updateMany(
      { messageId, status: 'open' },
      { $set: { status: 'resolved', ...resolution } },
    );
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
