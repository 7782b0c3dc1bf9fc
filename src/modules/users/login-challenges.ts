import { createHash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import { isId } from '../../shared/ids.js';
import type { UserRecord } from './users.model.js';

/** How long somebody may look for a code, in seconds. */
const LIFETIME = 300;
const ALGORITHM = 'HS256';
/** Distinguishes challenges from other tokens, beside their own key. */
const AUDIENCE = 'parley login challenge';

type Account = Pick<UserRecord, '_id' | 'passwordHash'>;

/** A challenge does not outlive the password that was given. */
const markOf = ({ passwordHash }: Account): string =>
  createHash('sha256').update(passwordHash).digest('base64url');

/**
 * What a login gets that lacks its second factor: proof that the password was right, for five minutes. It is signed
 * and not stored; the code that goes with it works once.
 */
export class LoginChallenges {
  constructor(
    private readonly key: KeyObject,
    private readonly clock: Clock,
  ) {}

  issue(user: Account): string {
    const claims = { mark: markOf(user), iat: this.nowSeconds() };
    return jwt.sign(claims, this.key, {
      algorithm: ALGORITHM,
      audience: AUDIENCE,
      expiresIn: LIFETIME,
      subject: user._id.toHexString(),
    });
  }

  /**
   * The account of a challenge.
   *
   * @param find looks an account up by its id.
   * @throws {AppError} UNAUTHENTICATED when it has expired, or the password was changed since.
   */
  async accountOf<T extends Account>(
    challenge: string,
    find: (userId: string) => Promise<T | null>,
  ): Promise<T> {
    const { sub = '', mark } = this.claimsOf(challenge);
    const user = isId(sub) ? await find(sub) : null;
    if (!user || mark !== markOf(user)) throw over();
    return user;
  }

  private claimsOf(challenge: string): jwt.JwtPayload {
    try {
      const claims = jwt.verify(challenge, this.key, {
        algorithms: [ALGORITHM],
        audience: AUDIENCE,
        clockTimestamp: this.nowSeconds(),
      });
      return typeof claims === 'string' ? {} : claims;
    } catch (error) {
      throw over(error);
    }
  }

  private nowSeconds(): number {
    return Math.floor(this.clock.now() / 1000);
  }
}

const over = (cause?: unknown): AppError =>
  new AppError('UNAUTHENTICATED', 'This login has taken too long; sign in again', { cause });
