import type { Logger } from '../../platform/logger.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import { AppError } from '../../shared/errors.js';
import { DEFAULT_LOCALE } from '../../shared/locale.js';
import type { DueMail, MailContents, MailOrder, MailOrders } from '../mail/index.js';
import { identityForm } from './account-fields.js';
import type { AccountLinks, NewLink } from './account-links.js';
import type { Accounts } from './accounts.js';
import { markOfPassword } from './passwords.js';
import type { UserRecord } from './users.model.js';

/** Mails to the owners of accounts: orders them, and finds out what they say when they are sent. */
export class AccountMails {
  constructor(
    private readonly deps: {
      accounts: Pick<Accounts, 'findByEmail' | 'findById'>;
      links: AccountLinks;
      /** Undefined: no SMTP server is configured. */
      orders: MailOrders | undefined;
      /** PUBLIC_URL. Links never lead to where a request came from: its headers are the caller's. */
      publicUrl: string | undefined;
      logger: Logger;
      /** Requests for mails, per client address or user. */
      requests: RateLimiter;
      /** Mails with a link, per address that gets them. */
      mails: RateLimiter;
    },
  ) {}

  /** @throws {AppError} MAIL_NOT_CONFIGURED */
  requireConfigured(): void {
    if (!this.deps.orders) {
      throw new AppError('MAIL_NOT_CONFIGURED', 'This server sends no mails: SMTP_URL is not set');
    }
  }

  /**
   * Counts a request for a mail.
   *
   * @param source the client address, or the user, that it counts for.
   * @throws {AppError} RATE_LIMITED after many requests from one source.
   */
  async count(source: string): Promise<void> {
    await this.deps.requests.consume(source);
  }

  /**
   * Orders a mail for somebody who asks for it. It does the same whether or not an account has the address, and
   * whether or not the address has had too many mails: nobody can find out who has an account.
   *
   * @param source that the request counts for; left out: it has been counted.
   * @throws {AppError} MAIL_NOT_CONFIGURED; RATE_LIMITED after many requests from one source; UNAVAILABLE.
   */
  async request(order: MailOrder, source?: string): Promise<void> {
    const { mails } = this.deps;
    this.requireConfigured();
    if (source !== undefined) await this.count(source);
    const { allowed } = await mails.hit(identityForm(order.address));
    if (allowed) await this.deps.orders?.order(order);
  }

  /**
   * Orders the mail that confirms the address of a new account, if the server sends mails. When it is lost its owner
   * can ask for another.
   */
  async welcome(order: MailOrder): Promise<void> {
    try {
      await this.deps.orders?.order(order);
    } catch (error) {
      this.deps.logger.error({ err: error, kind: order.kind }, 'a mail could not be ordered');
    }
  }

  /**
   * Makes a change that a mail tells of, if the server sends mails. The mail is stored before: whatever happens in
   * between, it is sent if the change was made, and not if it was not.
   *
   * @throws what the change throws.
   */
  async during<T>(order: MailOrder, change: () => Promise<T>): Promise<T> {
    const held = await this.deps.orders?.hold(order);
    const result = await change();
    await held?.release().catch((error: unknown) => {
      const facts = { err: error, kind: order.kind };
      this.deps.logger.warn(facts, 'a mail could not be released; it is sent in a minute');
    });
    return result;
  }

  /** What a mail says that is about to be sent; undefined when there is nobody to tell any more. */
  async compose(mail: DueMail): Promise<MailContents | undefined> {
    const { accounts, publicUrl = '' } = this.deps;
    const user = mail.userId
      ? await accounts.findById(mail.userId)
      : await accounts.findByEmail(mail.address);
    if (!user || user.deactivatedAt) return undefined;
    // The account may have another address since: a link at the former one must not confirm it.
    const isElsewhere = identityForm(mail.address) !== user.emailLower;
    if (mail.kind === 'verify' && (user.emailVerifiedAt || isElsewhere)) return undefined;
    if (isVoid(mail, user)) return undefined;
    // Its owner signs in with tokens of somebody else's; a password would be a way around them.
    if (mail.kind === 'reset' && user.passwordHash === '') return undefined;
    const locale = user.locale ?? mail.locale ?? DEFAULT_LOCALE;
    const base = publicUrl.replace(/\/+$/, '');
    const values = { service: new URL(base).host, username: user.username };
    // To the address as the account has it, not as somebody typed it: letters that fold to the same ones may lead to
    // another mailbox.
    const to = mail.userId ? mail.address : user.email;
    if (mail.kind === 'password') return { to, locale, values };
    const token = await this.deps.links.issue(linkIn(mail, mail.kind, user));
    if (token === undefined) return undefined;
    const link = `${base}/views/account.html?action=${mail.kind}&lang=${locale}#${token}`;
    return { to, locale, values: { ...values, link } };
  }
}

/** Whether a mail tells of a change that was not made, or was asked for by whoever knew an earlier password. */
const isVoid = ({ kind, address, passwordMark }: DueMail, user: UserRecord): boolean => {
  if (kind === 'changed') return identityForm(address) === user.emailLower;
  if (passwordMark === undefined) return false;
  const isSame = passwordMark === markOfPassword(user);
  return (kind === 'password' && isSame) || (kind === 'change' && !isSame);
};

const linkIn = (
  { id, orderedAt, address, passwordMark }: DueMail,
  purpose: NewLink['purpose'],
  user: UserRecord,
): NewLink => ({
  mailId: id,
  orderedAt,
  userId: user._id.toHexString(),
  purpose,
  address: purpose === 'changed' ? identityForm(address) : user.emailLower,
  ...(purpose === 'change' && { newAddress: address, passwordMark }),
});
