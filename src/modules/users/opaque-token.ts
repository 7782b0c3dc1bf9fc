import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isId } from '../../shared/ids.js';

/** What the server keeps of a refresh token or a device token. */
export interface OpaqueToken {
  /** Id of the document that the token stands for. */
  id: string;
  /** SHA-256 of the whole token, in hexadecimal: what the database keeps. */
  hash: string;
}

/** A token that is about to be handed out, with the only copy of its text. */
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
 * An id nobody can guess. Ordinary ids count upwards, and whoever could guess a session's could end it with
 * a made-up refresh token, which is taken for a stolen one.
 */
export const newTokenId = (): string => randomBytes(12).toString('hex');

/** Makes a new token, `<id>.<random>`. */
export const newToken = (id: string): IssuedToken => issued(id, randomBytes(SECRET_BYTES));

/**
 * The token that follows another one: always the same, so that every call with one refresh token is answered
 * alike although the database keeps only hashes. It takes both the server's key and the text of the token
 * before to work it out.
 */
export const successorOf = (token: string, id: string, key: KeyObject): IssuedToken =>
  issued(id, createHmac('sha256', key).update(token).digest());

/** Takes a token apart; undefined when it has not the form of one. */
export const parseToken = (token: string): OpaqueToken | undefined => {
  const [id = '', secret = '', ...rest] = token.split('.');
  const isWellFormed = isId(id) && SECRET_PATTERN.test(secret) && rest.length === 0;
  return isWellFormed ? { id, hash: hashOf(token) } : undefined;
};
