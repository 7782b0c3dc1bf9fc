import { randomBytes } from 'node:crypto';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { addressKey } from '../../platform/tally.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { Locale } from '../../shared/locale.js';
import { DEFAULT_LOCALE } from '../../shared/locale.js';
import { identityForm } from './account-fields.js';
import type { AccountLinks } from './account-links.js';
import { linkInvalid } from './account-links.js';
import type { LinkRecord } from './account-links.repository.js';
import type { AccountMails } from './account-mails.js';
import type { PasswordHasher } from './passwords.js';
import { markOfPassword } from './passwords.js';
import type { RegistrationPolicy } from './registration-policy.js';
import type { Sessions } from './sessions.js';
import type { SignIn } from './sign-in.js';
import { newTokenId } from './tokens.js';
import type { UserRecord } from './users.model.js';
import type { UsersRepository } from './users.repository.js';

/** Where a request for a mail comes from. */
export interface MailRequester {
  ip: string;
  locale: Locale;
}

const emailTaken = (): AppError =>
  new AppError('EMAIL_TAKEN', 'This e-mail address already has an account');

/** Confirms the addresses of accounts, and changes them. */
export class EmailAddresses {
  constructor(
    private readonly deps: {
      users: UsersRepository;
      links: AccountLinks;
      mails: AccountMails;
      policy: RegistrationPolicy;
      auth: Pick<SignIn, 'confirmPassword'>;
      hasher: PasswordHasher;
      sessions: Sessions;
      clock: Clock;
    },
  ) {}

  /**
   * Sends the link that confirms an address again, if an account has it that is not confirmed.
   *
   * @throws {AppError} MAIL_NOT_CONFIGURED, RATE_LIMITED, UNAVAILABLE.
   */
  async resend(address: string, { ip, locale }: MailRequester): Promise<void> {
    await this.deps.mails.request({ kind: 'verify', address, locale }, addressKey(ip));
  }

  /**
   * Confirms an address by the token of a link: that of a new account, or one that the account is to have from now
   * on. The former address is told of the change, with a link that undoes it.
   *
   * @returns the address.
   * @throws {AppError} LINK_INVALID; EMAIL_TAKEN when somebody else has the new address by now.
   */
  async verify(token: string): Promise<string> {
    const { links, users } = this.deps;
    const link = await links.find(token, ['verify', 'change']);
    const user = await users.findById(link.userId.toHexString());
    // The account may have been closed, or have another address by now.
    if (!user || user.deactivatedAt || user.emailLower !== link.address) throw linkInvalid();
    // Whoever knew the former password may have asked for the other address.
    if (link.passwordMark && link.passwordMark !== markOfPassword(user)) throw linkInvalid();
    if (link.newAddress) return this.change(user, link, link.newAddress);
    await links.use(link);
    await users.update(link.userId.toHexString(), this.confirmed());
    return user.email;
  }

  /**
   * Asks for another address of the actor's account: it is changed when the link is opened that is sent there.
   *
   * @throws {AppError} MAIL_NOT_CONFIGURED, INVALID_CREDENTIALS, EMAIL_DOMAIN_REFUSED, EMAIL_TAKEN, RATE_LIMITED.
   */
  async requestChange(
    actor: Actor,
    { email, currentPassword }: { email: string; currentPassword: string },
    locale: Locale,
  ): Promise<void> {
    const { auth, mails, policy, users } = this.deps;
    mails.requireConfigured();
    const user = await auth.confirmPassword(actor, currentPassword);
    policy.assertDomain(email);
    const { userId } = actor;
    // Before the refusal, which tells who has an account.
    await mails.count(`user:${userId}`);
    if (await users.hasEmail(identityForm(email))) throw emailTaken();
    const passwordMark = markOfPassword(user);
    await mails.request({ kind: 'change', userId, address: email, locale, passwordMark });
  }

  /**
   * Gives an account its former address back: whoever opens the link says that the change was not theirs. Nobody
   * can sign in with the password that there is, all logins end, and links that were sent since do not work.
   *
   * @returns a token for a new password, as of a link.
   * @throws {AppError} LINK_INVALID; EMAIL_TAKEN when another account has the address by now.
   */
  async undo(token: string): Promise<string> {
    const { clock, hasher, links, sessions, users } = this.deps;
    const link = await links.find(token, ['changed']);
    const userId = link.userId.toHexString();
    const passwordHash = await hasher.hash(randomBytes(24).toString('base64url'));
    await this.assertFree(link.address, userId);
    await links.use(link);
    await links.revoke(link, ['verify', 'reset', 'change']);
    // Earlier changes can still be undone: whoever has taken the account over may have made several.
    await links.revoke(link, ['changed'], link.orderedAt);
    await sessions.revokeAll(userId);
    const address = { email: link.address, emailLower: link.address };
    await this.orTaken(users.update(userId, { ...address, ...this.confirmed(), passwordHash }));
    await sessions.revokeAll(userId);
    const resetToken = await links.issue({
      mailId: newTokenId(),
      orderedAt: new Date(clock.now()),
      userId,
      purpose: 'reset',
      address: link.address,
    });
    if (resetToken === undefined) throw linkInvalid();
    return resetToken;
  }

  private async change(user: UserRecord, link: LinkRecord, email: string): Promise<string> {
    const { links, mails, users } = this.deps;
    const userId = user._id.toHexString();
    await this.assertFree(identityForm(email), userId);
    await links.use(link);
    const address = { email, emailLower: identityForm(email) };
    const locale = user.locale ?? DEFAULT_LOCALE;
    await mails.during({ kind: 'changed', userId, address: user.email, locale }, async () => {
      const changed = await this.orTaken(
        users.changeEmail(userId, user.emailLower, { ...address, ...this.confirmed() }),
      );
      if (!changed) throw linkInvalid();
    });
    await links.revoke(link, ['verify', 'reset', 'change']);
    return email;
  }

  /** Before the link is used up, so that it can be opened again when the address is free. */
  private async assertFree(emailLower: string, userId: string): Promise<void> {
    const holder = await this.deps.users.findByEmail(emailLower);
    if (holder && holder._id.toHexString() !== userId) throw emailTaken();
  }

  private async orTaken<T>(write: Promise<T>): Promise<T> {
    return write.catch((error: unknown) => {
      throw isDuplicateKey(error) ? emailTaken() : error;
    });
  }

  private confirmed(): Pick<UserRecord, 'emailVerifiedAt' | 'mustVerifyEmail'> {
    return { emailVerifiedAt: new Date(this.deps.clock.now()), mustVerifyEmail: false };
  }
}
