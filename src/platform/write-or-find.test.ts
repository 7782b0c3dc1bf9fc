import { describe, expect, it } from '@jest/globals';
import { mongo } from 'mongoose';
import { writeOrFind } from './write-or-find.js';

const duplicate = () =>
  new mongo.MongoServerError({ code: 11000, message: 'E11000 duplicate key' });

/** A write that meets another record so many times before it succeeds. */
const writeAfter = (duplicates: number) => {
  let calls = 0;
  return () => {
    calls += 1;
    return calls <= duplicates ? Promise.reject(duplicate()) : Promise.resolve('written');
  };
};

describe('writing what a unique index allows once', () => {
  it('answers the record that is there already', async () => {
    expect(await writeOrFind(writeAfter(1), () => Promise.resolve('found'))).toBe('found');
  });

  it('writes again when the record in the way has gone before it was read', async () => {
    expect(await writeOrFind(writeAfter(3), () => Promise.resolve(null))).toBe('written');
  });

  it('is refused in time when records come and go', async () => {
    await expect(
      writeOrFind(writeAfter(1000), () => Promise.resolve(undefined)),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 1 });
  });

  it('fails as the write or the look does', async () => {
    const gone = () => Promise.reject(new Error('the database is away'));
    await expect(writeOrFind(gone, () => Promise.resolve('found'))).rejects.toThrow('away');
    await expect(writeOrFind(writeAfter(1), gone)).rejects.toThrow('away');
  });
});
