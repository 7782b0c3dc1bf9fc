import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../../test/support/logger.js';
import { SecretBox } from '../../platform/secret-box.js';
import { AppError } from '../../shared/errors.js';
import { newKey, parseKey } from './key-text.js';
import { StoredOnceCalls } from './once-calls.js';
import type { OnceAttempt, OnceCallRecord, OnceCallsRepository } from './server-keys.repository.js';
import { FAILED } from './server-keys.repository.js';

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

  replace({ idempotencyKey, begunAt, answer }: OnceCallRecord, attempt: OnceAttempt) {
    const found = this.stored.get(idempotencyKey)!;
    const isSame = found.begunAt.getTime() === begunAt.getTime() && found.answer === answer;
    if (!isSame) return Promise.resolve(false);
    delete found.answer;
    Object.assign(found, attempt);
    return Promise.resolve(true);
  }

  conclude({ idempotencyKey }: { idempotencyKey: string }, _begunAt: Date, answer: string) {
    this.stored.get(idempotencyKey)!.answer = answer;
    return Promise.resolve();
  }

  release({ idempotencyKey }: { idempotencyKey: string }) {
    this.stored.get(idempotencyKey)!.begunAt = FAILED;
    return Promise.resolve();
  }
}

describe('a call under an Idempotency-Key', () => {
  const CALL = { keyId: 'a key', idempotencyKey: 'order 7', fingerprint: 'of the body' };
  const setUp = () => {
    const calls = new Calls();
    const clock = { at: 1_000_000, now: () => clock.at };
    const onceUnder = (secret: string) =>
      new StoredOnceCalls(
        calls as unknown as OnceCallsRepository,
        new SecretBox(secret, 'answers'),
        clock,
        silentLogger(),
      );
    return { calls, clock, once: onceUnder('a secret'), onceUnder };
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

  it('that has failed keeps its id for the same input, and has another for other input', async () => {
    const { once } = setUp();
    const ids: string[] = [];
    const failing = (id: string) => {
      ids.push(id);
      return Promise.reject(new AppError('NOT_FOUND', 'no such member'));
    };
    await codeOf(once.run(CALL, failing));
    await codeOf(once.run(CALL, failing));
    const other = { ...CALL, fingerprint: 'of another' };
    expect(await codeOf(once.run(other, failing))).toBe('NOT_FOUND');
    expect([ids[1] === ids[0], ids[2] === ids[0]]).toEqual([true, false]);
  });

  it('is done anew after a day, whatever its input, although the database has kept it', async () => {
    const { clock, once } = setUp();
    const ids: string[] = [];
    const work = (id: string) => {
      ids.push(id);
      return Promise.resolve({ number: ids.length });
    };
    await once.run(CALL, work);
    clock.at += 24 * 3600 * 1000 - 1;
    expect(await once.run(CALL, work)).toMatchObject({ isReplay: true });
    clock.at += 1;
    const other = { ...CALL, fingerprint: 'of another' };
    expect(await once.run(other, work)).toEqual({ answer: { number: 2 }, isReplay: false });
    expect(ids[1]).not.toBe(ids[0]);
    expect(await once.run(other, work)).toEqual({ answer: { number: 2 }, isReplay: true });
  });

  it('is stored without its answer being readable, or readable as that of another call', async () => {
    const { calls, once, onceUnder } = setUp();
    const work = () => Promise.resolve({ token: 'a token of Ada' });
    await once.run(CALL, work);
    const stored = calls.stored.get(CALL.idempotencyKey)!;
    expect(JSON.stringify(stored)).not.toContain('Ada');
    calls.stored.set('order 8', { ...stored, idempotencyKey: 'order 8' });
    const moved = await once.run({ ...CALL, idempotencyKey: 'order 8' }, () =>
      Promise.resolve({ token: 'another' }),
    );
    expect(moved).toEqual({ answer: { token: 'another' }, isReplay: false });
    // With another JWT_SECRET the work is done again, under the same id.
    expect(await onceUnder('another secret').run(CALL, work)).toMatchObject({ isReplay: false });
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
