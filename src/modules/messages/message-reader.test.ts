import { describe, expect, it } from '@jest/globals';
import { anActor, aStoredMessage } from '../../../test/support/factories.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { ChatAccess, MemberPositionsRepository } from '../chats/index.js';
import { MessageReader } from './message-reader.js';
import type { MessagesRepository } from './messages.repository.js';

const stored = aStoredMessage();
const messages = {
  withPositions: () => Promise.resolve({ doc: stored, positions: [] }),
} as unknown as MessagesRepository;
const positions = { lookup: () => ({}) } as unknown as MemberPositionsRepository;
const readWhere = (failure: Error) => {
  const access = { reader: () => Promise.reject(failure) } as unknown as ChatAccess;
  return new MessageReader(messages, positions, access).visible(
    anActor(),
    stored._id.toHexString(),
  );
};

describe('a message in a chat that cannot be looked at', () => {
  it('is not found where the chat is not', async () => {
    await expect(readWhere(notFound('Chat'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'Message not found',
    });
  });

  it('may be there where the database does not answer', async () => {
    const failure = new AppError('UNAVAILABLE', 'The database does not answer', { retryAfter: 1 });
    await expect(readWhere(failure)).rejects.toBe(failure);
  });
});
