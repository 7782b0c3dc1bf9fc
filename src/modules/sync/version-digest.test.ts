import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Types } from 'mongoose';
import { createLogger } from '../../platform/logger.js';
import { QUEUE_STEP_MS } from '../../shared/deadline.js';
import type { VersionDigestParts } from './version-digest.js';
import { VersionDigest } from './version-digest.js';

const INTERVAL_MS = 100;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** A digest over a database that answers when told, with the version that a chat has come to. */
const setUp = () => {
  const chatId = new Types.ObjectId();
  const answers: ((version: number) => void)[] = [];
  const told: unknown[] = [];
  const client = {};
  const digest = new VersionDigest({
    messages: {
      aggregate: () =>
        new Promise((resolve) => {
          answers.push((version) => {
            resolve([{ _id: chatId, seq: 1, version }]);
          });
        }),
    },
    takeWritten: () => new Map(),
    isAlone: false,
    clients: {
      inChat: () => [client],
      tell: (_client: object, chats: unknown) => told.push(chats),
    },
    clock: { now: () => Date.now() },
    logger: createLogger({ logLevel: 'silent', nodeEnv: 'test' }),
    intervalMs: INTERVAL_MS,
  } as unknown as VersionDigestParts<object>);
  digest.start();
  const head = (version: number) => ({ [chatId.toHexString()]: [1, version] });
  return { answers, digest, head, told };
};

it('asks again only when it has its answer, and tells each version once', async () => {
  const { answers, digest, head, told } = setUp();
  await jest.advanceTimersByTimeAsync(5 * INTERVAL_MS);
  expect(answers).toHaveLength(1);
  for (const version of [1, 1, 2, 2]) {
    answers.at(-1)!(version);
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
  }
  expect(told).toEqual([head(1), head(2)]);
  answers.at(-1)!(2);
  await digest.stop();
});

it('goes on when an answer is lost', async () => {
  const { answers, digest, head, told } = setUp();
  await jest.advanceTimersByTimeAsync(QUEUE_STEP_MS + 2 * INTERVAL_MS);
  expect(answers).toHaveLength(2);
  answers[1]!(1);
  await digest.stop();
  expect(told).toEqual([head(1)]);
});
