import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { ForClients } from '../../shared/audience.js';
import { audiences } from '../../shared/audience.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, forbidden, invalidInput, notFound } from '../../shared/errors.js';
import type { ChatAccess } from '../chats/index.js';
import { refusalToOversee } from '../chats/index.js';
import type { MessageReader, MessagesRepository, StoredMessage } from '../messages/index.js';
import type { AuditTrail, UserCard } from '../users/index.js';
import type {
  CaseAction,
  CaseContext,
  CaseDecision,
  CaseKind,
  CaseQuery,
  CaseRecord,
  CaseReport,
  CaseStatistics,
  CasesRepository,
  NewCase,
  ReportCategory,
} from './cases.repository.js';
import type { ReportsRepository } from './reports.repository.js';
import type { SanctionInput } from './sanctions.js';

/** What a moderator can do from the queue. Each may be repeated: a second time changes nothing. */
export interface ModerationActions {
  deleteMessage(actor: Actor, messageId: string, reason: string): Promise<unknown>;
  silence(input: SanctionInput): Promise<unknown>;
  ban(input: SanctionInput): Promise<unknown>;
  /** Tells somebody what they must not do again. */
  warn(actor: Actor, userId: string, text: string): Promise<unknown>;
}

/** A report, of a message, a person or a chat. */
export interface NewReportInput {
  kind: CaseKind;
  id: string;
  category: ReportCategory;
  text: string;
}

/** A decision of a moderator. */
export interface CaseActionInput {
  action: CaseAction;
  /** For `silence` and `ban`: in the case's chat, or on the server (the default). */
  scope?: 'chat' | 'server' | undefined;
  until?: Date | undefined;
  /** Told to the person that it is about; for `warn` the warning. */
  reason: string;
  /** Told to the reporters. */
  note: string;
}

/** The domain events of cases. */
export interface CaseEvents {
  /** A case has been decided; only its reporters' devices are notified. */
  'case.closed': ForClients & {
    caseId: string;
    kind: CaseKind;
    targetId: string;
    state: 'resolved' | 'dismissed';
    note: string;
    at: string;
  };
}

/** Messages before and after the reported one that a case keeps. */
const CONTEXT_MESSAGES = 5;

/** Reports of messages, people and chats, and the moderators' queue of them. */
export class Cases {
  constructor(
    private readonly deps: {
      cases: CasesRepository;
      /** Single reports of messages, which a decision resolves as well. */
      reports: Pick<ReportsRepository, 'resolveOfMessage'>;
      reader: Pick<MessageReader, 'visible'>;
      messages: Pick<MessagesRepository, 'window'>;
      access: Pick<ChatAccess, 'member' | 'reader'>;
      directory: {
        card(userId: string): Promise<UserCard | undefined>;
        cards(userIds: Iterable<string>): Promise<Map<string, UserCard>>;
      };
      /** The names of chats; empty for one without. */
      nameOf(chatId: string): Promise<string>;
      actions: ModerationActions;
      audit: AuditTrail;
      bus: Publisher<CaseEvents>;
      clock: Clock;
    },
  ) {}

  /**
   * Reports something. All reports of one thing are one case until it is decided; reporting it again meanwhile
   * changes nothing.
   *
   * @throws {AppError} NOT_FOUND for what the actor may not see, FORBIDDEN for what is their own, GONE for a deleted
   *   message.
   */
  async report(
    actor: Actor,
    { kind, id, category, text }: NewReportInput,
  ): Promise<{ found: CaseRecord; isNew: boolean }> {
    const { cases, clock } = this.deps;
    const target = await this.targetOf(actor, kind, id);
    const report: CaseReport = {
      reporterId: objectId(actor.userId),
      category,
      text,
      at: new Date(clock.now()),
    };
    return cases.addReport(target, report);
  }

  /** The cases that the actor has reported, newest first, with the actor's report. */
  async mine(
    actor: Actor,
    { before, limit }: { before?: string | undefined; limit: number },
  ): Promise<{ items: { found: CaseRecord; report: CaseReport }[]; hasMore: boolean }> {
    const found = await this.deps.cases.ofReporter(actor.userId, before, limit + 1);
    const items = found.slice(0, limit).map((one) => ({
      found: one,
      report: one.reports.find(({ reporterId }) => reporterId.equals(actor.userId))!,
    }));
    return { items, hasMore: found.length > limit };
  }

