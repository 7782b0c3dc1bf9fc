import { addressKey } from '../../platform/tally.js';
import type { Actor } from '../../shared/actor.js';
import { isForeignSession } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import { DEFAULT_LOCALE } from '../../shared/locale.js';
import { banAt, canBeHashed, identityForm, passwordForm } from './account-fields.js';
import type { AccountLinks } from './account-links.js';
import type { AccountMails } from './account-mails.js';
import type { Accounts } from './accounts.js';
import { accountBanned } from './accounts.js';
import type { KnownDevice, KnownDevices } from './devices.js';
import type { ForeignAccess } from './issuers/index.js';
import type { LoginAudit } from './login-audit.js';
import type { LoginChallenges } from './login-challenges.js';
import type { FailedAttempts, PasswordHasher } from './passwords.js';
import { markOfPassword } from './passwords.js';
import type { OpenSession, SessionOrigin, Sessions } from './sessions.js';
import type { AccessTokens } from './tokens.js';
import type { TwoFactor } from './two-factor.js';
import type { UserRecord } from './users.model.js';

/** A sign-in. Each of the three names takes a username or an e-mail address. */
export type Credentials = { password: string; deviceToken?: string } & (
  { identifier: string } | { username: string } | { email: string }
);

/** The second step of a sign-in: a code of the app, or a recovery code. */
export interface SecondFactor {
  challenge: string;
  code: string;
  deviceToken?: string;
}

/** A change of password. */
export interface PasswordChange {
  currentPassword: string;
  newPassword: string;
}

/** The answer to a refresh: the pair of tokens, and the user. */
export interface Grant {
  token: string;
  refreshToken: string;
  /** Life of `token` in seconds. */
  expiresIn: number;
  user: UserRecord;
}

/** The answer to a sign-in. */
export interface LoginGrant extends Grant {
  /** Makes the device known at its next login. */
  deviceToken: string;
}

/** The keys under which an attempt to guess a password is counted. */
interface Counters {
  /** The address or device of the attempt; absent: only the account counts. */
  source?: string;
  account: string;
}

const changedMeanwhile = (): AppError =>
  new AppError('CONFLICT', 'The password was changed meanwhile');

const invalidCredentials = (): AppError =>
  new AppError('INVALID_CREDENTIALS', 'Wrong username, e-mail address or password');

const deactivated = (): AppError =>
  new AppError('ACCOUNT_DEACTIVATED', 'This account has been deactivated');

const notVerified = (): AppError =>
  new AppError(
    'EMAIL_NOT_VERIFIED',
    'Confirm your e-mail address first: open the link in the mail',
  );

const countersOfDevice = ({ id }: KnownDevice): Required<Counters> => ({
  source: `device:${id}`,
  account: `device:${id}`,
});

/** The prefixes keep a made-up name from being counted as somebody's account or device. */
const countersOfStranger = (
  user: UserRecord | null,
  name: string,
  { ip }: SessionOrigin,
): Counters => ({
  source: addressKey(ip),
  account: user ? `user:${user._id.toString()}` : `name:${identityForm(name)}`,
});

/** An account of a server's has no password: it is refused like a wrong one, after the same time. */
const hashOf = (user: UserRecord | null): string | undefined =>
  user && user.passwordHash !== '' ? user.passwordHash : undefined;

const nameIn = (credentials: Credentials): string => {
  if ('identifier' in credentials) return credentials.identifier;
  return 'email' in credentials ? credentials.email : credentials.username;
};

/** Refusals to sign in that the audit trail has. */
const RECORDED = new Set([
  'INVALID_CREDENTIALS',
  'ACCOUNT_DEACTIVATED',
  'BANNED',
  'EMAIL_NOT_VERIFIED',
  'TOTP_INVALID',
]);

