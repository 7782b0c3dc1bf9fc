import type { Logger } from '../../platform/logger.js';
import type { Letter, Mailer } from '../../platform/mailer.js';
import { MailRefused } from '../../platform/mailer.js';
import type { Metrics } from '../../platform/metrics.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { Locale } from '../../shared/locale.js';
import type { MailOutboxRepository, MailRecord, NewMail } from './mail-outbox.repository.js';
import type { MailKind, MailValues } from './mail-texts.js';
import { writeMail } from './mail-texts.js';

/** A mail that somebody asks for. */
export interface MailOrder {
  kind: MailKind;
  /** The account that it is about; absent: the one that has the address when the mail is sent. */
  userId?: string | undefined;
  address: string;
  /** The language of whoever asks, for an account that has none. */
  locale: Locale;
  /** Which password the account had when the mail was ordered; absent where that does not matter. */
  passwordMark?: string | undefined;
}

/** A mail that is stored, and waits for the change that it tells of. */
export interface HeldMail {
  /** The change is made: the mail is sent. */
  release(): Promise<void>;
}

/** Where mails are ordered. */
export interface MailOrders {
  /**
   * Stores a mail to be sent in the background.
   *
   * @throws {AppError} UNAVAILABLE when too many wait.
   */
  order(order: MailOrder): Promise<void>;
  /** Stores a mail before the change that it tells of, so that no crash comes between them. See `MailOutbox.hold`. */
  hold(order: MailOrder): Promise<HeldMail>;
}

/** A mail whose time has come. */
export interface DueMail extends MailOrder {
  id: string;
  orderedAt: Date;
}

/** What a mail says, to whom, and in which language. */
export interface MailContents {
  to: string;
  locale: Locale;
  values: MailValues;
}

/** Looks up what a mail says; undefined when there is nobody to tell, or nothing to say any more. */
export type ComposeMail = (mail: DueMail) => Promise<MailContents | undefined>;

/** Mails that may wait. When there are more, the server that takes them is away for long, or somebody floods. */
const MAX_WAITING = 10_000;
/** Mails that a node sends at a time. A server that hangs keeps no more connections than these. */
const MAX_SENDING = 4;
/** How long a mail belongs to the node that sends it, in milliseconds: longer than any attempt. */
const CLAIM_MS = 2 * 60_000;
/**
 * How long a mail waits for its change, in milliseconds: longer than a request lasts. When nobody releases it until
 * then, what it says is looked up as for any other, and there is nothing to say if the change was not made.
 */
const HOLD_MS = 60_000;
/** How long a mail is tried for, in milliseconds. */
const LIFETIME_MS = 24 * 3_600_000;
/** Pauses after attempts that failed, in milliseconds; the last one repeats. */
const PAUSES_MS = [5000, 30_000, 2 * 60_000, 10 * 60_000, 30 * 60_000] as const;

/**
 * Mails on their way. An order is stored before it is acknowledged, and sent in the background by whichever node
 * comes first; what fails is tried again for a day, also after a restart. A mail may be sent twice when a node
 * stops between sending and removing it.
 */
export class MailOutbox implements MailOrders {
  private readonly workers = new Set<Promise<void>>();
  private isClosed = false;

  constructor(
    private readonly deps: {
      mails: MailOutboxRepository;
      mailer: Mailer;
      compose: ComposeMail;
      newId(): string;
      clock: Clock;
      logger: Logger;
      metrics: Pick<Metrics, 'mails' | 'mailsWaiting'>;
    },
  ) {}

  /**
   * Stores a mail to be sent.
   *
   * @throws {AppError} UNAVAILABLE when too many wait.
   */
  async order(order: MailOrder): Promise<void> {
    const { mails } = this.deps;
    if ((await mails.count()) >= MAX_WAITING) {
      throw new AppError('UNAVAILABLE', 'Too many mails are waiting; try again later', {
        retryAfter: 60,
      });
    }
    await mails.create(this.newMail(order, 0));
    this.wake();
  }

