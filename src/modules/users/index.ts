import { availableParallelism } from 'node:os';
import type { Connection } from 'mongoose';
import type { Config } from '../../config/index.js';
import type { Freshness } from '../../platform/cached-lookup.js';
import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { Job } from '../../platform/jobs.js';
import type { Logger } from '../../platform/logger.js';
import type { Actor } from '../../shared/actor.js';
import type { Authenticator, TokenGrants } from '../../shared/authenticator.js';
import type { Clock } from '../../shared/clock.js';
import { durationSeconds } from '../../shared/duration.js';
import { externalUrlPolicy } from '../../shared/external-url.js';
import type { NameFilter } from '../../shared/name-filter.js';
import type { AccessChangeEvents, AccessChangePoster } from '../access-changes/index.js';
import type { MailOrders } from '../mail/index.js';
import { defineLinkModel } from './account-links.repository.js';
import { Accounts } from './accounts.js';
import { AdminGuard, UserAdministration } from './administration.js';
import { AdminGuardRepository } from './admin-guard.repository.js';
import { AuditTrail } from './audit.js';
import { defineAuditModel, AuditRepository } from './audit.repository.js';
import { AccessTokenAuthenticator } from './authenticator.js';
import type { SignInLimits, SignInParts } from './build-sign-in.js';
import { buildSignIn, keyFor } from './build-sign-in.js';
import { defineSessionModels, SessionsRepository } from './sessions.repository.js';
import { UserDirectory } from './directory.js';
import { ExternalUserIds } from './external-user-ids.js';
import type { AdminSettings } from './first-admin.js';
import { createForeignAccess, defineForeignLoginModel } from './issuers/index.js';
import type { ForeignAccess } from './issuers/index.js';
import { ensureAdmin } from './first-admin.js';
import { LOGIN_AUDIT_MS, LoginAudit } from './login-audit.js';
import { PasswordHasher } from './passwords.js';
import type { ContactPolicy } from './profiles.js';
import { MintedLogins } from './minted-logins.js';
import { Profiles } from './profiles.js';
import { defineRegistrationInviteModel } from './registration-invites.repository.js';
import { Sessions } from './sessions.js';
import { AccessTokens } from './tokens.js';
import { defineTwoFactorModel } from './two-factor.repository.js';
import type { UserEvents } from './users.events.js';
import type { AccountStatus } from './users.model.js';
import { Usernames } from './usernames.js';
import { defineUserModels } from './users.model.js';
import { UsersRepository } from './users.repository.js';

export {
  emailSchema,
  isReservedUsername,
  nameSchema,
  newPasswordSchema,
  newUsernameSchema,
  passwordSchema,
  usernameSchema,
} from './account-fields.js';
export { isAdminNow } from './accounts.js';
export type { Accounts, NewAccount } from './accounts.js';
export type { AccountQuery, UserAdministration } from './administration.js';
export type { AuditedAction, AuditQuery, AuditTrail } from './audit.js';
export type { AuditFilter } from './audit.repository.js';
export { AUDIT_OUTCOMES } from './audit.repository.js';
export type { AuditEvent } from './audit.repository.js';
export { toUserCard } from './directory.js';
export type { UserCard, UserDirectory } from './directory.js';
export type { MintedLogin, MintedLogins, MintOptions } from './minted-logins.js';
export type {
  ContactPolicy,
  ProfileChanges,
  Profiles,
  SearchQuery,
  VisibleProfile,
} from './profiles.js';
export type {
  Credentials,
  Grant,
  LoginGrant,
  PasswordChange,
  SecondFactor,
  SignIn,
} from './sign-in.js';
export type { ForeignAccess } from './issuers/index.js';
export type { EmailAddresses } from './email-addresses.js';
export type { OwnAccount } from './own-account.js';
export type { PasswordReset } from './password-reset.js';
export type { NewRegistration, Registration } from './registration.js';
export type { RegistrationInvites, RegistrationInviteTerms } from './registration-invites.js';
export type { RegistrationInviteRecord } from './registration-invites.repository.js';
export type { SessionRecord } from './sessions.repository.js';
export type { TwoFactor } from './two-factor.js';
export { loadOrCreateSecret, newTokenId } from './tokens.js';
export type { UserEvents } from './users.events.js';
export { USER_STATUSES } from './users.model.js';
export type { AccountBan, AccountStatus, UserRecord, UserStatus } from './users.model.js';

