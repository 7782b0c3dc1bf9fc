import { createHash, randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import type { Config } from '../../config/index.js';
import type { Publisher } from '../../platform/event-bus.js';
import type { SecretBox } from '../../platform/secret-box.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, forbidden, notFound } from '../../shared/errors.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { FailedAttempts } from './passwords.js';
import type { TwoFactorRepository } from './two-factor.repository.js';
import type { UserEvents } from './users.events.js';
import type { AccountStatus, UserRecord } from './users.model.js';
import type { UsersRepository } from './users.repository.js';

/** A secret that is to be entered into an authenticator app. */
export interface Enrolment {
  /** In base 32. */
  secret: string;
  /** `otpauth://totp/…`, for a QR code. */
  uri: string;
}

/** Seconds that a code lasts. */
const PERIOD = 30;
/** Codes before and after the current one that are taken: clocks of phones differ. */
const WINDOW = 1;
const SECRET_BYTES = 20;
/** Recovery codes that are made at a time, and random bytes in each. */
const RECOVERY_CODES = 10;
const RECOVERY_BYTES = 10;

const TOTP_CODE = /^\d{6}$/;

const invalid = (): AppError => new AppError('TOTP_INVALID', 'This code is wrong, or was used');

/** Codes are typed with spaces and hyphens, in either case. */
const codeForm = (code: string): string =>
  code.normalize('NFKC').replaceAll(/[\s-]/g, '').toLowerCase();

const hashOf = (code: string): string => createHash('sha256').update(code).digest('hex');

/** Makes recovery codes in the form in which they are shown, as `3f7a9-…`. */
const newRecoveryCodes = (): string[] =>
  Array.from({ length: RECOVERY_CODES }, () =>
    randomBytes(RECOVERY_BYTES)
      .toString('hex')
      .replaceAll(/(.{5})(?=.)/g, '$1-'),
  );

/** Whether somebody has to set up a second factor before anything else (TOTP_REQUIRED). */
export const mustEnrol = (
  required: Config['totpRequired'],
  { role, hasTotp }: Pick<AccountStatus, 'hasTotp' | 'role'>,
): boolean => isRequiredOf(required, role) && !hasTotp;

const isRequiredOf = (required: Config['totpRequired'], role: AccountStatus['role']): boolean =>
  required === 'all' || (required === 'admins' && role === 'admin');

/**
 * The second factor of a login: codes of an authenticator app (TOTP, RFC 6238), or recovery codes. Secrets are
 * stored encrypted. Each code works once, and wrong ones are counted per account.
 */
export class TwoFactor {
  constructor(
    private readonly deps: {
      factors: TwoFactorRepository;
      users: UsersRepository;
      accessChanges: AccessChangePoster;
      box: SecretBox;
      /** Wrong codes per account. */
      wrongCodes: FailedAttempts;
      required: Config['totpRequired'];
      /** The name under which apps list the account. */
      issuer: string;
      bus: Publisher<UserEvents>;
      clock: Clock;
    },
  ) {}

  /**
   * Proposes a secret; it comes into force when a code of it is given. The caller has made sure that it is the
   * owner who asks.
   *
   * @throws {AppError} CONFLICT when the account has a second factor already.
   */
  async enrol(actor: Actor): Promise<Enrolment> {
    const { box, factors } = this.deps;
    const user = await this.userOf(actor);
    if (user.totpEnabledAt)
      throw new AppError('CONFLICT', 'This account has a second factor already');
    const secret = new Secret({ size: SECRET_BYTES }).base32;
    await factors.propose(actor.userId, box.seal(secret, actor.userId));
    return { secret, uri: this.totpOf(secret, user.username).toString() };
  }

  /**
   * Puts the proposed secret in force by a code of it. Logins that there are stay.
   *
   * @returns the recovery codes, which are never shown again.
   * @throws {AppError} CONFLICT when none is proposed, TOTP_INVALID, RATE_LIMITED.
   */
  async confirm(actor: Actor, code: string): Promise<string[]> {
    const { clock, factors } = this.deps;
    const { userId } = actor;
    const user = await this.userOf(actor);
    const pending = (await factors.find(userId))?.pendingSecret;
    if (!pending || user.totpEnabledAt) {
      throw new AppError('CONFLICT', 'Ask for a new secret first');
    }
    const step = await this.attempt(userId, () => {
      const found = this.stepOf(this.open(pending, userId), codeForm(code));
      if (found === undefined) throw invalid();
      return Promise.resolve(found);
    });
    const codes = newRecoveryCodes();
    const hashes = codes.map((text) => hashOf(codeForm(text)));
    if (!(await factors.confirm(userId, pending, step, hashes))) throw invalid();
    await this.mark(userId, new Date(clock.now()));
    return codes;
  }

  /** A secret that was sealed under another JWT_SECRET cannot be read: no code of it is right. */
  private open(sealed: string, userId: string): string {
    try {
      return this.deps.box.open(sealed, userId);
    } catch {
      throw invalid();
    }
  }

  /**
   * Checks a code of the app, or a recovery code, and uses it up.
   *
   * @throws {AppError} TOTP_INVALID, RATE_LIMITED.
   */
  async check(userId: string, text: string): Promise<void> {
    const { factors } = this.deps;
    await this.attempt(userId, async () => {
      const code = codeForm(text);
      if (!TOTP_CODE.test(code)) {
        if (await factors.useRecoveryCode(userId, hashOf(code))) return;
        throw invalid();
      }
      const secret = (await factors.find(userId))?.secret;
      const step = secret ? this.stepOf(this.open(secret, userId), code) : undefined;
      if (step === undefined || !(await factors.useStep(userId, step))) throw invalid();
    });
  }

  /**
   * Makes new recovery codes; the former ones do not work any more.
   *
   * @throws {AppError} CONFLICT without a second factor, TOTP_INVALID, RATE_LIMITED.
   */
  async renewRecoveryCodes(actor: Actor, code: string): Promise<string[]> {
    await this.requireEnrolled(actor);
    await this.check(actor.userId, code);
    const codes = newRecoveryCodes();
    await this.deps.factors.setRecoveryCodes(
      actor.userId,
      codes.map((text) => hashOf(codeForm(text))),
    );
    return codes;
  }

  /**
   * Ends the second factor of one's own account. The caller has checked the password.
   *
   * @throws {AppError} CONFLICT without a second factor, FORBIDDEN where one is obligatory, TOTP_INVALID, RATE_LIMITED.
   */
  async disable(actor: Actor, code: string): Promise<void> {
    const { role } = await this.requireEnrolled(actor);
    if (isRequiredOf(this.deps.required, role)) {
      throw forbidden('A second factor is obligatory for this account');
    }
    await this.check(actor.userId, code);
    await this.remove(actor.userId);
  }

  /**
   * Ends the second factor of an account whose owner has lost it.
   *
   * @throws {AppError} NOT_FOUND when there is no such account.
   */
  async remove(userId: string): Promise<void> {
    // The mark goes first: with it and without a secret, nobody could sign in.
    await this.mark(userId, null);
    await this.deps.factors.remove(userId);
  }

  private async mark(userId: string, totpEnabledAt: Date | null): Promise<void> {
    const { accessChanges, bus, users } = this.deps;
    await accessChanges.post([{ kind: 'login', userId }]);
    if (!(await users.update(userId, { totpEnabledAt }))) throw notFound('User');
    bus.emit('user.second_factor_changed', { userId }, { scope: 'cluster' });
  }

  private attempt<T>(userId: string, work: () => Promise<T>): Promise<T> {
    return this.deps.wrongCodes.run(`user:${userId}`, work);
  }

  /** The number of the 30 seconds to which a code belongs; undefined when it is wrong. */
  private stepOf(secret: string, token: string): number | undefined {
    const timestamp = this.deps.clock.now();
    const delta = this.totpOf(secret, '').validate({ token, timestamp, window: WINDOW });
    return delta === null ? undefined : TOTP.counter({ period: PERIOD, timestamp }) + delta;
  }

  private totpOf(secret: string, label: string): TOTP {
    const { issuer } = this.deps;
    return new TOTP({
      issuer,
      label,
      period: PERIOD,
      digits: 6,
      secret: Secret.fromBase32(secret),
    });
  }

  private async requireEnrolled(actor: Actor): Promise<UserRecord> {
    const user = await this.userOf(actor);
    if (!user.totpEnabledAt) throw new AppError('CONFLICT', 'This account has no second factor');
    return user;
  }

  private async userOf({ userId }: Actor): Promise<UserRecord> {
    const user = await this.deps.users.findById(userId);
    if (!user) throw new AppError('UNAUTHENTICATED', 'This account is gone');
    return user;
  }
}
