import { expect, it } from '@jest/globals';
import { mongo } from 'mongoose';
import { fromDriverError, isDuplicateKey } from './driver-error.js';

const named = (name: string): Error => {
  const error = new mongo.MongoDriverError('from the driver');
  Object.defineProperty(error, 'name', { value: name });
  return error;
};

it.each([
  ['the connection is lost', new mongo.MongoNetworkError('reset'), 'UNAVAILABLE'],
  ['a time limit is over', new mongo.MongoServerError({ code: 50, message: '' }), 'UNAVAILABLE'],
  ['every connection is busy', named('MongoWaitQueueTimeoutError'), 'OVERLOADED'],
  [
    'a bulk write cannot be sent',
    new mongo.MongoBulkWriteError(
      new mongo.MongoNetworkError('reset') as never,
      undefined as never,
    ),
    'UNAVAILABLE',
  ],
])('a driver error is retryable when %s', (_when, error, code) => {
  expect(fromDriverError(error)).toMatchObject({ code, status: 503, retryAfter: 1 });
});

it('a driver error says that there is no room, and when to try again, as MongoDB and the embedded database tell it', () => {
  const error = new mongo.MongoServerError({ code: 14031, message: '' });
  const full = { code: 'INSUFFICIENT_STORAGE', status: 507, retryAfter: 10 };
  expect(fromDriverError(error)).toMatchObject(full);
  const batch = new mongo.MongoBulkWriteError(error as never, undefined as never);
  expect(fromDriverError(batch)).toMatchObject(full);
});

it.each([
  ['a violated index', new mongo.MongoServerError({ code: 11000, message: '' })],
  ['another error of the driver', named('MongoInvalidArgumentError')],
  ['a bug', new TypeError('x is undefined')],
])('a driver error is not retryable for %s', (_what, error) => {
  expect(fromDriverError(error)).toBeUndefined();
});

it('a driver error tells of a violated unique index', () => {
  expect(isDuplicateKey(new mongo.MongoServerError({ code: 11000, message: '' }))).toBe(true);
  expect(isDuplicateKey(new mongo.MongoServerError({ code: 50, message: '' }))).toBe(false);
});
