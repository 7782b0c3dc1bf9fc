import type { Model } from 'mongoose';
import { trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, forbidden, notFound } from '../../shared/errors.js';
import type { AuditTrail } from '../users/audit.index.js';
import type { MessageReader } from '../messages/index.js';
import type { ReportDoc, ReportStatus } from './report.model.js';

/** Which reports an admin wants to see; `before` is the id of a report. */
export interface ReportQuery {
  status?: ReportStatus | undefined;
  before?: string | undefined;
  limit: number;
}

/** What reports are built from. */
export interface ReportsParts {
  reports: Model<ReportDoc>;
  seen: MessageReader;
  audit: AuditTrail;
  clock: Clock;
}

/** Complaints about messages, and the admins' queue of them. */
export class Reports {
  constructor(private readonly parts: ReportsParts) {}

  /**
   * Reports a message, with a copy of what it says now. Reporting it again changes nothing.
   *
   * @throws {AppError} NOT_FOUND for those who may not see it, FORBIDDEN for one's own, GONE for a
   *   deleted one.
   */
  async report(
    actor: Actor,
    messageId: string,
    reason: string,
  ): Promise<{ report: ReportDoc; created: boolean }> {
    const { clock, reports, seen } = this.parts;
    const { doc } = await seen.seen(actor, messageId);
    if (doc.senderId.equals(actor.userId)) throw forbidden('You cannot report your own message');
    if (doc.deletedAt) throw new AppError('GONE', 'This message is deleted');
    try {
      const report = await reports.create({
        reporterId: objectId(actor.userId),
        messageId: doc._id,
        chatId: doc.chatId,
        reason,
        snapshot: {
          senderId: doc.senderId,
          messageType: doc.messageType,
          content: doc.content,
          media: doc.media,
          version: doc.version,
          createdAt: doc.createdAt,
        },
        status: 'open',
        createdAt: new Date(clock.now()),
      });
      return { report: report.toObject(), created: true };
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      const report = await reports
        .findOne({ messageId: doc._id, reporterId: objectId(actor.userId) })
        .lean();
      if (!report) throw error;
      return { report, created: false };
    }
  }

  /** The queue, newest first. */
  async list({ status, before, limit }: ReportQuery): Promise<{
    reports: ReportDoc[];
    hasMore: boolean;
  }> {
    const reports = await this.parts.reports
      .find({
        ...(status && { status }),
        ...(before !== undefined && { _id: trusted({ $lt: objectId(before) }) }),
      })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean();
    return { reports: reports.slice(0, limit), hasMore: reports.length > limit };
  }

  /**
   * Closes a report with a note.
   *
   * @throws {AppError} NOT_FOUND, CONFLICT when it is closed already.
   */
  async resolve(actor: Actor, reportId: string, note: string): Promise<ReportDoc> {
    return this.parts.audit.during(actor, { action: 'reports.resolve', subject: reportId }, () =>
      this.close(actor, reportId, note),
    );
  }

  private async close(actor: Actor, reportId: string, note: string): Promise<ReportDoc> {
    const { clock, reports } = this.parts;
    const report = await reports
      .findOneAndUpdate(
        { _id: objectId(reportId), status: 'open' },
        {
          $set: {
            status: 'resolved',
            resolvedBy: objectId(actor.userId),
            resolvedAt: new Date(clock.now()),
            note,
          },
        },
        { returnDocument: 'after' },
      )
      .lean();
    if (!report) {
      if (!(await reports.exists({ _id: objectId(reportId) }))) throw notFound('Report');
      throw new AppError('CONFLICT', 'This report is already resolved');
    }
    return report;
  }
}