  /** The queue, newest first. */
  async list(query: CaseQuery): Promise<{ cases: CaseRecord[]; hasMore: boolean }> {
    const found = await this.deps.cases.newest({ ...query, limit: query.limit + 1 });
    return { cases: found.slice(0, query.limit), hasMore: found.length > query.limit };
  }

  /**
   * The queue of one chat, for those who moderate it.
   *
   * @throws {AppError} NOT_FOUND for people outside the chat, FORBIDDEN for plain members.
   */
  async ofChat(
    actor: Actor,
    query: CaseQuery & { chatId: string },
  ): Promise<{ cases: CaseRecord[]; hasMore: boolean }> {
    if (actor.role !== 'admin') {
      const { chat, role } = await this.deps.access.member(actor.userId, query.chatId);
      const refusal = refusalToOversee({ actor, role, kind: chat.kind });
      if (refusal) throw refusal;
    }
    // Reports of the chat itself are about those who moderate it, and none of their business.
    return this.list(actor.role === 'admin' ? query : { ...query, kind: 'message' });
  }

  /** @throws {AppError} NOT_FOUND */
  async one(caseId: string): Promise<CaseRecord> {
    const found = await this.deps.cases.byId(caseId);
    if (!found) throw notFound('Case');
    return found;
  }

  /**
   * Gives a case to a moderator, or back to the queue (null).
   *
   * @throws {AppError} NOT_FOUND, CONFLICT when it is decided.
   */
  async assign(actor: Actor, caseId: string, assigneeId: string | null): Promise<CaseRecord> {
    const { audit, cases, directory } = this.deps;
    if (assigneeId !== null && !(await directory.card(assigneeId))) throw notFound('User');
    return audit.during(
      actor,
      { action: 'cases.assign', subject: caseId, details: { assigneeId } },
      async () => (await cases.assign(caseId, assigneeId)) ?? this.refuse(caseId),
    );
  }

  /**
   * Acts on a case and closes it, in one step. Of two moderators at once one acts; the other is told what the case
   * is now. When the server stops in between, the case stays open and its action may be repeated.
   *
   * @throws {AppError} NOT_FOUND, CONFLICT when it is decided or somebody is acting on it, VALIDATION for an action
   *   that the case has no use for, and what the action throws.
   */
  async act(actor: Actor, caseId: string, input: CaseActionInput): Promise<CaseRecord> {
    const { audit, cases, clock } = this.deps;
    const { action, note } = input;
    assertFits(await this.one(caseId), input);
    return audit.during(
      actor,
      { action: `cases.${action}`, subject: caseId, details: { note } },
      async () => {
        const by = objectId(actor.userId);
        const decision: CaseDecision = { action, by, at: new Date(clock.now()), note };
        const begun = (await cases.beginAction(caseId, decision)) ?? (await this.refuse(caseId));
        try {
          await this.carryOut(actor, begun, input);
        } catch (error) {
          await cases.abandonAction(caseId, decision);
          throw error;
        }
        const closed = await cases.close(caseId, decision, new Date(clock.now()));
        if (!closed) return this.refuse(caseId);
        if (closed.kind === 'message') {
          const resolution = { resolvedBy: by, resolvedAt: decision.at, note };
          await this.deps.reports.resolveOfMessage(closed.targetId, resolution);
        }
        this.answerReporters(closed, decision);
        return closed;
      },
    );
  }

  /** Counts the cases that were opened in a span of time. */
  statistics(from: Date, to: Date): Promise<CaseStatistics> {
    return this.deps.cases.statistics(from, to);
  }

  private async carryOut(
    actor: Actor,
    { kind, targetId, chatId, accusedId }: CaseRecord,
    { action, scope, until, reason }: CaseActionInput,
  ): Promise<void> {
    const { actions } = this.deps;
    const sanction = () => ({
      actor,
      ...(scope === 'chat' && { chatId: chatId!.toHexString() }),
      userId: accusedId!.toHexString(),
      until,
      reason,
    });
    if (action === 'delete' && kind === 'message') {
      await actions.deleteMessage(actor, targetId.toHexString(), reason);
    } else if (action === 'warn') await actions.warn(actor, accusedId!.toHexString(), reason);
    else if (action === 'silence') await actions.silence(sanction());
    else if (action === 'ban') await actions.ban(sanction());
  }