  /**
   * Stores a mail before the change that it tells of. It is sent when it is released, or after a minute, when the node
   * has stopped in between; it comes twice if the change takes longer than that. No limit holds for these: few can
   * change things, and none of them unnoticed.
   */
  async hold(order: MailOrder): Promise<HeldMail> {
    const { clock, mails } = this.deps;
    const mail = this.newMail(order, HOLD_MS);
    await mails.create(mail);
    return {
      release: async () => {
        await mails.release({ ...mail, nextAttemptAt: new Date(clock.now()) });
        this.wake();
      },
    };
  }

  private newMail(order: MailOrder, delayMs: number): NewMail {
    const { clock, newId } = this.deps;
    const now = clock.now();
    return {
      ...order,
      id: newId(),
      attempts: 0,
      nextAttemptAt: new Date(now + delayMs),
      expiresAt: new Date(now + LIFETIME_MS),
      createdAt: new Date(now),
    };
  }

  /** Sends what is due in the background, a few mails at a time. */
  wake(): void {
    if (this.isClosed || this.workers.size >= MAX_SENDING) return;
    const worker: Promise<void> = this.work()
      .catch((error: unknown) => {
        this.deps.logger.warn({ err: error }, 'mails could not be read; they are tried again');
      })
      .finally(() => this.workers.delete(worker));
    this.workers.add(worker);
  }

  /** One round of the regular job: notes how many wait, and sends what is due. */
  async round(): Promise<void> {
    const waiting = await this.deps.mails.count();
    this.deps.metrics.mailsWaiting.set(waiting);
    if (waiting > 0) this.wake();
  }

  /** Takes no further mail; resolves when those under way have been sent or have failed. */
  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all(this.workers);
  }

  private async work(): Promise<void> {
    const { clock, mails } = this.deps;
    while (!this.isClosed) {
      const now = clock.now();
      const mail = await mails.claim(new Date(now), new Date(now + CLAIM_MS));
      if (!mail) return;
      // The next one need not wait for this one, which may meet a server that hangs.
      this.wake();
      await this.deliver(mail);
    }
  }

  private async deliver(mail: MailRecord): Promise<void> {
    const { mailer, mails, metrics } = this.deps;
    try {
      const letter = await this.write(mail);
      if (letter) await mailer.send(letter);
      await mails.remove(mail._id);
      metrics.mails.inc({ outcome: letter ? 'sent' : 'obsolete' });
    } catch (error) {
      await this.failed(mail, error);
    }
  }

  private async write(mail: MailRecord): Promise<Letter | undefined> {
    const { _id, kind, userId, address, locale, passwordMark, createdAt } = mail;
    const id = _id.toHexString();
    const contents = await this.deps.compose({
      id,
      kind,
      ...(userId && { userId: userId.toHexString() }),
      address,
      locale,
      ...(passwordMark && { passwordMark }),
      orderedAt: createdAt,
    });
    return (
      contents && { id, to: contents.to, ...writeMail(kind, contents.locale, contents.values) }
    );
  }

  private async failed(
    { _id, kind, attempts, expiresAt }: MailRecord,
    error: unknown,
  ): Promise<void> {
    const { clock, logger, mails, metrics } = this.deps;
    const pause = PAUSES_MS[Math.min(attempts, PAUSES_MS.length) - 1]!;
    const next = new Date(clock.now() + pause);
    const isFinal = error instanceof MailRefused || next >= expiresAt;
    metrics.mails.inc({ outcome: isFinal ? 'refused' : 'failed' });
    const facts = { err: error, mail: _id.toHexString(), kind, attempts };
    if (isFinal) {
      logger.error(facts, 'a mail was given up');
      await mails.remove(_id);
      return;
    }
    logger.warn(facts, 'a mail could not be sent; it is tried again');
    await mails.postpone(_id, next);
  }
}
