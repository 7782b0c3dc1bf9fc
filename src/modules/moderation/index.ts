import type { Connection } from 'mongoose';
import type { Clock } from '../../shared/clock.js';
import type { Publisher } from '../../platform/event-bus.js';
import type { Job } from '../../platform/jobs.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type {
  ChatEnforcement,
  ChatEvents,
  DirectChats,
  SanctionsRepository,
} from '../chats/index.js';
import type { MessageReader, SendMessage } from '../messages/index.js';
import type {
  Accounts,
  AuditTrail,
  SignIn,
  TwoFactor,
  UserAdministration,
} from '../users/index.js';
import { Admin } from './admin.js';
import { defineReportModel, ReportsRepository } from './reports.repository.js';
import { Reports } from './reports.js';
import { Sanctions } from './sanctions.js';

export type { SanctionInput, Sanctions } from './sanctions.js';
export type { Admin, AdminMessage } from './admin.js';
export { REPORT_STATUSES } from './reports.repository.js';
export type { ReportRecord, ReportStatus, ReportQuery } from './reports.repository.js';
export type { Reports } from './reports.js';

/** Registers the module's models on a connection. */
export const defineModerationModels = (connection: Connection): void => {
  defineReportModel(connection);
};

/** The moderation module, built. */
export interface ModerationModule {
  api: {
    /** The admins' actions on accounts, and their messages to people. */
    admin: Admin;
    /** Reports of messages, and the admins' queue of them. */
    reports: Reports;
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
  accounts: Accounts;
  accessChanges: AccessChangePoster;
  bus: Publisher<ChatEvents>;
  sanctions: SanctionsRepository;
  enforcement: ChatEnforcement;
}): ModerationModule => {
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
  return {
    jobs: imposed.jobs,
    api: {
      admin: new Admin({ administration, auth, twoFactor, directChats, sending, audit }),
      reports: new Reports({ reports, reader, audit, clock }),
      storedReports: reports,
      sanctions: imposed,
    },
  };
};
