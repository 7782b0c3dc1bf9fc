import { describe, expect, it } from '@jest/globals';
import { PasswordHasher } from './password-hasher.js';

const ROUNDS = 4;

/** How long the processor works at it, in microseconds: a machine with other work takes as long. */
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

  it('refuses what its queue cannot take, and serves the rest', async () => {
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

  it('gives a place back when a call fails', async () => {
    const hasher = new PasswordHasher({ rounds: ROUNDS, concurrency: 1, maxQueue: 0 });
    await expect(hasher.hash(undefined as never)).rejects.toThrow('data');
    await expect(hasher.hash('test123')).resolves.toBeDefined();
  });
});
