import { addressKey } from '../../platform/tally.js';
import type { Clock } from '../../shared/clock.js';
import { DEFAULT_LOCALE } from '../../shared/locale.js';
import type { AccountLinks } from './account-links.js';
import { linkInvalid } from './account-links.js';
import type { AccountMails } from './account-mails.js';
import type { MailRequester } from './email-addresses.js';
import type { PasswordHasher } from './passwords.js';
import { markOfPassword } from './passwords.js';
import type { Sessions } from './sessions.js';
import type { UsersRepository } from './users.repository.js';

/** Forgotten passwords: a link by mail sets a new one. */
export class PasswordReset {
  constructor(
    private readonly deps: {
      users: UsersRepository;
      links: AccountLinks;
      mails: AccountMails;
      hasher: PasswordHasher;
      sessions: Sessions;
      clock: Clock;
    },
  ) {}

  /**
   * Sends a link to an address, if an account has it.
   *
   * @throws {AppError} MAIL_NOT_CONFIGURED, RATE_LIMITED, UNAVAILABLE.
   */
  async request(address: string, { ip, locale }: MailRequester): Promise<void> {
    await this.deps.mails.request({ kind: 'reset', address, locale }, addressKey(ip));
  }

  /**
   * Sets a new password by the token of a link, and ends all logins: before the change, so that after a crash in
   * between none is left that the owner does not know of, and after it for logins that began meanwhile. The link
   * has come to the account's address, which it thereby confirms.
   *
   * @returns how many logins have ended.
   * @throws {AppError} LINK_INVALID, OVERLOADED.
   */
  async reset(token: string, password: string): Promise<number> {
    const { clock, hasher, links, mails, sessions, users } = this.deps;
    const link = await links.find(token, ['reset']);
    const userId = link.userId.toHexString();
    const user = await users.findById(userId);
    const isOpen = user && !user.deactivatedAt && user.passwordHash !== '';
    if (!isOpen || user.emailLower !== link.address) throw linkInvalid();
    const passwordHash = await hasher.hash(password);
    await links.use(link);
    // Whoever had the account before may have asked for another address.
    await links.revoke(link, ['reset', 'change']);
    const ended = await sessions.revokeAll(userId);
    const locale = user.locale ?? DEFAULT_LOCALE;
    const notice = { kind: 'password', userId, address: user.email, locale } as const;
    await mails.during({ ...notice, passwordMark: markOfPassword(user) }, () =>
      users.update(userId, {
        passwordHash,
        emailVerifiedAt: new Date(clock.now()),
        mustVerifyEmail: false,
      }),
    );
    const endedSince = await sessions.revokeAll(userId);
    return ended + endedSince;
  }
}
