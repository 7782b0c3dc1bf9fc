import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, forbidden, notFound } from '../../shared/errors.js';
import type { MessageReader } from '../messages/index.js';
import type { AuditTrail } from '../users/index.js';
import type { Cases, NewReportInput } from './cases.js';
import type { CaseRecord, ReportCategory } from './cases.repository.js';
import type { ReportRecord, ReportQuery, ReportsRepository } from './reports.repository.js';

/** Reports of messages, and the admins' queue of them. */
export class Reports {
  constructor(
    private readonly deps: {
      reports: ReportsRepository;
      cases: Pick<Cases, 'report'>;
      reader: Pick<MessageReader, 'visible'>;
      audit: AuditTrail;
      clock: Clock;
    },
  ) {}

  /**
   * Reports a message, with a copy of what it says now, and adds the report to the message's case. Reporting it again
   * changes nothing.
   *
   * @throws {AppError} NOT_FOUND when the actor may not see it, FORBIDDEN when it is their own, GONE when it is
   *   deleted.
   */
  async report(
    actor: Actor,
    messageId: string,
    reason: string,
    category: ReportCategory,
  ): Promise<{ report: ReportRecord; created: boolean }> {
    const made = await this.store(actor, messageId, reason);
    // Also when the report was there: a server may have stopped before the case had it.
    if (made.report.status === 'open') {
      const input = { kind: 'message', id: messageId, category, text: reason } as const;
      await this.deps.cases.report(actor, input);
    }
    return made;
  }

  /**
   * Adds a report to the case of a message, a person or a chat. One of a message is a single report, too, so that it
   * is in the list of these and webhooks hear of it.
   *
   * @throws {AppError} what {@link Cases.report} throws.
   */
  async reportCase(
    actor: Actor,
    input: NewReportInput,
  ): Promise<{ found: CaseRecord; isNew: boolean }> {
    // A single report says something; the category does where the person has written nothing.
    if (input.kind === 'message') await this.store(actor, input.id, input.text || input.category);
    return this.deps.cases.report(actor, input);
  }

  private async store(
    actor: Actor,
    messageId: string,
    reason: string,
  ): Promise<{ report: ReportRecord; created: boolean }> {
    const { clock, reports, reader } = this.deps;
    const { doc } = await reader.visible(actor, messageId);
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
      return { report, created: true };
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      const report = await reports.findByReporter(doc._id, objectId(actor.userId));
      if (!report) throw error;
      return { report, created: false };
    }
  }

  /** The queue, newest first. */
  async list(query: ReportQuery): Promise<{ reports: ReportRecord[]; hasMore: boolean }> {
    const { limit } = query;
    const reports = await this.deps.reports.newest({ ...query, limit: limit + 1 });
    return { reports: reports.slice(0, limit), hasMore: reports.length > limit };
  }

  /**
   * Resolves a report with a note.
   *
   * @throws {AppError} NOT_FOUND, CONFLICT when it is resolved already.
   */
  async resolve(actor: Actor, reportId: string, note: string): Promise<ReportRecord> {
    return this.deps.audit.during(actor, { action: 'reports.resolve', subject: reportId }, () =>
      this.close(actor, reportId, note),
    );
  }

  private async close(actor: Actor, reportId: string, note: string): Promise<ReportRecord> {
    const { clock, reports } = this.deps;
    const report = await reports.resolve(reportId, {
      resolvedBy: objectId(actor.userId),
      resolvedAt: new Date(clock.now()),
      note,
    });
    if (!report) {
      if (!(await reports.exists(reportId))) throw notFound('Report');
      throw new AppError('CONFLICT', 'This report is already resolved');
    }
    return report;
  }
}
