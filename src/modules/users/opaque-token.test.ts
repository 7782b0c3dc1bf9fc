import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { newToken, newTokenId, parseToken, successorOf } from './opaque-token.js';

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
