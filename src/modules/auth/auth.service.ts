import type { RateLimiter } from '../../platform/rate-limiter.js';
import type { Actor } from '../../shared/actor.js';
import { AppError } from '../../shared/errors.js';
import type { AccountService, UserDoc } from '../users/index.js';
import type { AccessTokens } from './access-tokens.js';
import type { Credentials, PasswordChange, Registration } from './auth.schemas.js';
import type { PasswordHasher } from './password-hasher.js';
import type { OpenSession, SessionOrigin, SessionService } from './session.service.js';

/** What signing in gives: the pair of tokens, and who one is. */
export interface Grant {
  token: string;
  refreshToken: string;
  /** Life of `token` in seconds. */
  expiresIn: number;
  user: UserDoc;
}

/** What the service is built from. */
export interface AuthServiceDeps {
  accounts: AccountService;
  sessions: SessionService;
  tokens: AccessTokens;
  hasher: PasswordHasher;
  /** Wrong passwords per account. */
  loginFailures: RateLimiter;
}

const changedMeanwhile = (): AppError =>
  new AppError('CONFLICT', 'The password was changed meanwhile');

const invalidCredentials = (): AppError =>
  new AppError('INVALID_CREDENTIALS', 'Wrong username, e-mail address or password');

const deactivated = (): AppError =>
  new AppError('ACCOUNT_DEACTIVATED', 'This account has been deactivated');

/** Use cases around signing in. */
export class AuthService {
  constructor(private readonly deps: AuthServiceDeps) {}

  /**
   * Makes an account and signs it in.
   *
   * @throws {AppError} USERNAME_TAKEN, EMAIL_TAKEN, or OVERLOADED.
   */
  async register({ password, ...account }: Registration, origin: SessionOrigin): Promise<Grant> {
    const { accounts, hasher, sessions } = this.deps;
    await accounts.requireAvailable(account.username, account.email);
    const passwordHash = await hasher.hash(password);
    const user = await accounts.create({ ...account, passwordHash });
    return this.grant(user, await sessions.start(user._id.toString(), origin));
  }

  /**
   * Signs in.
   *
   * @throws {AppError} INVALID_CREDENTIALS, alike for a wrong password and an unknown account;
   *   ACCOUNT_DEACTIVATED; RATE_LIMITED after many wrong passwords; OVERLOADED.
   */
  async login(credentials: Credentials, origin: SessionOrigin): Promise<Grant> {
    const { accounts, sessions } = this.deps;
    const isByEmail = 'email' in credentials;
    const name = isByEmail ? credentials.email : credentials.username;
    const user = await (isByEmail ? accounts.findByEmail(name) : accounts.findByUsername(name));
    await this.checkPassword(
      user?._id.toString() ?? name.toLowerCase(),
      credentials.password,
      user?.passwordHash,
    );
    if (!user) throw invalidCredentials();
    if (user.deactivatedAt) throw deactivated();
    const session = await sessions.start(user._id.toString(), origin);
    // A change of password ends the logins it finds. One that began with the old password meanwhile,
    // but was written after, is found here.
    const current = await accounts.findById(session.userId);
    if (current?.passwordHash !== user.passwordHash) {
      await sessions.revoke(session.userId, session.sessionId);
      throw invalidCredentials();
    }
    return this.grant(user, session);
  }

  /**
   * Replaces both tokens.
   *
   * @throws {AppError} REFRESH_REUSED, UNAUTHENTICATED, or ACCOUNT_DEACTIVATED.
   */
  async refresh(refreshToken: string): Promise<Grant> {
    const session = await this.deps.sessions.rotate(refreshToken);
    const user = await this.deps.accounts.findById(session.userId);
    if (!user || user.deactivatedAt) {
      await this.deps.sessions.revoke(session.userId, session.sessionId);
      throw deactivated();
    }
    return this.grant(user, session);
  }

  /** The actor's own account. */
  async me(actor: Actor): Promise<UserDoc> {
    const user = await this.deps.accounts.findById(actor.userId);
    if (!user) throw new AppError('UNAUTHENTICATED', 'This account is gone');
    return user;
  }

  /** Ends the login of this call; says how many have ended. */
  async logout(actor: Actor): Promise<number> {
    return (await this.deps.sessions.revoke(actor.userId, actor.sessionId)) ? 1 : 0;
  }

  /** Ends all logins of the actor, this one too; says how many have ended. */
  async logoutAll(actor: Actor): Promise<number> {
    return this.endSessions(actor.userId);
  }

  /** Ends all logins of a user; says how many have ended. */
  async endSessions(userId: string): Promise<number> {
    return this.deps.sessions.revokeAll(userId);
  }

  /**
   * Sets a new password and ends the actor's other logins; says how many have ended. The others end
   * before the password changes: if that fails, nothing has changed and the call can be made again, which
   * it could not be under a new password. Those that begin in between end after it.
   *
   * @throws {AppError} INVALID_CREDENTIALS when the current password is wrong; RATE_LIMITED;
   *   CONFLICT when another change was faster; OVERLOADED.
   */
  async changePassword(actor: Actor, change: PasswordChange): Promise<number> {
    const { accounts, hasher, sessions } = this.deps;
    const { passwordHash } = await this.me(actor);
    await this.checkPassword(actor.userId, change.currentPassword, passwordHash);
    const newHash = await hasher.hash(change.newPassword);
    // Of two at once, the later must not end the login of the earlier; hashing took most of the time.
    if ((await this.me(actor)).passwordHash !== passwordHash) throw changedMeanwhile();
    const ended = await sessions.revokeAll(actor.userId, actor.sessionId);
    if (!(await accounts.replacePasswordHash(actor.userId, passwordHash, newHash))) {
      throw changedMeanwhile();
    }
    return ended + (await sessions.revokeAll(actor.userId, actor.sessionId));
  }

  /** Counts each attempt before it is made, so that parallel ones count, and gives good ones back. */
  private async checkPassword(
    account: string,
    password: string,
    hash: string | undefined,
  ): Promise<void> {
    const { hasher, loginFailures } = this.deps;
    await loginFailures.consume(account);
    let isWrong = false;
    try {
      isWrong = !(await hasher.matches(password, hash));
      if (isWrong) throw invalidCredentials();
    } finally {
      if (!isWrong) await loginFailures.refund(account);
    }
  }

  private grant(user: UserDoc, { userId, sessionId, refreshToken }: OpenSession): Grant {
    const { tokens } = this.deps;
    return {
      token: tokens.sign({ userId, sessionId }),
      refreshToken,
      expiresIn: tokens.lifetime,
      user,
    };
  }
}