/** Signing in and out, and changing the password. */
export class SignIn {
  constructor(
    private readonly deps: {
      accounts: Accounts;
      sessions: Sessions;
      tokens: AccessTokens;
      clock: Clock;
      hasher: PasswordHasher;
      devices: KnownDevices;
      challenges: LoginChallenges;
      twoFactor: Pick<TwoFactor, 'check'>;
      mails: Pick<AccountMails, 'during'>;
      links: Pick<AccountLinks, 'revoke'>;
      /** The logins of issuers' users. */
      foreign: Pick<ForeignAccess, 'revoke' | 'revokeAll'>;
      loginAudit: Pick<LoginAudit, 'succeeded' | 'failed'>;
      /** Refused attempts to sign in, per client address or known device. */
      refusals: FailedAttempts;
      /** Wrong passwords per account, known device, or login. */
      wrongPasswords: FailedAttempts;
    },
  ) {}

  /**
   * Signs in. An attempt from a known device counts for that device alone, so that other people's wrong
   * passwords do not lock it out. A device token that is not valid, or of another account, is ignored.
   *
   * @throws {AppError} INVALID_CREDENTIALS, alike for a wrong password and an unknown account;
   *   ACCOUNT_DEACTIVATED; EMAIL_NOT_VERIFIED; TOTP_REQUIRED with a challenge for {@link complete}; RATE_LIMITED
   *   after many wrong passwords; OVERLOADED.
   */
  async login(credentials: Credentials, origin: SessionOrigin): Promise<LoginGrant> {
    const { accounts, challenges, devices } = this.deps;
    const name = nameIn(credentials);
    // No username has an @, in whatever width it is typed.
    const isByEmail = identityForm(name).includes('@');
    // The device is looked up whether or not the account exists: the response time must not tell.
    const [found, device] = await Promise.all([
      isByEmail ? accounts.findByEmail(name) : accounts.findByUsername(name),
      devices.find(credentials.deviceToken),
    ]);
    const known = found && device && devices.isKnownTo(found, device) ? device : undefined;
    const user = await this.recording(found, origin, async () => {
      const isAsGiven = await this.checkPassword(
        known ? countersOfDevice(known) : countersOfStranger(found, name, origin),
        credentials.password,
        hashOf(found),
      );
      if (!found) throw invalidCredentials();
      this.assertOpen(found);
      if (found.mustVerifyEmail) throw notVerified();
      return isAsGiven ? this.withHashOfForm(found, credentials.password) : found;
    });
    if (user.totpEnabledAt) {
      throw new AppError('TOTP_REQUIRED', 'Give the code of your second factor', {
        challenge: challenges.issue(user),
      });
    }
    return this.begin(user, origin, known);
  }

  /**
   * The second step of a sign-in.
   *
   * @throws {AppError} UNAUTHENTICATED for a challenge that is not valid any more, TOTP_INVALID,
   *   ACCOUNT_DEACTIVATED, RATE_LIMITED.
   */
  async complete(
    { challenge, code, deviceToken }: SecondFactor,
    origin: SessionOrigin,
  ): Promise<LoginGrant> {
    const { accounts, challenges, devices, refusals, twoFactor } = this.deps;
    const [user, device] = await Promise.all([
      challenges.accountOf(challenge, (userId) => accounts.findById(userId)),
      devices.find(deviceToken),
    ]);
    const known = device && devices.isKnownTo(user, device) ? device : undefined;
    const source = known ? countersOfDevice(known).source : addressKey(origin.ip);
    await this.recording(user, origin, async () => {
      this.assertOpen(user);
      // Without a second factor by now, the password alone is enough.
      if (!user.totpEnabledAt) return;
      await refusals.run(source, () => twoFactor.check(user._id.toHexString(), code));
    });
    return this.begin(user, origin, known);
  }

