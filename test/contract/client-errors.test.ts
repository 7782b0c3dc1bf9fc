import { expect, it } from '@jest/globals';
import { ERROR_STATUS } from '../../src/shared/errors.js';
import { ChatError } from '@parley-chat/client';

it('the client knows which of the server’s refusals may pass by themselves', () => {
  const mayPass = Object.entries(ERROR_STATUS)
    .filter(([, status]) => [429, 500, 503].includes(status))
    .map(([code]) => code);
  const isTriedAgain = Object.keys(ERROR_STATUS).filter(
    (code) => new ChatError({ code, message: code }).isRetryable,
  );
  expect(isTriedAgain.sort()).toEqual(mayPass.sort());
});

it('the client tries again when a disk is full, and not when a quota is used up', () => {
  const refusal = { code: 'INSUFFICIENT_STORAGE', message: '' };
  expect(new ChatError({ ...refusal, retryAfter: 10 }).isRetryable).toBe(true);
  expect(new ChatError(refusal).isRetryable).toBe(false);
});
