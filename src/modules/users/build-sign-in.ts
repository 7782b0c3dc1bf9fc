import { createSecretKey, hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Connection } from 'mongoose';
import type { Config } from '../../config/index.js';
import type { Publisher } from '../../platform/event-bus.js';
import type { Logger } from '../../platform/logger.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import { SecretBox } from '../../platform/secret-box.js';
import type { Clock } from '../../shared/clock.js';
import type { NameFilter } from '../../shared/name-filter.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { MailOrders } from '../mail/index.js';
import { AccountLinks } from './account-links.js';
import { AccountLinksRepository } from './account-links.repository.js';
import { AccountMails } from './account-mails.js';
import type { Accounts } from './accounts.js';
import type { UserAdministration } from './administration.js';
import type { AuditTrail } from './audit.js';
import { KnownDevices } from './devices.js';
import { EmailAddresses } from './email-addresses.js';
import type { ForeignAccess } from './issuers/index.js';
import type { LoginAudit } from './login-audit.js';
import { LoginChallenges } from './login-challenges.js';
import { OwnAccount } from './own-account.js';
import { PasswordReset } from './password-reset.js';
import type { PasswordHasher } from './passwords.js';
import { FailedAttempts } from './passwords.js';
import { RegistrationInvites } from './registration-invites.js';
import { RegistrationInvitesRepository } from './registration-invites.repository.js';
import { RegistrationPolicy } from './registration-policy.js';
import { Registration } from './registration.js';
import { DevicesRepository } from './sessions.repository.js';
import type { Sessions } from './sessions.js';
import { SignIn } from './sign-in.js';
import type { AccessTokens } from './tokens.js';
import { TwoFactor } from './two-factor.js';
import { TwoFactorRepository } from './two-factor.repository.js';
import type { UserEvents } from './users.events.js';
import type { UsersRepository } from './users.repository.js';

/** What strangers, and owners of accounts, may try how often. */
export interface SignInLimits {
  /** Sign-ups per client address (RATE_LIMIT_REGISTER_PER_HOUR). */
  signUps: RateLimiter;
  /** Refused attempts to sign in, per client address or known device (RATE_LIMIT_AUTH_PER_15_MIN). */
  refusals: RateLimiter;
  /** Wrong passwords per account, known device or login (RATE_LIMIT_LOGIN_FAILURES_PER_HOUR). */
  wrongPasswords: RateLimiter;
  /** Wrong codes of a second factor per account (RATE_LIMIT_TOTP_FAILURES_PER_HOUR). */
  wrongCodes: RateLimiter;
  /** Requests for mails per client address or user (RATE_LIMIT_MAIL_REQUESTS_PER_HOUR). */
  mailRequests: RateLimiter;
  /** Mails with a link per address that gets them (RATE_LIMIT_MAILS_PER_HOUR). */
  mails: RateLimiter;
}

/** The use cases by which people come to an account of their own, into it, and out of it. */
export interface SignInParts {
  /** Signing in and out; passwords. */
  auth: SignIn;
  registration: Registration;
  registrationInvites: RegistrationInvites;
  passwordReset: PasswordReset;
  emailAddresses: EmailAddresses;
  twoFactor: TwoFactor;
  /** What people do with their own account. */
  ownAccount: OwnAccount;
  /** What the mails to the owners of accounts say. */
  mails: Pick<AccountMails, 'compose'>;
}

/**
 * A key for one purpose. It differs from the key of the access tokens but comes from the same secret, so it is
 * the same on every node and after every start.
 */
export const keyFor = (purpose: string, secret: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', `parley ${purpose}`, 32)));

/** Builds these use cases. */
export const buildSignIn = ({
  config,
  connection,
  users,
  accounts,
  names,
  administration,
  audit,
  loginAudit,
  sessions,
  tokens,
  hasher,
  foreign,
  accessChanges,
  bus,
  clock,
  logger,
  jwtSecret,
  mailOrders,
  limits,
}: {
  config: Pick<Config, 'publicUrl' | 'registration' | 'totpRequired'>;
  /** Has the module's models. */
  connection: Connection;
  users: UsersRepository;
  accounts: Accounts;
  names: NameFilter;
  administration: UserAdministration;
  audit: AuditTrail;
  loginAudit: LoginAudit;
  sessions: Sessions;
  tokens: AccessTokens;
  hasher: PasswordHasher;
  foreign: ForeignAccess;
  accessChanges: AccessChangePoster;
  bus: Publisher<UserEvents>;
  clock: Clock;
  logger: Logger;
  jwtSecret: string;
  /** Where mails are ordered; undefined: no SMTP server is configured. */
  mailOrders: MailOrders | undefined;
  limits: SignInLimits;
}): SignInParts => {
  const links = new AccountLinks(
    new AccountLinksRepository(connection),
    clock,
    keyFor('links in mails', jwtSecret),
  );
  const mails = new AccountMails({
    accounts,
    links,
    orders: mailOrders,
    publicUrl: config.publicUrl,
    logger,
    requests: limits.mailRequests,
    mails: limits.mails,
  });
  const twoFactor = new TwoFactor({
    factors: new TwoFactorRepository(connection),
    users,
    accessChanges,
    box: new SecretBox(jwtSecret, 'parley second factors'),
    wrongCodes: new FailedAttempts(limits.wrongCodes),
    required: config.totpRequired,
    issuer: config.publicUrl === undefined ? 'Parley' : new URL(config.publicUrl).host,
    bus,
    clock,
  });
  const auth = new SignIn({
    loginAudit,
    accounts,
    sessions,
    tokens,
    foreign,
    clock,
    hasher,
    devices: new KnownDevices(new DevicesRepository(connection), clock),
    challenges: new LoginChallenges(keyFor('login challenges', jwtSecret), clock),
    twoFactor,
    mails,
    links,
    refusals: new FailedAttempts(limits.refusals),
    wrongPasswords: new FailedAttempts(limits.wrongPasswords),
  });
  const registrationInvites = new RegistrationInvites({
    invites: new RegistrationInvitesRepository(connection),
    audit,
    clock,
  });
  const policy = new RegistrationPolicy(config.registration, registrationInvites);
  return {
    auth,
    registration: new Registration({
      accounts,
      names,
      policy,
      auth,
      hasher,
      mails,
      signUps: limits.signUps,
    }),
    registrationInvites,
    passwordReset: new PasswordReset({ users, links, mails, hasher, sessions, clock }),
    emailAddresses: new EmailAddresses({
      users,
      links,
      mails,
      policy,
      auth,
      hasher,
      sessions,
      clock,
    }),
    twoFactor,
    ownAccount: new OwnAccount({ sessions, auth, administration, audit, clock }),
    mails,
  };
};
