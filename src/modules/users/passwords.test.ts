import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../../test/support/logger.js';
import { RateLimiter } from '../../platform/rate-limiter.js';
import { AppError } from '../../shared/errors.js';
import { FailedAttempts, PasswordHasher } from './passwords.js';

const ROUNDS = 4;

/** Processor time in microseconds, which does not depend on the other work of the machine. */
const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = process.cpuUsage();
  await work();
  return process.cpuUsage(start).user;
};

describe('PasswordHasher', () => {
  it('matches a password with its own hash only', async () => {
    const hasher = new PasswordHasher({ rounds: ROUNDS, concurrency: 2, maxQueue: 10 });
    const hash = await hasher.hash('test123');
    expect(await hasher.matches('test123', hash)).toBe(true);
    expect(await hasher.matches('test124', hash)).toBe(false);
  });

  it('says no without a hash, after the time of a real comparison', async () => {
    const hasher = new PasswordHasher({ rounds: 10, concurrency: 1, maxQueue: 10 });
    const hash = await hasher.hash('test123');
    expect(await hasher.matches('test123', undefined)).toBe(false);
    const known = [];
    const unknown = [];
    for (let round = 0; round < 3; round += 1) {
      known.push(await timed(() => hasher.matches('wrong one', hash)));
      unknown.push(await timed(() => hasher.matches('wrong one', undefined)));
    }
    const ratio = Math.min(...unknown) / Math.min(...known);
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });

  it('refuses calls beyond its queue, and serves the rest', async () => {
    const hasher = new PasswordHasher({ rounds: ROUNDS, concurrency: 2, maxQueue: 3 });
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => hasher.hash('test123')),
    );
    expect(results.map(({ status }) => status)).toEqual([
      ...Array<string>(5).fill('fulfilled'),
      ...Array<string>(3).fill('rejected'),
    ]);
    expect(results[5]).toMatchObject({ reason: { code: 'OVERLOADED', retryAfter: 2 } });
    await expect(hasher.hash('test123')).resolves.toMatch(/^\$2b\$04\$/);
  });

  it('hashes again after a call that failed', async () => {
    const hasher = new PasswordHasher({ rounds: ROUNDS, concurrency: 1, maxQueue: 0 });
    await expect(hasher.hash(undefined as never)).rejects.toThrow('data');
    await expect(hasher.hash('test123')).resolves.toBeDefined();
  });
});

const logger = silentLogger();
const newAttempts = (limit: number) =>
  new FailedAttempts(new RateLimiter({ name: 'attempts', limit, windowMs: 60_000 }, logger));

const turn = () => new Promise((resolve) => setImmediate(resolve));
const succeed = () => turn().then(() => 'in');
const fail = () => turn().then(() => Promise.reject(new AppError('INVALID_CREDENTIALS', 'wrong')));
const codeOf = (outcome: Promise<string>) =>
  outcome.catch((error: unknown) => (error as AppError).code);

/** How often each outcome occurred. */
const tally = async (outcomes: Promise<string>[]) => {
  const counts: Record<string, number> = {};
  for (const outcome of await Promise.all(outcomes.map(codeOf))) {
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
};

const times = (count: number, make: (index: number) => Promise<string>) =>
  Array.from({ length: count }, (_, index) => make(index));

describe('attempts to guess a password', () => {
  it('do not pass the limit in a parallel burst', async () => {
    const attempts = newAttempts(5);
    expect(await tally(times(30, () => attempts.run('a', fail)))).toEqual({
      INVALID_CREDENTIALS: 5,
      RATE_LIMITED: 25,
    });
    expect(await codeOf(attempts.run('a', succeed))).toBe('RATE_LIMITED');
    expect(await attempts.run('b', succeed)).toBe('in');
  });

  it('that succeed do not count, however many there are at once', async () => {
    const attempts = newAttempts(2);
    for (let round = 0; round < 3; round += 1) {
      expect(await tally(times(40, () => attempts.run('a', succeed)))).toEqual({ in: 40 });
    }
    expect(await tally(times(3, () => attempts.run('a', fail)))).toEqual({
      INVALID_CREDENTIALS: 2,
      RATE_LIMITED: 1,
    });
  });

  it('count alike when right and wrong ones come together', async () => {
    const attempts = newAttempts(3);
    const mixed = times(20, (index) => attempts.run('a', index % 2 ? fail : succeed));
    const { INVALID_CREDENTIALS, ...others } = await tally(mixed);
    expect(INVALID_CREDENTIALS).toBe(3);
    expect((others.in ?? 0) + (others.RATE_LIMITED ?? 0)).toBe(17);
  });

  it('do not count when the server fails', async () => {
    const attempts = newAttempts(1);
    const broken = () => Promise.reject(new Error('the database is away'));
    await expect(attempts.run('a', broken)).rejects.toThrow('the database is away');
    expect(await attempts.run('a', succeed)).toBe('in');
  });

  it('wait in a bounded queue', async () => {
    const attempts = newAttempts(1);
    const { in: made, OVERLOADED } = await tally(times(100, () => attempts.run('a', succeed)));
    expect([made! + OVERLOADED!, OVERLOADED! > 0]).toEqual([100, true]);
  });

  it('are not limited by a limit of 0', async () => {
    const attempts = newAttempts(0);
    expect(await tally(times(40, () => attempts.run('a', fail)))).toEqual({
      INVALID_CREDENTIALS: 40,
    });
  });
});
