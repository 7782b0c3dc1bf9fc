import type { Connection } from 'mongoose';
import type { Publisher } from '../../platform/event-bus.js';
import type { Job } from '../../platform/jobs.js';
import type { Clock } from '../../shared/clock.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type {
  ChatAccess,
  ChatEnforcement,
  ChatEvents,
  DirectChats,
  SanctionsRepository,
} from '../chats/index.js';
import type { MessageReader, MessagesRepository, SendMessage } from '../messages/index.js';
import type {
  Accounts,
  AuditTrail,
  SignIn,
  TwoFactor,
  UserAdministration,
  UserDirectory,
} from '../users/index.js';
import { Admin } from './admin.js';
import { Cases } from './cases.js';
import type { CaseEvents, ModerationActions } from './cases.js';
import type { CasesRepository } from './cases.repository.js';
import { defineCaseModel } from './cases.repository.js';
import { defineReportModel, ReportsRepository } from './reports.repository.js';
import { Reports } from './reports.js';
import { Sanctions } from './sanctions.js';

export type { SanctionInput, Sanctions } from './sanctions.js';
export type { Admin, AdminMessage } from './admin.js';
export {
  CASE_ACTIONS,
  CASE_KINDS,
  CASE_STATES,
  CasesRepository,
  REPORT_CATEGORIES,
} from './cases.repository.js';
export type {
  CaseAction,
  CaseKind,
  CaseQuery,
  CaseRecord,
  CaseReport,
  CaseState,
  CaseStatistics,
  ReportCategory,
} from './cases.repository.js';
export type { CaseActionInput, CaseEvents, Cases } from './cases.js';
export { REPORT_STATUSES } from './reports.repository.js';
export type { ReportRecord, ReportStatus, ReportQuery } from './reports.repository.js';
export type { Reports } from './reports.js';

/** Registers the module's models on a connection. */
export const defineModerationModels = (connection: Connection): void => {
  defineReportModel(connection);
  defineCaseModel(connection);
};

/** The moderation module, built. */
export interface ModerationModule {
  api: {
    /** The admins' actions on accounts, and their messages to people. */
    admin: Admin;
    /** Single reports of messages, and the admins' list of them. */
    reports: Reports;
    /** All reports of one thing as one case, and the moderators' queue. */
    cases: Cases;
    /** Silences and bans. */
    sanctions: Sanctions;
    /** What is new in the stored reports, for webhooks. */
    storedReports: Pick<ReportsRepository, 'createdSince'>;
  };
  jobs: Job[];
}

/**
 * Builds the moderation module.
 *
 * @param deps.connection has the module's models.
 */
export const createModeration = ({
  connection,
  clock,
  administration,
  auth,
  twoFactor,
  audit,
  directChats,
  sending,
  reader,
  cases,
  messages,
  access,
  directory,
  nameOf,
  deleteMessage,
  accounts,
  accessChanges,
  bus,
  sanctions,
  enforcement,
}: {
  connection: Connection;
  clock: Clock;
  administration: UserAdministration;
  auth: SignIn;
  twoFactor: TwoFactor;
  audit: AuditTrail;
  directChats: DirectChats;
  sending: SendMessage;
  reader: Pick<MessageReader, 'visible'>;
  cases: CasesRepository;
  messages: Pick<MessagesRepository, 'window'>;
  access: Pick<ChatAccess, 'member' | 'reader'>;
  directory: Pick<UserDirectory, 'card' | 'cards'>;
  /** The name of a chat; empty for one without. */
  nameOf(chatId: string): Promise<string>;
  deleteMessage: ModerationActions['deleteMessage'];
  accounts: Accounts;
  accessChanges: AccessChangePoster;
  bus: Publisher<CaseEvents & ChatEvents>;
  sanctions: SanctionsRepository;
  enforcement: ChatEnforcement;
}): ModerationModule => {
  const admin = new Admin({ administration, auth, twoFactor, directChats, sending, audit });
  const reports = new ReportsRepository(connection);
  const imposed = new Sanctions({
    sanctions,
    chats: enforcement,
    accounts: {
      find: (userId) => accounts.findById(userId),
      setBan: async (userId, ban) => {
        await accounts.setBan(userId, ban);
        // After the write, so that a login that begins in between is ended or refused.
        if (ban) await auth.endSessions(userId);
      },
    },
    accessChanges,
    bus,
    audit,
    clock,
  });
  const queue = new Cases({
    cases,
    reports,
    reader,
    messages,
    access,
    directory,
    nameOf,
    actions: {
      deleteMessage,
      silence: (input) => imposed.silence(input),
      ban: (input) => imposed.ban(input),
      // A message of the acting admin.
      warn: (actor, userId, message) =>
        admin.sendToUser(actor, { userId, message, messageType: 'text' }),
    },
    audit,
    bus,
    clock,
  });
  return {
    jobs: imposed.jobs,
    api: {
      admin,
      reports: new Reports({ reports, cases: queue, reader, audit, clock }),
      cases: queue,
      storedReports: reports,
      sanctions: imposed,
    },
  };
};
