import type { Connection, Types } from 'mongoose';
import { Schema } from 'mongoose';
import type { Attachment, MessageType } from '../messages/index.js';

/** The states of a report. */
export const REPORT_STATUSES = ['open', 'resolved'] as const;
export type ReportStatus = (typeof REPORT_STATUSES)[number];

/** The message as it was when it was reported, whatever becomes of it. */
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
// One report per message and reporter; finding it when it is made again.
reportSchema.index({ messageId: 1, reporterId: 1 }, { unique: true });
// The admins' queue, newest first.
reportSchema.index({ status: 1, _id: -1 });

/** Registers the reports on a connection. */
export const defineReportModel = (connection: Connection): void => {
  connection.model<ReportRecord>('Report', reportSchema);
};
