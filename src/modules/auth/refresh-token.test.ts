import { describe, expect, it } from '@jest/globals';
import { newRefreshToken, newSessionId, parseRefreshToken } from './refresh-token.js';

describe('refresh tokens', () => {
  it('are found again by their session and hash, and never stored themselves', () => {
    const { token, sessionId, hash } = newRefreshToken(newSessionId());
    expect(parseRefreshToken(token)).toEqual({ sessionId, hash });
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(token).not.toContain(hash);
  });

  it('differ each time, for one session too', () => {
    const sessionId = newSessionId();
    expect(newRefreshToken(sessionId).token).not.toBe(newRefreshToken(sessionId).token);
  });

  it('have another hash when one character differs', () => {
    const { token, hash } = newRefreshToken(newSessionId());
    const other = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
    expect(parseRefreshToken(other)?.hash).not.toBe(hash);
  });

  it.each(['', '.', 'a.b', `${'a'.repeat(24)}.short`, `${'a'.repeat(24)}.${'x'.repeat(43)}.more`])(
    'are not recognised in %j',
    (token) => {
      expect(parseRefreshToken(token)).toBeUndefined();
    },
  );
});
