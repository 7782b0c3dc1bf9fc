import { describe, expect, it } from '@jest/globals';
import { ChatError } from './chat-error.js';
import type { Tokens } from './login.js';
import { Login } from './login.js';
import { systemTimers } from './timers.js';

/** A token as the server signs them, but for the signature. */
const tokenOf = (sub: string, exp: number): string =>
  `head.${Buffer.from(JSON.stringify({ sub, exp })).toString('base64url')}.signature`;
const FIRST = { token: tokenOf('me', 1000), refreshToken: 'refresh first' };
const SECOND = { token: tokenOf('me', 2000), refreshToken: 'refresh second' };

const expired = new ChatError({ code: 'TOKEN_EXPIRED', message: 'expired' });

/** A login whose refresh tokens are exchanged for numbered ones. */
const setUp = (kept?: () => Tokens | undefined) => {
  const exchanged: string[] = [];
  const told: Tokens[] = [];
  const login = new Login({
    timers: systemTimers,
    tokens: FIRST,
    kept,
    exchange: (refreshToken) => {
      exchanged.push(refreshToken);
      const number = exchanged.length;
      return Promise.resolve({ token: `new ${number}`, refreshToken: `refresh ${number}` });
    },
    onTokens: (tokens) => told.push(tokens),
  });
  return { login, exchanged, told };
};

describe('a login shared by several tabs', () => {
  it('takes the tokens that another tab has got, and uses no refresh token that is used up', async () => {
    const { login, exchanged, told } = setUp(() => SECOND);
    await login.renew(FIRST.token, expired);
    expect([login.token, exchanged, told]).toEqual([SECOND.token, [], []]);
    // When those are refused as well, and nobody has newer ones, it is this tab’s turn.
    await Promise.all([login.renew(SECOND.token, expired), login.renew(SECOND.token, expired)]);
    expect([login.token, exchanged]).toEqual(['new 1', ['refresh second']]);
    expect(told).toEqual([{ token: 'new 1', refreshToken: 'refresh 1' }]);
  });

  it.each([
    ['keeps none', () => undefined],
    ['keeps these', () => FIRST],
    ['has failed to keep these', () => ({ token: tokenOf('me', 500), refreshToken: 'older' })],
    [
      'keeps somebody else’s by now',
      () => ({ token: tokenOf('you', 2000), refreshToken: 'yours' }),
    ],
    [
      'cannot read them',
      () => {
        throw new Error('no storage');
      },
    ],
  ])('renews its own when the application %s', async (_, kept) => {
    const { login, exchanged } = setUp(kept);
    await login.renew(FIRST.token, expired);
    expect([login.token, exchanged]).toEqual(['new 1', ['refresh first']]);
  });
});
