import type { Actor } from '../../shared/actor.js';
import { foreignIssuedAt, isForeignSession } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { UserAdministration } from './administration.js';
import type { AuditTrail } from './audit.js';
import type { SessionRecord } from './sessions.repository.js';
import type { Sessions } from './sessions.js';
import type { SignIn } from './sign-in.js';

/** How old a login may be to stand for the password, in milliseconds. */
const FRESH_MS = 10 * 60_000;

/** What people do with their own account: see where it is signed in, and close it. */
export class OwnAccount {
  constructor(
    private readonly deps: {
      sessions: Sessions;
      auth: Pick<SignIn, 'confirmPassword'>;
      administration: Pick<UserAdministration, 'setActive'>;
      audit: Pick<AuditTrail, 'during'>;
      clock: Clock;
    },
  ) {}

  /** The live logins of the actor, the one used last first. */
  logins(actor: Actor): Promise<SessionRecord[]> {
    return this.deps.sessions.list(actor.userId);
  }

  /**
   * Ends one login of the actor, with its sockets.
   *
   * @throws {AppError} NOT_FOUND when the actor has no such login, or it has ended.
   */
  async endLogin(actor: Actor, sessionId: string): Promise<void> {
    const { sessions } = this.deps;
    if (!(await sessions.live(actor.userId, sessionId))) throw notFound('Login');
    await sessions.revoke(actor.userId, sessionId);
  }

  /** Ends all logins of the actor but this one; answers how many. */
  endOtherLogins({ userId, sessionId }: Actor): Promise<number> {
    // A login of an issuer's is none of those that end.
    return this.deps.sessions.revokeAll(
      userId,
      isForeignSession(sessionId) ? undefined : sessionId,
    );
  }

  /**
   * Closes the actor's own account, as an admin would: its logins end, nobody finds it, groups that it alone owned
   * pass on, messages stay.
   *
   * @throws {AppError} FRESH_LOGIN_REQUIRED, INVALID_CREDENTIALS, RATE_LIMITED; LAST_ADMIN when no admin would be
   *   left.
   */
  async close(actor: Actor, password: string | undefined): Promise<void> {
    const { administration, audit } = this.deps;
    await this.confirmOwner(actor, password);
    await audit.during(actor, { action: 'users.close_own', subject: actor.userId }, () =>
      administration.setActive(actor.userId, false),
    );
  }

  /**
   * Makes sure that it is the owner who acts, and not somebody at a device that was left signed in: by the password,
   * or by a login of the last ten minutes.
   *
   * @throws {AppError} FRESH_LOGIN_REQUIRED without a password and with an older login; INVALID_CREDENTIALS,
   *   RATE_LIMITED.
   */
  async confirmOwner(actor: Actor, password: string | undefined): Promise<void> {
    const { auth, clock, sessions } = this.deps;
    if (password !== undefined) {
      await auth.confirmPassword(actor, password);
      return;
    }
    const beganAt = isForeignSession(actor.sessionId)
      ? new Date(foreignIssuedAt(actor.sessionId))
      : await sessions.beganAt(actor.sessionId);
    if (beganAt === undefined || beganAt.getTime() < clock.now() - FRESH_MS) {
      throw new AppError('FRESH_LOGIN_REQUIRED', 'Give the password, or sign in again first');
    }
  }
}
