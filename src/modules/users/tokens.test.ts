import { createHmac, createSecretKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { AppError } from '../../shared/errors.js';
import {
  AccessTokens,
  loadOrCreateSecret,
  newToken,
  newTokenId,
  parseToken,
  successorOf,
} from './tokens.js';

const SECRET = 'a secret of more than thirty-two characters';
const NOW = Date.UTC(2026, 0, 1);
const CLAIMS = { userId: 'a'.repeat(24), sessionId: 'b'.repeat(24) };

const clock = { now: () => NOW };
const tokens = new AccessTokens(
  { secret: SECRET, issuer: 'parley', audience: 'parley', lifetime: 60 },
  clock,
);

const goodPayload = () => ({
  sub: CLAIMS.userId,
  sid: CLAIMS.sessionId,
  typ: 'access',
  jti: randomUUID(),
  iss: 'parley',
  aud: 'parley',
  iat: NOW / 1000,
  exp: NOW / 1000 + 60,
});

const without = (member: keyof ReturnType<typeof goodPayload>) =>
  Object.fromEntries(Object.entries(goodPayload()).filter(([key]) => key !== member));

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token with any header, signed as HMAC-SHA256 whatever the header says. */
const forge = (header: object, payload: unknown, key: string): string => {
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
};

const codeOf = (token: string): string => {
  try {
    tokens.verify(token);
    return 'accepted';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
};

describe('AccessTokens', () => {
  it('reads what it has signed', () => {
    expect(tokens.verify(tokens.sign(CLAIMS))).toEqual({
      ...CLAIMS,
      expiresAt: expect.any(Number),
    });
  });

  it('carries no rights and no personal data', () => {
    const payload = jwt.decode(tokens.sign(CLAIMS)) as Record<string, unknown>;
    expect(Object.keys(payload).sort()).toEqual(
      ['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub', 'typ'].sort(),
    );
    expect(payload.exp).toBe(NOW / 1000 + 60);
  });

  it('accepts the forged form used below when nothing is wrong with it', () => {
    expect(codeOf(forge({ alg: 'HS256', typ: 'JWT' }, goodPayload(), SECRET))).toBe('accepted');
  });

  it('refuses an expired token by its own code', () => {
    const payload = { ...goodPayload(), exp: NOW / 1000 - 1 };
    expect(codeOf(jwt.sign(payload, SECRET))).toBe('TOKEN_EXPIRED');
  });

  it('refuses an unsigned token', () => {
    const unsigned = `${encode({ alg: 'none', typ: 'JWT' })}.${encode(goodPayload())}.`;
    expect(codeOf(unsigned)).toBe('UNAUTHENTICATED');
  });

  it('refuses another algorithm with the right secret', () => {
    expect(codeOf(jwt.sign(goodPayload(), SECRET, { algorithm: 'HS512' }))).toBe('UNAUTHENTICATED');
  });

  it('refuses an RS256 token, and one that takes a public key for the secret', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const signed = jwt.sign(goodPayload(), privateKey, { algorithm: 'RS256' });
    expect(codeOf(signed)).toBe('UNAUTHENTICATED');
    expect(codeOf(forge({ alg: 'HS256', typ: 'JWT' }, goodPayload(), pem))).toBe('UNAUTHENTICATED');
    expect(codeOf(forge({ alg: 'RS256', typ: 'JWT' }, goodPayload(), SECRET))).toBe(
      'UNAUTHENTICATED',
    );
  });

  it('refuses a bare string as payload', () => {
    expect(codeOf(jwt.sign('access', SECRET))).toBe('UNAUTHENTICATED');
    expect(codeOf(forge({ alg: 'HS256', typ: 'JWT' }, 'access', SECRET))).toBe('UNAUTHENTICATED');
  });

  it.each(['sub', 'sid', 'typ', 'jti', 'iss', 'aud', 'exp'] as const)(
    'refuses a token without %s',
    (member) => {
      expect(codeOf(jwt.sign(without(member), SECRET))).toBe('UNAUTHENTICATED');
    },
  );

  it.each([
    ['type', { typ: 'refresh' }],
    ['issuer', { iss: 'somebody else' }],
    ['audience', { aud: 'something else' }],
    ['kind of subject', { sub: 'ada' }],
    ['kind of session', { sid: 7 }],
  ])('refuses a token of another %s', (_what, change) => {
    const token = forge({ alg: 'HS256', typ: 'JWT' }, { ...goodPayload(), ...change }, SECRET);
    expect(codeOf(token)).toBe('UNAUTHENTICATED');
  });

  it.each([
    ['another secret', tokens.sign(CLAIMS).slice(0, -2)],
    ['nothing', ''],
    ['text', 'a.b.c'],
  ])('refuses %s', (_what, token) => {
    expect(codeOf(token)).toBe('UNAUTHENTICATED');
  });
});

const key = createSecretKey(Buffer.from('a key of the server'));

describe('refresh tokens and device tokens', () => {
  it('are recognised by a hash, and are never stored themselves', () => {
    const { token, id, hash } = newToken(newTokenId());
    expect(parseToken(token)).toEqual({ id, hash });
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(token).not.toContain(hash);
  });

  it('differ each time, for one id too', () => {
    const id = newTokenId();
    expect(newToken(id).token).not.toBe(newToken(id).token);
  });

  it('have another hash when one character differs', () => {
    const { token, hash } = newToken(newTokenId());
    const other = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
    expect(parseToken(other)?.hash).not.toBe(hash);
  });

  it.each(['', '.', 'a.b', `${'a'.repeat(24)}.short`, `${'a'.repeat(24)}.${'x'.repeat(43)}.more`])(
    'are not recognised in %j',
    (token) => {
      expect(parseToken(token)).toBeUndefined();
    },
  );
});

describe('the successor of a token', () => {
  const first = newToken(newTokenId());
  const second = successorOf(first.token, first.id, key);

  it('is the same each time, and a token like others', () => {
    expect(successorOf(first.token, first.id, key)).toEqual(second);
    expect(parseToken(second.token)).toEqual({ id: first.id, hash: second.hash });
  });

  it('differs from token to token and from key to key', () => {
    const otherKey = createSecretKey(Buffer.from('another key'));
    const others = [
      first,
      successorOf(second.token, first.id, key),
      successorOf(newToken(first.id).token, first.id, key),
      successorOf(first.token, first.id, otherKey),
    ];
    expect(new Set([second, ...others].map(({ token }) => token)).size).toBe(5);
  });
});

describe('loadOrCreateSecret', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-secret-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('makes a secret in a missing directory, for the owner alone, and keeps it', async () => {
    const dataDir = join(folder, 'new', 'data');
    const secret = await loadOrCreateSecret(dataDir);
    expect(secret.length).toBeGreaterThanOrEqual(32);
    expect((await stat(join(dataDir, 'jwt-secret'))).mode & 0o777).toBe(0o600);
    expect(await loadOrCreateSecret(dataDir)).toBe(secret);
  });

  it('gives all processes that start together the same secret, and leaves no drafts', async () => {
    const secrets = await Promise.all(Array.from({ length: 10 }, () => loadOrCreateSecret(folder)));
    expect(new Set(secrets).size).toBe(1);
    expect(await readdir(folder)).toEqual(['jwt-secret']);
  });

  it('refuses a file that holds no usable secret', async () => {
    await writeFile(join(folder, 'jwt-secret'), 'short');
    await expect(loadOrCreateSecret(folder)).rejects.toThrow('holds no usable secret');
  });
});