/**
 * Hashes computed at once. Node runs them on its four worker threads, which also serve files and name
 * lookups; one is left to these.
 */
const MAX_PARALLEL_HASHES = 3;
/** Calls to sign in that may wait for a processor core: a few seconds' work. */
const MAX_WAITING_HASHES = 64;

/** How often accounts without search words are looked for, in milliseconds. */
const NAME_WORDS_MS = 20_000;
/** Such accounts per write, and per round; a round must end within a minute. */
const NAMES_AT_ONCE = 500;
const NAMES_PER_ROUND = 10_000;

/** Makes the search words of accounts of older versions: one round. */
const makeNameWords = async (users: UsersRepository): Promise<void> => {
  let [made, done] = [NAMES_AT_ONCE, 0];
  for (; made === NAMES_AT_ONCE && done < NAMES_PER_ROUND; done += made) {
    made = await users.makeNameWords(NAMES_AT_ONCE);
  }
};

/** Registers the module's models on a connection. */
export const defineUsersModels = (connection: Connection): void => {
  defineUserModels(connection);
  defineSessionModels(connection);
  defineAuditModel(connection);
  defineLinkModel(connection);
  defineRegistrationInviteModel(connection);
  defineTwoFactorModel(connection);
  defineForeignLoginModel(connection);
};

/**
 * Builds the accounts alone, for programs that need nothing else of the module.
 *
 * @param deps.connection has the module's models.
 */
export const createAccounts = ({
  connection,
  bus,
  clock,
  accessChanges,
}: {
  connection: Connection;
  bus: Publisher<UserEvents>;
  clock: Clock;
  accessChanges: AccessChangePoster;
}): Accounts => new Accounts({ users: new UsersRepository(connection), bus, clock, accessChanges });

/**
 * Builds the audit trail alone, for programs.
 *
 * @param deps.connection has the module's models.
 */
export const createAuditTrail = ({
  connection,
  clock,
  logger,
}: {
  connection: Connection;
  clock: Clock;
  logger: Logger;
}): AuditTrail => new AuditTrail(new AuditRepository(connection), clock, logger);

/** The use cases of the module. */
export interface UsersApi extends SignInParts {
  authenticator: Authenticator & TokenGrants;
  /** Reading, changing and searching profiles. */
  profiles: Profiles;
  /** Making and finding accounts, their rights. */
  accounts: Accounts;
  /** The admins' actions on other people's accounts. */
  administration: UserAdministration;
  /** Cards and existence of users, from memory where possible. */
  directory: UserDirectory;
  audit: AuditTrail;
  /** Logins that servers make for their users. */
  mintedLogins: MintedLogins;
  /** What is new in the stored accounts, for webhooks. */
  stored: Pick<UsersRepository, 'createdSince' | 'changedSince'>;
  /** Tokens of configured issuers: what they allow, and its end. */
  foreign: ForeignAccess;
  /** Whose external ids are whose, and which accounts have which. */
  externalIds: ExternalUserIds;
  /** The current status of a login and its user from the database; undefined when the login has ended. */
  statusOf(userId: string, sessionId: string): Promise<AccountStatus | undefined>;
  /** @throws {AppError} FORBIDDEN when the actor is not an admin now. */
  requireAdmin(actor: Actor): Promise<void>;
}

/** The users module, built. */
export interface UsersModule {
  api: UsersApi;
  subscriptions: Subscription<UserEvents & AccessChangeEvents>[];
  jobs: Job[];
  /** Records what is still in memory. */
  close(): Promise<void>;
  /**
   * Makes the admin that the settings name, when missing, and the search words of accounts of older versions.
   *
   * @throws {ConfigError} when the settings are incomplete or not acceptable.
   */
  start(): Promise<void>;
}

/**
 * Builds the users module: accounts, logins, profiles, the directory and the audit trail.
 *
 * @param deps.connection has the module's models.
 * @param deps.jwtSecret signs the tokens: the setting, or what `loadOrCreateSecret` answers.
 */
