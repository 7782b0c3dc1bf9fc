import type { Connection, Model } from 'mongoose';
import { Schema, Types, trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';
import type { Attachment, MessageType } from '../messages/index.js';

/** What a case is about. */
export const CASE_KINDS = ['message', 'user', 'chat'] as const;
export type CaseKind = (typeof CASE_KINDS)[number];

/** Why somebody reports. */
export const REPORT_CATEGORIES = [
  'spam',
  'harassment',
  'hate',
  'violence',
  'sexual',
  'self-harm',
  'illegal',
  'impersonation',
  'other',
] as const;
export type ReportCategory = (typeof REPORT_CATEGORIES)[number];

/** `open`, `assigned` to a moderator; then `resolved` by an action, or `dismissed`. */
export const CASE_STATES = ['open', 'assigned', 'resolved', 'dismissed'] as const;
export type CaseState = (typeof CASE_STATES)[number];

/** What a moderator does about a case. */
export const CASE_ACTIONS = ['delete', 'warn', 'silence', 'ban', 'dismiss'] as const;
export type CaseAction = (typeof CASE_ACTIONS)[number];

/** A message as it was when it was first reported. */
export interface FrozenMessage {
  messageId: Types.ObjectId;
  seq: number;
  senderId: Types.ObjectId;
  senderName: string;
  messageType: MessageType;
  content: string;
  media: Attachment[];
  createdAt: Date;
}

/** What is frozen with the first report: later changes do not change it. */
export interface CaseContext {
  /** The reported person's name, or the chat's. */
  name: string;
  /** The reported message with some before and after it, in their order; empty for a person or a chat. */
  messages: FrozenMessage[];
}

/** One person's report. */
export interface CaseReport {
  reporterId: Types.ObjectId;
  category: ReportCategory;
  text: string;
  at: Date;
}

/** What a moderator is doing, or has done. */
export interface CaseDecision {
  action: CaseAction;
  by: Types.ObjectId;
  at: Date;
  /** Told to the reporters. */
  note: string;
}

/** All reports of one thing since it was last decided about. */
export interface CaseRecord {
  _id: Types.ObjectId;
  kind: CaseKind;
  targetId: Types.ObjectId;
  /** The chat of the message, or the chat itself. */
  chatId: Types.ObjectId | null;
  /** Who has written the message, or is reported; null for a chat. */
  accusedId: Types.ObjectId | null;
  state: CaseState;
  /** Set, and true, until the case is decided: there is one such case of a thing. */
  isOpen?: true;
  assigneeId: Types.ObjectId | null;
  context: CaseContext;
  /** The first {@link MAX_REPORTS}. */
  reports: CaseReport[];
  reportCount: number;
  /** Reports by category; of each report, also beyond those that are kept. */
  categories: Partial<Record<ReportCategory, number>>;
  /** What a moderator has begun; for good when the server stops in between, and then another one may act. */
  acting?: CaseDecision;
  decision?: CaseDecision;
  createdAt: Date;
  closedAt: Date | null;
}

/** Reports that a case keeps; more are counted. */
export const MAX_REPORTS = 500;
/** How long a moderator's action keeps others from acting, in milliseconds: longer than any action takes. */
const ACTING_MS = 15_000;

const caseSchema = new Schema<CaseRecord>(
  {
    kind: { type: String, enum: CASE_KINDS, required: true },
    targetId: { type: Schema.Types.ObjectId, required: true },
    chatId: { type: Schema.Types.ObjectId, default: null },
    accusedId: { type: Schema.Types.ObjectId, default: null },
    state: { type: String, enum: CASE_STATES, required: true },
    isOpen: Boolean,
    assigneeId: { type: Schema.Types.ObjectId, default: null },
    context: { type: Schema.Types.Mixed, required: true } as never,
    reports: { type: [Schema.Types.Mixed] as never, default: [] },
    reportCount: { type: Number, default: 0 },
    categories: { type: Schema.Types.Mixed, default: {} } as never,
    acting: { type: Schema.Types.Mixed } as never,
    decision: { type: Schema.Types.Mixed } as never,
    createdAt: { type: Date, required: true },
    closedAt: { type: Date, default: null },
  },
  { collection: 'cases', versionKey: false, minimize: false },
);
// One open case of a thing, however many report it at once.
caseSchema.index(
  { targetId: 1, kind: 1 },
  { unique: true, name: 'open_cases', partialFilterExpression: { isOpen: true } },
);
// The queues: of all, of one state, of one chat.
caseSchema.index({ state: 1, _id: -1 });
caseSchema.index({ chatId: 1, _id: -1 });
// A reporter's own, newest first.
caseSchema.index({ 'reports.reporterId': 1, _id: -1 });
// Whether an open case keeps a file.
caseSchema.index({ 'context.messages.media.fileId': 1 });
// Statistics of a span of time.
caseSchema.index({ createdAt: 1 });

/** Registers the cases on a connection. */
export const defineCaseModel = (connection: Connection): void => {
  connection.model<CaseRecord>('Case', caseSchema);
};

/** A page of the queue; `before` is the id of a case. */
export interface CaseQuery {
  state?: CaseState | undefined;
  kind?: CaseKind | undefined;
  category?: ReportCategory | undefined;
  assigneeId?: string | undefined;
  chatId?: string | undefined;
  before?: string | undefined;
  limit: number;
}

/** A new case. */
export type NewCase = Pick<CaseRecord, 'kind' | 'targetId' | 'chatId' | 'accusedId' | 'context'>;

/** Cases by state and by category, and how long decisions took. */
export interface CaseStatistics {
  states: Partial<Record<CaseState, number>>;
  categories: Partial<Record<ReportCategory, number>>;
  /** Seconds from the first report to the decision, on average; null when nothing was decided. */
  averageSecondsToClose: number | null;
}

/** The stored cases. */
export class CasesRepository {
  private readonly cases: Model<CaseRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.cases = connection.model<CaseRecord>('Case');
  }

  /** The open case of a thing. */
  async openOf(kind: CaseKind, targetId: Types.ObjectId): Promise<CaseRecord | null> {
    return this.cases.findOne({ kind, targetId, isOpen: true }).lean();
  }

  /**
   * Adds a report to the open case of a thing, which it opens when there is none. A second report by the same person
   * changes nothing.
   */
  async addReport(
    { kind, targetId, ...rest }: NewCase,
    report: CaseReport,
  ): Promise<{ found: CaseRecord; isNew: boolean }> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const found = await this.cases.collection.findOneAndUpdate(
          { kind, targetId, isOpen: true, 'reports.reporterId': { $ne: report.reporterId } },
          {
            $setOnInsert: {
              _id: new Types.ObjectId(),
              ...rest,
              state: 'open',
              assigneeId: null,
              createdAt: report.at,
              closedAt: null,
            },
            $push: { reports: { $each: [report], $slice: MAX_REPORTS } } as never,
            $inc: { reportCount: 1, [`categories.${report.category}`]: 1 },
          },
          { upsert: true, returnDocument: 'after' },
        );
        return { found: found as CaseRecord, isNew: true };
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        // The person has reported it before, or another report has opened the case at the same moment.
        const found = await this.openOf(kind, targetId);
        const isMine = found?.reports.some(({ reporterId }) =>
          reporterId.equals(report.reporterId),
        );
        if (found && isMine) return { found, isNew: false };
        if (attempt >= MAX_ATTEMPTS) throw error;
      }
    }
  }

  async byId(caseId: string): Promise<CaseRecord | null> {
    return this.cases.findById(objectId(caseId)).lean();
  }

  /** The newest cases first. */
  async newest({
    state,
    kind,
    category,
    assigneeId,
    chatId,
    before,
    limit,
  }: CaseQuery): Promise<CaseRecord[]> {
    return this.cases
      .find({
        ...(state && { state }),
        ...(kind && { kind }),
        ...(category && { [`categories.${category}`]: trusted({ $gte: 1 }) }),
        ...(assigneeId !== undefined && { assigneeId: objectId(assigneeId) }),
        ...(chatId !== undefined && { chatId: objectId(chatId) }),
        ...(before !== undefined && { _id: trusted({ $lt: objectId(before) }) }),
      })
      .sort({ _id: -1 })
      .limit(limit)
      .lean();
  }

  /** The cases that a person has reported, newest first. */
  async ofReporter(
    reporterId: string,
    before: string | undefined,
    limit: number,
  ): Promise<CaseRecord[]> {
    return this.cases
      .find({
        'reports.reporterId': objectId(reporterId),
        ...(before !== undefined && { _id: trusted({ $lt: objectId(before) }) }),
      })
      .sort({ _id: -1 })
      .limit(limit)
      .lean();
  }

  /** Gives an open case to a moderator, or back to the queue (null); null when it is not open. */
  async assign(caseId: string, assigneeId: string | null): Promise<CaseRecord | null> {
    const state = assigneeId === null ? 'open' : 'assigned';
    return this.cases
      .findOneAndUpdate(
        { _id: objectId(caseId), isOpen: true },
        { $set: { assigneeId: assigneeId === null ? null : objectId(assigneeId), state } },
        { returnDocument: 'after' },
      )
      .lean();
  }

  /** Begins an action on an open case; null when it is not open, or another moderator is acting on it. */
  async beginAction(caseId: string, acting: CaseDecision): Promise<CaseRecord | null> {
    const abandoned = new Date(acting.at.getTime() - ACTING_MS);
    return this.cases
      .findOneAndUpdate(
        {
          _id: objectId(caseId),
          isOpen: true,
          $or: [
            { acting: trusted({ $exists: false }) },
            { 'acting.at': trusted({ $lt: abandoned }) },
          ],
        },
        { $set: { acting } },
        { returnDocument: 'after' },
      )
      .lean();
  }

  /** Gives up an action that has failed; the case stays open. */
  async abandonAction(caseId: string, { by, at }: CaseDecision): Promise<void> {
    await this.cases.updateOne(
      { _id: objectId(caseId), 'acting.by': by, 'acting.at': at },
      { $unset: { acting: 1 } },
    );
  }

  /** Closes a case after its action; null when somebody else has taken it over meanwhile. */
  async close(caseId: string, decision: CaseDecision, closedAt: Date): Promise<CaseRecord | null> {
    const state = decision.action === 'dismiss' ? 'dismissed' : 'resolved';
    return this.cases
      .findOneAndUpdate(
        { _id: objectId(caseId), isOpen: true, 'acting.by': decision.by, 'acting.at': decision.at },
        { $set: { state, decision, closedAt }, $unset: { isOpen: 1, acting: 1 } },
        { returnDocument: 'after' },
      )
      .lean();
  }

  /** Whether an open case keeps the file. */
  async isFileKept(fileId: string): Promise<boolean> {
    const found = await this.cases.collection.findOne(
      { 'context.messages.media.fileId': fileId, isOpen: true },
      { projection: { _id: 1 } },
    );
    return found !== null;
  }

  /** Counts the cases that were opened in a span of time. */
  async statistics(from: Date, to: Date): Promise<CaseStatistics> {
    const rows = this.cases
      .find(
        { createdAt: trusted({ $gte: from, $lt: to }) },
        { state: 1, categories: 1, createdAt: 1, closedAt: 1 },
      )
      .lean()
      .cursor();
    const states: CaseStatistics['states'] = {};
    const categories: CaseStatistics['categories'] = {};
    let [closed, seconds] = [0, 0];
    for await (const row of rows) {
      states[row.state] = (states[row.state] ?? 0) + 1;
      for (const category of REPORT_CATEGORIES) {
        const count = row.categories[category] ?? 0;
        if (count > 0) categories[category] = (categories[category] ?? 0) + count;
      }
      if (!row.closedAt) continue;
      closed += 1;
      seconds += (row.closedAt.getTime() - row.createdAt.getTime()) / 1000;
    }
    return { states, categories, averageSecondsToClose: closed === 0 ? null : seconds / closed };
  }
}

/** How often a report may meet a case that is opened or closed at the same moment. */
const MAX_ATTEMPTS = 5;
