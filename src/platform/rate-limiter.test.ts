import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { silentLogger } from '../../test/support/logger.js';
import { RateLimiter } from './rate-limiter.js';
import { addressKey } from './tally.js';

const logger = silentLogger();
const newLimiter = (limit: number) =>
  new RateLimiter({ name: 'test', limit, windowMs: 1000 }, logger);

describe('a reservation', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('counts until it is given back, and not at all when it is not allowed', async () => {
    const limiter = newLimiter(1);
    const first = await limiter.reserve('a');
    const refused = await limiter.reserve('a');
    await refused.giveBack();
    expect([first.allowed, refused.allowed]).toEqual([true, false]);
    expect((await limiter.reserve('a')).allowed).toBe(false);
    await first.giveBack();
    expect((await limiter.reserve('a')).allowed).toBe(true);
  });

  it('takes nothing back from a window that has begun since', async () => {
    const limiter = newLimiter(2);
    const early = await limiter.reserve('a');
    jest.advanceTimersByTime(1500);
    await limiter.hit('a');
    await early.giveBack();
    expect((await limiter.hit('a')).remaining).toBe(0);
  });
});

describe('the key of a client address', () => {
  it('is one for a network of IPv6, and one for each address of IPv4', () => {
    expect(addressKey('2001:db8::1')).toBe(addressKey('2001:db8::2'));
    expect(addressKey('2001:db8::1')).not.toBe(addressKey('2001:db8:0:1::1'));
    expect(addressKey('192.0.2.1')).not.toBe(addressKey('192.0.2.2'));
  });
});