  /**
   * Begins a login of somebody who has proved to be the owner of an account.
   *
   * @param user as it was when that was proved.
   * @throws {AppError} INVALID_CREDENTIALS when the password was changed meanwhile.
   */
  async begin(user: UserRecord, origin: SessionOrigin, known?: KnownDevice): Promise<LoginGrant> {
    const { accounts, devices, sessions } = this.deps;
    const remembered = await devices.remember(user, known);
    const session = await sessions.start(user._id.toString(), origin, {
      deviceId: remembered.id,
    });
    // A change of password ends the logins that it finds. This check finds a login that began with the old
    // password but was written after that change.
    const current = await accounts.findById(session.userId);
    if (current?.passwordHash !== user.passwordHash) {
      await sessions.revoke(session.userId, session.sessionId);
      throw invalidCredentials();
    }
    this.deps.loginAudit.succeeded(session.userId, origin.ip, session.sessionId);
    return { ...this.grant(user, session), deviceToken: remembered.token };
  }

  /**
   * Replaces both tokens.
   *
   * @throws {AppError} REFRESH_REUSED, UNAUTHENTICATED, ACCOUNT_DEACTIVATED or BANNED.
   */
  async refresh(refreshToken: string): Promise<Grant> {
    const session = await this.deps.sessions.rotate(refreshToken);
    const user = await this.deps.accounts.findById(session.userId);
    try {
      this.assertOpen(user);
    } catch (error) {
      await this.deps.sessions.revoke(session.userId, session.sessionId);
      throw error;
    }
    return this.grant(user, session);
  }

