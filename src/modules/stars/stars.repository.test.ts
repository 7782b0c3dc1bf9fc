import { describe, expect, it } from '@jest/globals';
import type { Connection } from 'mongoose';
import { mongo, Types } from 'mongoose';
import type { NewStar, StarRecord } from './stars.repository.js';
import { StarsRepository } from './stars.repository.js';

const star: NewStar = {
  userId: new Types.ObjectId(),
  messageId: new Types.ObjectId(),
  chatId: new Types.ObjectId(),
  seq: 1,
  starredAt: new Date(0),
};
const duplicate = new mongo.MongoServerError({ code: 11000, message: 'E11000 duplicate key' });
const lost = new mongo.MongoNetworkError('connection closed');

/** A repository whose writes end like this, one after the other. */
const repositoryOf = (...ends: (Error | StarRecord | null)[]) => {
  const model = {
    findOneAndUpdate: () => ({
      lean: () => {
        const end = ends.shift();
        return end instanceof Error ? Promise.reject(end) : Promise.resolve(end);
      },
    }),
  };
  const stars = new StarsRepository({ model: () => model } as unknown as Connection);
  return { stars, left: () => ends.length };
};

describe('StarsRepository.insert', () => {
  it('answers the star that another device has stored at the same moment', async () => {
    const stored = { ...star, _id: new Types.ObjectId() };
    const { stars, left } = repositoryOf(duplicate, stored);
    expect(await stars.insert(star)).toBe(stored);
    expect(left()).toBe(0);
  });

  it('stores the star when the other one was removed again at once', async () => {
    const { stars, left } = repositoryOf(duplicate, null);
    expect(await stars.insert(star)).toBeNull();
    expect(left()).toBe(0);
  });

  it('does not write again when the database is lost', async () => {
    const { stars, left } = repositoryOf(lost, null);
    await expect(stars.insert(star)).rejects.toBe(lost);
    expect(left()).toBe(1);
  });
});
