import type { Connection } from 'mongoose';
import type { Job } from '../../platform/jobs.js';
import type { Logger } from '../../platform/logger.js';
import type { Mailer } from '../../platform/mailer.js';
import type { Metrics } from '../../platform/metrics.js';
import type { Clock } from '../../shared/clock.js';
import type { ComposeMail, MailOrders } from './mail-outbox.js';
import { MailOutbox } from './mail-outbox.js';
import { defineMailModel, MailOutboxRepository } from './mail-outbox.repository.js';

export type { DueMail, MailContents, MailOrder, MailOrders } from './mail-outbox.js';
export type { MailKind } from './mail-texts.js';

/** How often mails are looked for that another node has left, or whose pause is over, in milliseconds. */
const ROUND_MS = 5000;

/** Registers the module's models on a connection. */
export const defineMailModels = (connection: Connection): void => {
  defineMailModel(connection);
};

/** The mail module, built. */
export interface MailModule {
  api: {
    /** Undefined when no SMTP server is configured. */
    orders: MailOrders | undefined;
  };
  jobs: Job[];
  close(): Promise<void>;
}

/**
 * Builds the mail module: the stored outbox, and the texts of mails.
 *
 * @param deps.connection has the module's models.
 * @param deps.mailer absent: no SMTP server is configured.
 * @param deps.newId makes the id of a mail, which nobody can guess.
 */
export const createMail = ({
  connection,
  mailer,
  ...deps
}: {
  connection: Connection;
  mailer: Mailer | undefined;
  compose: ComposeMail;
  newId(): string;
  clock: Clock;
  logger: Logger;
  metrics: Pick<Metrics, 'mails' | 'mailsWaiting'>;
}): MailModule => {
  if (!mailer) return { api: { orders: undefined }, jobs: [], close: () => Promise.resolve() };
  const outbox = new MailOutbox({ mails: new MailOutboxRepository(connection), mailer, ...deps });
  return {
    api: { orders: outbox },
    jobs: [{ name: 'mails', everyMs: ROUND_MS, run: () => outbox.round(), isOncePerCluster: true }],
    close: () => outbox.close(),
  };
};
