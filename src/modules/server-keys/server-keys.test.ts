import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../../test/support/logger.js';
import { AppError } from '../../shared/errors.js';
import { newKey, parseKey } from './key-text.js';
import { StoredOnceCalls } from './once-calls.js';
import type { OnceCallRecord, OnceCallsRepository } from './server-keys.repository.js';

describe('a server key', () => {
  it('is read as it was made', () => {
    const { key, prefix, hash } = newKey();
    expect(key).toMatch(/^parley_sk_[\w-]{61}$/);
    expect(key.startsWith(prefix)).toBe(true);
    expect(parseKey(key)).toEqual({ prefix, hash });
    expect(JSON.stringify({ prefix, hash })).not.toContain(key.slice(prefix.length));
  });

  it('with any character changed or cut off is told from one that is revoked', () => {
    const { key } = newKey();
    for (let at = 0; at < key.length; at += 1) {
      const other = key[at] === 'x' ? 'y' : 'x';
      expect(parseKey(`${key.slice(0, at)}${other}${key.slice(at + 1)}`)).toBeUndefined();
    }
    expect(parseKey(key.slice(0, -1))).toBeUndefined();
    expect(parseKey(`${key}A`)).toBeUndefined();
    expect(parseKey('')).toBeUndefined();
  });
});

/** The repository in memory, with a unique index over the names. */
class Calls {
  readonly stored = new Map<string, OnceCallRecord>();

  begin(call: OnceCallRecord) {
    if (this.stored.has(call.idempotencyKey)) return Promise.resolve(false);
    this.stored.set(call.idempotencyKey, { ...call });
    return Promise.resolve(true);
  }

  find({ idempotencyKey }: { idempotencyKey: string }) {
    return Promise.resolve(this.stored.get(idempotencyKey) ?? null);
  }

  takeOver({ idempotencyKey }: { idempotencyKey: string }, begunAt: Date, now: Date) {
    const found = this.stored.get(idempotencyKey);
    if (found?.begunAt.getTime() !== begunAt.getTime()) return Promise.resolve(false);
    found.begunAt = now;
    return Promise.resolve(true);
  }

  conclude({ idempotencyKey }: { idempotencyKey: string }, _begunAt: Date, answer: string) {
    this.stored.get(idempotencyKey)!.answer = answer;
    return Promise.resolve();
  }

  forget({ idempotencyKey }: { idempotencyKey: string }) {
    this.stored.delete(idempotencyKey);
    return Promise.resolve();
  }
}

describe('a call under an Idempotency-Key', () => {
  const CALL = { keyId: 'a key', idempotencyKey: 'order 7', fingerprint: 'of the body' };
  const setUp = () => {
    const calls = new Calls();
    const clock = { at: 1_000_000, now: () => clock.at };
    const once = new StoredOnceCalls(
      calls as unknown as OnceCallsRepository,
      clock,
      silentLogger(),
    );
    return { calls, clock, once };
  };
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'done',
      (error: unknown) => (error as AppError).code,
    );

  it('is done once, and a retry gets the first answer', async () => {
    const { once } = setUp();
    const ids: string[] = [];
    const work = (id: string) => {
      ids.push(id);
      return Promise.resolve({ number: ids.length });
    };
    expect(await once.run(CALL, work)).toEqual({ answer: { number: 1 }, isReplay: false });
    expect(await once.run(CALL, work)).toEqual({ answer: { number: 1 }, isReplay: true });
    expect(ids).toHaveLength(1);
  });

  it('is refused for other input', async () => {
    const { once } = setUp();
    const work = () => Promise.resolve({});
    await once.run(CALL, work);
    expect(await codeOf(once.run({ ...CALL, fingerprint: 'of another' }, work))).toBe(
      'IDEMPOTENCY_KEY_REUSED',
    );
  });

  it('is not done a second time while it is under way', async () => {
    const { once } = setUp();
    let end!: (answer: object) => void;
    const answer = new Promise<object>((resolve) => {
      end = resolve;
    });
    const first = once.run(CALL, () => answer);
    expect(await codeOf(once.run(CALL, () => Promise.resolve({})))).toBe('IDEMPOTENCY_IN_PROGRESS');
    end({});
    expect(await first).toEqual({ answer: {}, isReplay: false });
  });

  it('that has failed may be tried again', async () => {
    const { once } = setUp();
    const failing = () => Promise.reject(new AppError('NOT_FOUND', 'no such chat'));
    expect(await codeOf(once.run(CALL, failing))).toBe('NOT_FOUND');
    expect(await codeOf(once.run(CALL, () => Promise.resolve({})))).toBe('done');
  });

  it('that a crash has interrupted is done again after two minutes, under the same id', async () => {
    const { calls, clock, once } = setUp();
    const ids: string[] = [];
    void once.run(CALL, (id) => {
      ids.push(id);
      return new Promise<object>(() => undefined);
    });
    while (ids.length === 0) await Promise.resolve();
    expect(calls.stored.size).toBe(1);
    clock.at += 120_000;
    expect(await codeOf(once.run(CALL, () => Promise.resolve({})))).toBe('IDEMPOTENCY_IN_PROGRESS');
    clock.at += 1;
    const again = await once.run(CALL, (id) => {
      ids.push(id);
      return Promise.resolve({ done: true });
    });
    expect(again).toEqual({ answer: { done: true }, isReplay: false });
    expect(ids[1]).toBe(ids[0]);
  });
});
