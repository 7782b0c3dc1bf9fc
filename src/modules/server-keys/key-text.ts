import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What every key begins with, so that people and secret scanners know one when they see it. */
export const KEY_PREFIX = 'parley_sk_';
/** 72 bits, by which the stored key is found; shown in lists. */
const LOOKUP_BYTES = 9;
/** 256 bits. */
const SECRET_BYTES = 32;
const CHECKSUM_LENGTH = 6;
/** Twelve characters that are shown, 43 that are not, and the checksum over both. */
const FORM = /^parley_sk_([\w-]{12})[\w-]{43}([\w-]{6})$/;

/** The parts of a key that are stored. */
export interface KeyParts {
  /** The beginning of the key, up to where its secret begins; unique. */
  prefix: string;
  /**
   * SHA-256 of the whole key. A slow hash would protect what people choose; of 256 random bits nobody tries a
   * noticeable part, and each call would have to pay for it.
   */
  hash: string;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const checksumOf = (body: string): string =>
  digest(body).toString('base64url').slice(0, CHECKSUM_LENGTH);

const partsOf = (key: string, lookup: string): KeyParts => ({
  prefix: `${KEY_PREFIX}${lookup}`,
  hash: digest(key).toString('hex'),
});

/** Makes a key: its only copy, and what is stored of it. */
export const newKey = (): KeyParts & { key: string } => {
  const lookup = randomBytes(LOOKUP_BYTES).toString('base64url');
  const body = `${KEY_PREFIX}${lookup}${randomBytes(SECRET_BYTES).toString('base64url')}`;
  const key = `${body}${checksumOf(body)}`;
  return { key, ...partsOf(key, lookup) };
};

/**
 * Reads a key; undefined when it has another form or its checksum is wrong: it was mistyped or cut off, and no
 * database need be asked.
 */
export const parseKey = (key: string): KeyParts | undefined => {
  const [, lookup, checksum] = FORM.exec(key) ?? [];
  if (lookup === undefined || checksum !== checksumOf(key.slice(0, -CHECKSUM_LENGTH))) {
    return undefined;
  }
  return partsOf(key, lookup);
};

/** Whether two hashes are equal, in a time that does not tell how far they are. */
export const isSameHash = (a: string, b: string): boolean =>
  timingSafeEqual(Buffer.from(a, 'hex'), Buffer.from(b, 'hex'));
