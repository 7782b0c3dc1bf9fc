import { describe, expect, it } from '@jest/globals';
import { mongo } from 'mongoose';
import { writeNumbered } from './sequence.js';

const taken = () => new mongo.MongoServerError({ message: 'E11000 duplicate key', code: 11000 });

/** A sequence of which other writers have taken these numbers, and how often it was read. */
const setUp = (others: number[]) => {
  const state = { reads: 0, tried: [] as number[] };
  const steps = {
    newest: () => {
      state.reads += 1;
      return Promise.resolve(Math.max(0, ...others));
    },
    write: (number: number) => {
      state.tried.push(number);
      return others.includes(number) ? Promise.reject(taken()) : Promise.resolve(number);
    },
    maxAttempts: 3,
    refusal: 'Too many at once',
  };
  return { state, steps };
};

describe('a numbered write', () => {
  it('takes the number after the newest one', async () => {
    const { state, steps } = setUp([1, 2]);
    expect(await writeNumbered(steps)).toBe(3);
    expect(state).toEqual({ reads: 1, tried: [3] });
  });

  it('reads nothing when the caller remembers the newest number', async () => {
    const { state, steps } = setUp([1, 2]);
    expect(await writeNumbered({ ...steps, known: 2 })).toBe(3);
    expect(state).toEqual({ reads: 0, tried: [3] });
  });

  it('reads the newest number and tries again when somebody else has taken its number', async () => {
    const { state, steps } = setUp([1, 2, 3]);
    expect(await writeNumbered({ ...steps, known: 1 })).toBe(4);
    expect(state).toEqual({ reads: 1, tried: [2, 4] });
  });

  it('is refused as retryable when it has lost its number too often', async () => {
    const { state, steps } = setUp([]);
    const lost = writeNumbered({
      ...steps,
      write: (number) => {
        state.tried.push(number);
        return Promise.reject(taken());
      },
    });
    await expect(lost).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'Too many at once',
      retryAfter: 1,
    });
    expect(state).toEqual({ reads: 3, tried: [1, 1, 1] });
  });

  it('is not tried again after an error of another kind', async () => {
    const { state, steps } = setUp([]);
    const failed = writeNumbered({ ...steps, write: () => Promise.reject(new Error('away')) });
    await expect(failed).rejects.toThrow('away');
    expect(state.reads).toBe(1);
  });
});
