import { createHash, randomBytes } from 'node:crypto';
import { isId } from '../../shared/ids.js';

/** A refresh token's parts. */
export interface RefreshToken {
  sessionId: string;
  /** SHA-256 of the whole token, in hexadecimal: what the database keeps. */
  hash: string;
}

const SECRET_BYTES = 32;
const SECRET_PATTERN = /^[\w-]{43}$/;

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/**
 * A session id nobody can guess. Ordinary ids count upwards, and whoever could guess a session's could
 * end it with a made-up refresh token, which is taken for a stolen one.
 */
export const newSessionId = (): string => randomBytes(12).toString('hex');

/** Makes a new refresh token, `<sessionId>.<random>`. */
export const newRefreshToken = (sessionId: string): RefreshToken & { token: string } => {
  const token = `${sessionId}.${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { token, sessionId, hash: hashOf(token) };
};

/** Takes a refresh token apart; undefined when it has not the form of one. */
export const parseRefreshToken = (token: string): RefreshToken | undefined => {
  const [sessionId = '', secret = '', ...rest] = token.split('.');
  const isWellFormed = isId(sessionId) && SECRET_PATTERN.test(secret) && rest.length === 0;
  return isWellFormed ? { sessionId, hash: hashOf(token) } : undefined;
};
