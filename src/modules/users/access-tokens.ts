import { createSecretKey } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import { isId, newUuid } from '../../shared/ids.js';

/** What an access token says: who, by which login. Rights are looked up, never carried. */
export interface AccessClaims {
  userId: string;
  sessionId: string;
}

/** How tokens are signed and what they must say. */
export interface AccessTokenOptions {
  secret: string;
  issuer: string;
  audience: string;
  /** Life in seconds. */
  lifetime: number;
}

const ALGORITHM = 'HS256';
/** Tells access tokens from every other token that might be signed with the same secret. */
const TYPE = 'access';

const invalid = (cause?: unknown): AppError =>
  new AppError('UNAUTHENTICATED', 'The access token is not valid', { cause });

/** Signs and verifies access tokens: JWTs of one algorithm, issuer, audience and type. */
export class AccessTokens {
  /** Made once: from a string, the library would make a key anew for every token. */
  private readonly key;

  constructor(
    private readonly options: AccessTokenOptions,
    private readonly clock: Clock,
  ) {
    this.key = createSecretKey(Buffer.from(options.secret));
  }

  /** Life of a token in seconds. */
  get lifetime(): number {
    return this.options.lifetime;
  }

  /** Makes a token for a login. */
  sign({ userId, sessionId }: AccessClaims): string {
    const { issuer, audience, lifetime } = this.options;
    const claims = { sid: sessionId, typ: TYPE, iat: this.nowSeconds() };
    return jwt.sign(claims, this.key, {
      algorithm: ALGORITHM,
      issuer,
      audience,
      expiresIn: lifetime,
      subject: userId,
      jwtid: newUuid(),
    });
  }

  /**
   * Reads a token. Every claim that `sign` writes must be there: the library by itself would accept a
   * token without expiry, of another type, or with a bare string in it.
   *
   * @throws {AppError} TOKEN_EXPIRED when it was good once, UNAUTHENTICATED otherwise.
   */
  verify(token: string): AccessClaims {
    const claims = this.decode(token);
    if (typeof claims === 'string') throw invalid();
    const { sub, sid, typ, jti, exp } = claims;
    const isComplete =
      typ === TYPE &&
      typeof sub === 'string' &&
      isId(sub) &&
      typeof sid === 'string' &&
      isId(sid) &&
      typeof jti === 'string' &&
      typeof exp === 'number';
    if (!isComplete) throw invalid();
    return { userId: sub, sessionId: sid };
  }

  private decode(token: string): string | jwt.JwtPayload {
    const { issuer, audience } = this.options;
    try {
      return jwt.verify(token, this.key, {
        algorithms: [ALGORITHM],
        issuer,
        audience,
        clockTimestamp: this.nowSeconds(),
      });
    } catch (error) {
      if (error instanceof jwt.TokenExpiredError) {
        throw new AppError('TOKEN_EXPIRED', 'The access token has expired');
      }
      throw invalid(error);
    }
  }

  private nowSeconds(): number {
    return Math.floor(this.clock.now() / 1000);
  }
}
