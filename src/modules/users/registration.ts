import type { RateLimiter } from '../../platform/rate-limiter.js';
import { rateLimited } from '../../platform/rate-limiter.js';
import { addressKey } from '../../platform/tally.js';
import { AppError } from '../../shared/errors.js';
import type { Locale } from '../../shared/locale.js';
import type { NameFilter } from '../../shared/name-filter.js';
import type { AccountMails } from './account-mails.js';
import type { Accounts } from './accounts.js';
import type { PasswordHasher } from './passwords.js';
import type { RegistrationPolicy } from './registration-policy.js';
import type { SessionOrigin } from './sessions.js';
import type { LoginGrant, SignIn } from './sign-in.js';
import type { UserRecord } from './users.model.js';

/** A sign-up. */
export interface NewRegistration {
  username: string;
  email: string;
  password: string;
  firstName?: string;
  lastName?: string;
  /** The code of an invite, which REGISTRATION=invite asks for. */
  inviteCode?: string;
}

/** Refusals that count as sign-ups: whoever could repeat them would find out names, addresses or codes. */
const COUNTED = new Set(['USERNAME_TAKEN', 'EMAIL_TAKEN', 'INVITE_INVALID']);

/** Signing up. */
export class Registration {
  constructor(
    private readonly deps: {
      accounts: Accounts;
      names: NameFilter;
      policy: RegistrationPolicy;
      auth: Pick<SignIn, 'begin'>;
      hasher: PasswordHasher;
      mails: AccountMails;
      /** Sign-ups per client address. */
      signUps: RateLimiter;
    },
  ) {}

  /**
   * Makes an account and signs it in; where its address must be confirmed first, it answers no login. If the server
   * sends mails, the owner gets a link that confirms the address. Refusals of taken names and of codes count as
   * sign-ups, otherwise an address could probe any number; failures of the server do not.
   *
   * @param locale the language that the client asks for.
   * @throws {AppError} USERNAME_TAKEN, EMAIL_TAKEN, REGISTRATION_CLOSED, INVITE_REQUIRED, INVITE_INVALID,
   *   EMAIL_DOMAIN_REFUSED, VALIDATION for filtered words, RATE_LIMITED, or OVERLOADED.
   */
  async register(
    registration: NewRegistration,
    origin: SessionOrigin,
    locale: Locale,
  ): Promise<LoginGrant | undefined> {
    const reservation = await this.deps.signUps.reserve(addressKey(origin.ip));
    if (!reservation.allowed) throw rateLimited(reservation.resetSeconds);
    let user;
    try {
      user = await this.createAccount(registration, locale);
    } catch (error) {
      const counts = error instanceof AppError && COUNTED.has(error.code);
      if (!counts) await reservation.giveBack();
      throw error;
    }
    await this.deps.mails.welcome({ kind: 'verify', address: user.email, locale });
    return user.mustVerifyEmail ? undefined : this.deps.auth.begin(user, origin);
  }

  private async createAccount(
    { inviteCode, password, ...account }: NewRegistration,
    locale: Locale,
  ): Promise<UserRecord> {
    const { accounts, hasher, names, policy } = this.deps;
    const { username, firstName, lastName } = account;
    const { mustVerifyEmail, giveBack } = await policy.admit(account.email, inviteCode);
    try {
      names.assertNames({ username, firstName, lastName });
      await accounts.requireAvailable(account.username, account.email);
      const passwordHash = await hasher.hash(password);
      return await accounts.create({ ...account, passwordHash, mustVerifyEmail, locale });
    } catch (error) {
      await giveBack();
      throw error;
    }
  }
}
