import { describe, expect, it } from '@jest/globals';
import type { TokenHistory } from './sessions.js';
import { tokenStateOf } from './sessions.js';

const NOW = 1_000_000_000;
const at = (secondsAgo: number) => new Date(NOW - secondsAgo * 1000);

/** A login whose tokens were `first`, `second` and `third`; each is the successor of the one before. */
const session: TokenHistory = {
  tokenHash: 'third',
  previousHash: 'second',
  rotatedAt: at(10),
  olderHash: 'first',
  olderRotatedAt: at(30),
};
const SUCCESSORS: Record<string, string> = { first: 'second', second: 'third', third: 'fourth' };
const stateOf = (hash: string, change: Partial<TokenHistory> = {}) =>
  tokenStateOf({ ...session, ...change }, hash, SUCCESSORS[hash] ?? 'none', NOW);

describe('a refresh token', () => {
  it('that was not used is the current one', () => {
    expect(stateOf('third')).toBe('current');
  });

  it('is answered again for a minute, and the one before it for a minute of its own', () => {
    expect([stateOf('second'), stateOf('first')]).toEqual(['answered', 'answered']);
    expect(stateOf('second', { rotatedAt: at(60) })).toBe('reused');
    expect(stateOf('first', { olderRotatedAt: at(60) })).toBe('reused');
  });

  it('is reused once the successor of its successor was used', () => {
    const later = { tokenHash: 'fourth', previousHash: 'third', olderHash: 'second' };
    expect([stateOf('second', later), stateOf('first', later)]).toEqual(['answered', 'reused']);
  });

  it('whose successor was made at random, or under another key, is unanswerable', () => {
    expect(stateOf('second', { tokenHash: 'random' })).toBe('unanswerable');
    expect(stateOf('first', { previousHash: 'random' })).toBe('reused');
  });

  it('that the login never had is reused, also in a login that was stored by an older version', () => {
    expect(stateOf('forged')).toBe('reused');
    const old: TokenHistory = { tokenHash: 'first', previousHash: null, rotatedAt: null };
    expect([stateOf('forged', old), stateOf('first', old)]).toEqual(['reused', 'current']);
  });
});
