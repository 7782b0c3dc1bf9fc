import { createSecretKey, hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { Connection } from 'mongoose';
import type { Config } from '../../config/index.js';
import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { Logger } from '../../platform/logger.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import type { Authenticator } from '../../shared/authenticator.js';
import type { Clock } from '../../shared/clock.js';
import { durationSeconds } from '../../shared/duration.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { AccountService, AccountStatus, UserEvents } from './index.js';
import { AccessTokenAuthenticator } from './access-token-authenticator.js';
import { AccessTokens } from './access-tokens.js';
import type { AdminSettings } from './admin-account.js';
import { ensureAdmin } from './admin-account.js';
import type { AuthEvents } from './auth.events.js';
import { AuthService } from './auth.js';
import { defineDeviceModel, deviceModel } from './device.model.js';
import { DeviceTokens } from './device-tokens.js';
import { FailedAttempts } from './failed-attempts.js';
import { PasswordHasher } from './password-hasher.js';
import { defineSessionModel, sessionModel } from './session.model.js';
import { SessionService } from './session.js';

export type { AuthEvents } from './auth.events.js';
export type {
  AuthService,
  Credentials,
  Grant,
  PasswordChange,
  Registration,
  SignIn,
} from './auth.js';
export { loadOrCreateSecret } from './jwt-secret.js';

/** Registers the module's models on a connection. */
export const defineAuthModels = (connection: Connection): void => {
  defineSessionModel(connection);
  defineDeviceModel(connection);
};

/** What the module is built from. */
export interface AuthModuleDeps {
  config: AdminSettings &
    Pick<
      Config,
      'jwtIssuer' | 'jwtAudience' | 'jwtExpiresIn' | 'refreshExpiresIn' | 'bcryptRounds'
    >;
  /** Signs the tokens: the setting, or what `loadOrCreateSecret` answers. */
  jwtSecret: string;
  /** Has the module's models. */
  connection: Connection;
  accounts: AccountService;
  bus: Publisher<AuthEvents>;
  accessChanges: AccessChangePoster;
  logger: Logger;
  clock: Clock;
  limits: {
    /** Sign-ups per client address (RATE_LIMIT_REGISTER_PER_HOUR). */
    signUps: RateLimiter;
    /** Refused attempts to sign in, per client address or known device (RATE_LIMIT_AUTH_PER_15_MIN). */
    refusals: RateLimiter;
    /** Wrong passwords per account, known device or login (RATE_LIMIT_LOGIN_FAILURES_PER_HOUR). */
    wrongPasswords: RateLimiter;
  };
}

/** The auth module, built. */
export interface AuthModule {
  authenticator: Authenticator;
  service: AuthService;
  subscriptions: Subscription<AuthEvents & UserEvents>[];
  /** What the database says of a login and its user now; undefined when the login has ended. */
  statusOf(userId: string, sessionId: string): Promise<AccountStatus | undefined>;
  /**
   * Makes the admin that the settings name, when missing.
   *
   * @throws {ConfigError} when the settings are incomplete or not acceptable.
   */
  ensureAdmin(): Promise<void>;
}

/**
 * Hashes computed at once. Node runs them on its four worker threads, which also serve files and name
 * look-ups; one is left to these.
 */
const MAX_PARALLEL_HASHES = 3;
/** Calls to sign in that may wait for a processor core: a few seconds' work. */
const MAX_WAITING_HASHES = 64;

/**
 * The key of the derived refresh tokens: another one than that of the access tokens, but kept with it, so that
 * it is the same on every node and after every start.
 */
const refreshKeyOf = (secret: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'parley refresh tokens', 32)));

/** Builds the auth module. */
export const createAuthModule = (deps: AuthModuleDeps): AuthModule => {
  const { config, accounts, bus, clock, logger, limits } = deps;
  const tokens = new AccessTokens(
    {
      secret: deps.jwtSecret,
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
  const sessions = new SessionService({
    sessions: sessionModel(deps.connection),
    bus,
    accessChanges: deps.accessChanges,
    clock,
    refreshKey: refreshKeyOf(deps.jwtSecret),
    lifetime: durationSeconds(config.refreshExpiresIn),
  });
  const service = new AuthService({
    accounts,
    sessions,
    tokens,
    hasher,
    devices: new DeviceTokens(deviceModel(deps.connection), clock),
    signUps: limits.signUps,
    refusals: new FailedAttempts(limits.refusals),
    wrongPasswords: new FailedAttempts(limits.wrongPasswords),
  });
  const authenticator = new AccessTokenAuthenticator({
    tokens,
    isSessionLive: (userId, sessionId) => sessions.isLive(userId, sessionId),
    statusOf: (userId) => accounts.status(userId),
  });
  return {
    authenticator,
    statusOf: (userId, sessionId) => authenticator.lookUp(userId, sessionId),
    service,
    subscriptions: [
      ...authenticator.subscriptions,
      {
        event: 'user.deactivated',
        phase: 'effects',
        on: 'origin',
        // A closed account is refused from now on anyway; this keeps its logins ended when it is reopened.
        does: 'ends the logins of the user',
        run: async ({ userId }) => {
          await sessions.revokeAll(userId);
        },
      },
    ],
    ensureAdmin: () => ensureAdmin(config, { accounts, hasher, logger }),
  };
};