export const createUsers = ({
  config,
  connection,
  bus,
  clock,
  logger,
  jwtSecret,
  accessChanges,
  freshness,
  contacts,
  mailOrders,
  names,
  limits,
}: {
  config: AdminSettings &
    Pick<
      Config,
      | 'authIssuers'
      | 'bcryptRounds'
      | 'jwtAudience'
      | 'jwtExpiresIn'
      | 'jwtIssuer'
      | 'mediaExternalHosts'
      | 'publicUrl'
      | 'refreshExpiresIn'
      | 'registration'
      | 'showEmail'
      | 'totpRequired'
      | 'userDirectory'
    >;
  connection: Connection;
  bus: Publisher<UserEvents>;
  clock: Clock;
  logger: Logger;
  jwtSecret: string;
  accessChanges: AccessChangePoster;
  /** Confirms what is cached of accounts and logins. */
  freshness: Freshness;
  contacts: ContactPolicy;
  /** Where mails are ordered; undefined: no SMTP server is configured. */
  mailOrders: MailOrders | undefined;
  names: NameFilter;
  limits: SignInLimits;
}): UsersModule => {
  const users = new UsersRepository(connection);
  const accounts = new Accounts({ users, bus, clock, accessChanges });
  const directory = new UserDirectory(users, freshness);
  const profiles = new Profiles({
    users,
    usernames: new Usernames({ users, clock }),
    accessChanges,
    bus,
    contacts,
    names,
    showEmail: config.showEmail,
    userDirectory: config.userDirectory,
    isAllowedPictureUrl: externalUrlPolicy(config.mediaExternalHosts),
  });
  const guard = new AdminGuard(new AdminGuardRepository(connection), users, accounts, clock);
  const administration = new UserAdministration(users, accounts, guard);
  const audit = createAuditTrail({ connection, clock, logger });

  const tokens = new AccessTokens(
    {
      secret: jwtSecret,
      issuer: config.jwtIssuer,
      audience: config.jwtAudience,
      lifetime: durationSeconds(config.jwtExpiresIn),
    },
    clock,
  );
  const hasher = new PasswordHasher({
    rounds: config.bcryptRounds,
    concurrency: Math.min(availableParallelism(), MAX_PARALLEL_HASHES),
    maxQueue: MAX_WAITING_HASHES,
  });
  const sessions = new Sessions({
    sessions: new SessionsRepository(connection),
    bus,
    accessChanges,
    clock,
    refreshKey: keyFor('refresh tokens', jwtSecret),
    lifetime: durationSeconds(config.refreshExpiresIn),
  });
  const loginAudit = new LoginAudit(new AuditRepository(connection), clock, logger);
  const foreign = createForeignAccess({
    issuers: config.authIssuers,
    connection,
    users,
    accounts,
    names,
    administration,
    accessChanges,
    bus,
    clock,
    logger,
    isAllowedPictureUrl: externalUrlPolicy(config.mediaExternalHosts),
  });
  const signIn = buildSignIn({
    config,
    connection,
    users,
    accounts,
    administration,
    audit,
    loginAudit,
    names,
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
  });
  const authenticator = new AccessTokenAuthenticator(
    tokens,
    sessions,
    accounts,
    config.totpRequired,
    foreign,
    freshness,
  );

  return {
    api: {
      ...signIn,
      authenticator,
      profiles,
      accounts,
      administration,
      directory,
      audit,
      mintedLogins: new MintedLogins({ accounts, sessions, tokens, clock }),
      stored: users,
      foreign,
      externalIds: new ExternalUserIds(
        users,
        config.authIssuers.map(({ name }) => name),
      ),
      statusOf: (userId, sessionId) => authenticator.lookUp(userId, sessionId),
      requireAdmin: (actor) => accounts.requireAdmin(actor),
    },
    subscriptions: [
      ...directory.subscriptions,
      ...authenticator.subscriptions,
      {
        event: 'user.deactivated',
        phase: 'effects',
        on: 'origin',
        // A closed account is refused anyway; this keeps its logins ended when it is reopened.
        does: 'ends the logins of the user',
        run: async ({ userId }) => {
          await foreign.revokeAll(userId);
          await sessions.revokeAll(userId);
        },
      },
    ],
    jobs: [
      { name: 'login-audit', everyMs: LOGIN_AUDIT_MS, run: () => loginAudit.flush() },
      {
        name: 'name-words',
        everyMs: NAME_WORDS_MS,
        run: () => makeNameWords(users),
        isOncePerCluster: true,
      },
    ],
    /** Records the logins that are still in memory. */
    close: () => loginAudit.flush(),
    start: async () => {
      await makeNameWords(users);
      await ensureAdmin(config, accounts, hasher, logger);
    },
  };
};