  private answerReporters(
    { _id, kind, targetId, reports, state }: CaseRecord,
    { at, note }: CaseDecision,
  ): void {
    const reporterIds = reports.map(({ reporterId }) => reporterId.toHexString());
    this.deps.bus.emit(
      'case.closed',
      {
        caseId: _id.toHexString(),
        kind,
        targetId: targetId.toHexString(),
        state: state === 'dismissed' ? 'dismissed' : 'resolved',
        note,
        at: at.toISOString(),
        audience: audiences.users(reporterIds),
      },
      { scope: 'cluster' },
    );
  }

  /** @throws {AppError} NOT_FOUND, or CONFLICT with the state that the case is in. */
  private async refuse(caseId: string): Promise<never> {
    const { state, acting, decision } = await this.one(caseId);
    throw new AppError(
      'CONFLICT',
      decision
        ? `This case is already ${state} (${decision.action})`
        : `Another moderator is acting on this case (${acting?.action ?? state})`,
    );
  }

  private async targetOf(actor: Actor, kind: CaseKind, id: string): Promise<NewCase> {
    if (kind === 'message') return this.reportedMessage(actor, id);
    const targetId = objectId(id);
    if (kind === 'user') {
      if (id === actor.userId) throw forbidden('You cannot report yourself');
      const card = await this.deps.directory.card(id);
      if (!card) throw notFound('User');
      const context = { name: card.name, messages: [] };
      return { kind, targetId, chatId: null, accusedId: targetId, context };
    }
    await this.deps.access.reader(actor.userId, id);
    const context = { name: await this.deps.nameOf(id), messages: [] };
    return { kind, targetId, chatId: targetId, accusedId: null, context };
  }

  private async reportedMessage(actor: Actor, messageId: string): Promise<NewCase> {
    const { doc, chat } = await this.deps.reader.visible(actor, messageId);
    if (doc.senderId.equals(actor.userId)) throw forbidden('You cannot report your own message');
    if (doc.deletedAt) throw new AppError('GONE', 'This message is deleted');
    return {
      kind: 'message',
      targetId: doc._id,
      chatId: doc.chatId,
      accusedId: doc.senderId,
      context: await this.contextOf(actor, chat.id, doc),
    };
  }

  private async contextOf(actor: Actor, chatId: string, doc: StoredMessage): Promise<CaseContext> {
    const { directory, messages } = this.deps;
    const [before, after] = await Promise.all([
      messages.window(chatId, actor.userId, {
        above: 0,
        below: doc.seq,
        nearest: 'newest',
        limit: CONTEXT_MESSAGES,
      }),
      messages.window(chatId, actor.userId, {
        above: doc.seq,
        nearest: 'oldest',
        limit: CONTEXT_MESSAGES,
      }),
    ]);
    const docs = [...before, doc, ...after].filter(({ deletedAt }) => deletedAt == null);
    const cards = await directory.cards(
      new Set(docs.map(({ senderId }) => senderId.toHexString())),
    );
    const nameOf = ({ senderId }: StoredMessage) => cards.get(senderId.toHexString())?.name ?? '';
    return {
      name: nameOf(doc),
      messages: docs.map((message) => ({
        messageId: message._id,
        seq: message.seq,
        senderId: message.senderId,
        senderName: nameOf(message),
        messageType: message.messageType,
        content: message.content,
        media: message.media,
        createdAt: message.createdAt,
      })),
    };
  }
}

/** @throws {AppError} VALIDATION for an action that the case has no use for. */
const assertFits = (
  { kind, chatId, accusedId }: CaseRecord,
  { action, scope }: CaseActionInput,
): void => {
  if (action === 'delete' && kind !== 'message') {
    throw invalidInput('action', 'another one: only messages can be deleted');
  }
  if (['warn', 'silence', 'ban'].includes(action) && !accusedId) {
    throw invalidInput('action', 'delete or dismiss: this case is about no person');
  }
  if (scope === 'chat' && !chatId) throw invalidInput('scope', 'server: this case has no chat');
};