  /** Records a refused attempt to sign in. Those beyond the limits are not looked at, and are not recorded either. */
  private async recording<Result>(
    user: UserRecord | null,
    { ip }: SessionOrigin,
    attempt: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof AppError && RECORDED.has(error.code)) {
        this.deps.loginAudit.failed(user?._id.toHexString(), ip, error.code);
      }
      throw error;
    }
  }

  /** @throws {AppError} ACCOUNT_DEACTIVATED or BANNED when nobody may sign in to the account now. */
  private assertOpen(user: UserRecord | null): asserts user is UserRecord {
    if (!user || user.deactivatedAt) throw deactivated();
    const ban = banAt(user, this.deps.clock.now());
    if (ban) throw accountBanned(ban);
  }

  /** The actor's own account. */
  async me(actor: Actor): Promise<UserRecord> {
    const user = await this.deps.accounts.findById(actor.userId);
    if (!user) throw new AppError('UNAUTHENTICATED', 'This account is gone');
    return user;
  }

  /** Ends the login of this call; answers how many have ended. */
  async logout(actor: Actor): Promise<number> {
    if (isForeignSession(actor.sessionId)) {
      await this.deps.foreign.revoke(actor.userId, actor.sessionId);
      return 1;
    }
    return (await this.deps.sessions.revoke(actor.userId, actor.sessionId)) ? 1 : 0;
  }

  /** Ends all logins of the actor, this one too; answers how many have ended. */
  async logoutAll(actor: Actor): Promise<number> {
    return this.endSessions(actor.userId);
  }

  /** Ends all logins of a user; answers how many have ended. */
  async endSessions(userId: string): Promise<number> {
    await this.deps.foreign.revokeAll(userId);
    return this.deps.sessions.revokeAll(userId);
  }

  /**
   * Sets a new password and ends the actor's other logins; answers how many have ended. The other logins end
   * before the password changes: if ending them fails, nothing has changed and the client can repeat the call,
   * which it could not under a new password. Logins that begin in between end after the change. The actor's own
   * device stays known; the others do not. Wrong current passwords count for this login alone: strangers who try
   * to sign in must not keep its owner from changing the password. The owner is told of it by mail.
   *
   * @throws {AppError} INVALID_CREDENTIALS when the current password is wrong; RATE_LIMITED;
   *   CONFLICT when another change was faster; OVERLOADED.
   */
  async changePassword(actor: Actor, change: PasswordChange): Promise<number> {
    const { accounts, devices, hasher, links, mails, sessions } = this.deps;
    const user = await this.confirmPassword(actor, change.currentPassword);
    const { _id, email, locale, passwordHash } = user;
    const newHash = await hasher.hash(change.newPassword);
    // Of two concurrent changes, the later must not end the login of the earlier. Most of the time goes into
    // hashing, so this checks again after it.
    if ((await this.me(actor)).passwordHash !== passwordHash) throw changedMeanwhile();
    // A login of an issuer's is none of those that end.
    const ownId = isForeignSession(actor.sessionId) ? undefined : actor.sessionId;
    const deviceId = ownId === undefined ? undefined : await sessions.deviceOf(ownId);
    const ended = await sessions.revokeAll(actor.userId, ownId);
    // Whoever knew the old password may have asked for another address.
    await links.revoke({ userId: _id }, ['reset', 'change']);
    const { userId } = actor;
    const notice = { kind: 'password', userId, address: email } as const;
    await mails.during(
      { ...notice, locale: locale ?? DEFAULT_LOCALE, passwordMark: markOfPassword(user) },
      async () => {
        const isReplaced = await accounts.replacePasswordHash(userId, passwordHash, newHash);
        if (!isReplaced) throw changedMeanwhile();
      },
    );
    const endedSince = await sessions.revokeAll(actor.userId, ownId);
    await links.revoke({ userId: _id }, ['reset', 'change']);
    if (deviceId !== undefined) await devices.keep(deviceId, newHash);
    return ended + endedSince;
  }

  /**
   * Checks the password of the actor's own account; answers the account. Wrong ones count for this login alone.
   *
   * @throws {AppError} INVALID_CREDENTIALS, RATE_LIMITED, OVERLOADED.
   */
  async confirmPassword(actor: Actor, password: string): Promise<UserRecord> {
    const user = await this.me(actor);
    await this.checkPassword({ account: `session:${actor.sessionId}` }, password, hashOf(user));
    return user;
  }

  /**
   * @returns whether the hash is of the password as given, from before passwords had a form.
   * @throws {AppError} INVALID_CREDENTIALS, RATE_LIMITED, OVERLOADED.
   */
  private async checkPassword(
    { source, account }: Counters,
    password: string,
    hash: string | undefined,
  ): Promise<boolean> {
    const { hasher, refusals, wrongPasswords } = this.deps;
    const check = () =>
      wrongPasswords.run(account, async () => {
        if (await hasher.matches(password, hash)) return false;
        const hasOtherForm = passwordForm(password) !== password;
        if (hasOtherForm && (await hasher.matchesAsGiven(password, hash))) return true;
        throw invalidCredentials();
      });
    return source === undefined ? check() : refusals.run(source, check);
  }

  /**
   * Replaces a hash of the password as given by one of its form; answers the changed account.
   *
   * @throws {AppError} INVALID_CREDENTIALS when the password has been changed meanwhile; OVERLOADED.
   */
  private async withHashOfForm(user: UserRecord, password: string): Promise<UserRecord> {
    const { accounts, devices, hasher } = this.deps;
    // The password fits as given, but may be too long in its form.
    const form = passwordForm(password);
    if (!canBeHashed(form)) return user;
    const passwordHash = await hasher.hash(form);
    const userId = user._id.toString();
    if (await accounts.replacePasswordHash(userId, user.passwordHash, passwordHash)) {
      await devices.keepAll(user, passwordHash);
      return { ...user, passwordHash };
    }
    // Another login has replaced the hash, or the password was changed.
    const current = await accounts.findById(userId);
    if (!current || !(await hasher.matches(password, current.passwordHash))) {
      throw invalidCredentials();
    }
    return current;
  }

  private grant(user: UserRecord, { userId, sessionId, refreshToken }: OpenSession): Grant {
    const { tokens } = this.deps;
    return {
      token: tokens.sign({ userId, sessionId }),
      refreshToken,
      expiresIn: tokens.lifetime,
      user,
    };
  }
}
