import { createHash, createHmac, createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import jwt from 'jsonwebtoken';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import { isId, newUuid } from '../../shared/ids.js';

/** The claims of an access token: the user and the login. Rights are looked up, never stored in the token. */
export interface AccessClaims {
  userId: string;
  sessionId: string;
}

/** The claims of a valid access token, and its expiry, in milliseconds since 1970. */
export interface VerifiedClaims extends AccessClaims {
  expiresAt: number;
}

/** The key, issuer and audience of tokens. */
export interface AccessTokenOptions {
  secret: string;
  issuer: string;
  audience: string;
  /** Life in seconds. */
  lifetime: number;
}

const ALGORITHM = 'HS256';
/** Distinguishes access tokens from other tokens signed with the same secret. */
const TYPE = 'access';

const invalid = (cause?: unknown): AppError =>
  new AppError('UNAUTHENTICATED', 'The access token is not valid', { cause });

/** Signs and verifies access tokens: JWTs of one algorithm, issuer, audience and type. */
export class AccessTokens {
  /** Made once: given a string, the library would make a new key for every token. */
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

  /** Makes a token for a login; `lifetime` in seconds, the configured one when absent. */
  sign({ userId, sessionId }: AccessClaims, lifetime = this.lifetime): string {
    const { issuer, audience } = this.options;
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
   * @throws {AppError} TOKEN_EXPIRED when it was valid once, UNAUTHENTICATED otherwise.
   */
  verify(token: string): VerifiedClaims {
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
    return { userId: sub, sessionId: sid, expiresAt: exp * 1000 };
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

/** The stored parts of a refresh token or a device token. */
export interface OpaqueToken {
  /** Id of the token's document. */
  id: string;
  /** SHA-256 of the whole token, in hexadecimal, as stored. */
  hash: string;
}

/** A new token with the only copy of its text. */
export interface IssuedToken extends OpaqueToken {
  token: string;
}

const SECRET_BYTES = 32;
const SECRET_PATTERN = /^[\w-]{43}$/;

const issued = (id: string, secret: Buffer): IssuedToken => {
  const token = `${id}.${secret.toString('base64url')}`;
  return { token, id, hash: hashOf(token) };
};

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/**
 * Makes an id that nobody can guess. Ordinary ids count upwards. Somebody who guesses the id of a login can
 * end it with a made-up refresh token, because the server takes that for a stolen one.
 */
export const newTokenId = (): string => randomBytes(12).toString('hex');

/** Makes a new opaque token, `<id>.<random>`. */
export const newToken = (id: string): IssuedToken => issued(id, randomBytes(SECRET_BYTES));

/**
 * Derives the token that follows another one. The result is always the same, so every call with one refresh
 * token gets the same answer although the database keeps only hashes. Deriving it takes the server's key and the
 * text of the token before.
 */
export const successorOf = (token: string, id: string, key: KeyObject): IssuedToken =>
  issued(id, createHmac('sha256', key).update(token).digest());

/** Derives a token from an id that nobody can guess. The same id and key make the same token. */
export const tokenOf = (id: string, key: KeyObject): IssuedToken =>
  issued(id, createHmac('sha256', key).update(id).digest());

/** Parses an opaque token; undefined when it is not well-formed. */
export const parseToken = (token: string): OpaqueToken | undefined => {
  const [id = '', secret = '', ...rest] = token.split('.');
  const isWellFormed = isId(id) && SECRET_PATTERN.test(secret) && rest.length === 0;
  return isWellFormed ? { id, hash: hashOf(token) } : undefined;
};

/** File of the data directory that holds the secret. */
const FILE = 'jwt-secret';
const JWT_SECRET_BYTES = 48;
const MIN_SECRET_LENGTH = 32;

const hasCode = (error: unknown, code: string): boolean =>
  (error as NodeJS.ErrnoException).code === code;

const readSecret = async (path: string): Promise<string | undefined> => {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
};

/** Writes the file completely or not at all, and keeps a file that another process has made meanwhile. */
const createSecret = async (path: string): Promise<void> => {
  const draft = `${path}.${randomUUID()}`;
  const secret = randomBytes(JWT_SECRET_BYTES).toString('base64url');
  try {
    await writeFile(draft, `${secret}\n`, { mode: 0o600, flag: 'wx', flush: true });
    await link(draft, path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
};

/**
 * The secret that signs tokens when none is configured: made at the first start and kept, so that people stay
 * signed in over a restart; only the owner can read the file.
 *
 * @param dataDir directory of the server's data; made when missing.
 * @throws when the directory cannot be written, or the file holds no usable secret.
 */
export const loadOrCreateSecret = async (dataDir: string): Promise<string> => {
  await mkdir(dataDir, { recursive: true });
  const path = join(dataDir, FILE);
  let secret = await readSecret(path);
  if (secret === undefined) {
    await createSecret(path);
    secret = await readSecret(path);
  }
  if (!secret || secret.length < MIN_SECRET_LENGTH) {
    throw new Error(`${path} holds no usable secret; delete it to have a new one made`);
  }
  return secret;
};
