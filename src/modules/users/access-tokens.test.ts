import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { AppError } from '../../shared/errors.js';
import { AccessTokens } from './access-tokens.js';

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
    expect(tokens.verify(tokens.sign(CLAIMS))).toEqual(CLAIMS);
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
