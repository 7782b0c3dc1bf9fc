import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { silentLogger } from '../../../test/support/logger.js';
import { QUEUE_STEP_MS } from '../../shared/deadline.js';
import { VersionDigest } from './version-digest.js';

const INTERVAL_MS = 100;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** A digest over a database that answers when the test resolves it, with a chat's newest version. */
const setUp = () => {
  const chatId = 'chat';
  const answers: ((version: number) => void)[] = [];
  const sent: unknown[] = [];
  const client = {};
  const digest = new VersionDigest({
    messages: {
      newestNumbersSince: () =>
        new Promise((resolve) => {
          answers.push((version) => {
            resolve(new Map([[chatId, { seq: 1, version }]]));
          });
        }),
    },
    takeWritten: () => new Map(),
    isAlone: false,
    clients: {
      inChat: () => [client],
      all: () => [client],
      sendVersions: (_client, chats) => sent.push(chats),
      hint: () => undefined,
    },
    clock: { now: () => Date.now() },
    logger: silentLogger(),
    intervalMs: INTERVAL_MS,
  });
  digest.start();
  const newest = (version: number) => ({ [chatId]: [1, version] });
  return { answers, digest, newest, sent };
};

it('the digest queries again only after an answer, and sends each version once', async () => {
  const { answers, digest, newest, sent } = setUp();
  await jest.advanceTimersByTimeAsync(5 * INTERVAL_MS);
  expect(answers).toHaveLength(1);
  for (const version of [1, 1, 2, 2]) {
    answers.at(-1)!(version);
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
  }
  expect(sent).toEqual([newest(1), newest(2)]);
  answers.at(-1)!(2);
  await digest.stop();
});

it('the digest goes on when an answer is lost', async () => {
  const { answers, digest, newest, sent } = setUp();
  await jest.advanceTimersByTimeAsync(QUEUE_STEP_MS + 2 * INTERVAL_MS);
  expect(answers).toHaveLength(2);
  answers[1]!(1);
  await digest.stop();
  expect(sent).toEqual([newest(1)]);
});
