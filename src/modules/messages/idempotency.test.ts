import { describe, expect, it } from '@jest/globals';
import { anId, aStoredMessage } from '../../../test/support/factories.js';
import { RecentSends, findWritten, identityOf } from './idempotency.js';
import type { SendInput, Sent } from './messages.types.js';

const ID = anId();
const image = { url: 'https://example.org/a.png', type: 'image' as const };
const input: SendInput = {
  chatId: ID,
  content: 'hello',
  messageType: 'image',
  media: [image],
  clientMessageId: 'one',
};

describe('the identity of a send', () => {
  it('is undefined when the client gives the message no id', () => {
    expect(identityOf({ ...input, clientMessageId: undefined })).toBeUndefined();
  });

  it('is the same for a retry', () => {
    expect(identityOf({ ...input, media: [{ ...image, width: 7 }] })).toEqual(identityOf(input));
  });

  it.each<[string, Partial<SendInput>]>([
    ['text', { content: 'hello!' }],
    ['type', { messageType: 'file' }],
    ['attachment', { media: [{ ...image, url: 'https://example.org/b.png' }] }],
    ['uploaded file', { media: [{ ...image, fileId: ID }] }],
    ['reply target', { replyTo: ID }],
  ])('is another one when the %s differs', (_name, change) => {
    expect(identityOf({ ...input, ...change })).not.toEqual(identityOf(input));
  });

  it('depends on the contents of files, not on where a retry has stored them, when these are known', () => {
    const first = { ...input, filesDigest: 'same contents' };
    const retry = { ...first, media: [{ ...image, fileId: ID }], messageType: 'file' as const };
    expect(identityOf(retry)).toEqual(identityOf(first));
  });
});

describe('a message under a client id', () => {
  const stored = aStoredMessage({ fingerprint: 'a', clientMessageId: 'one' });
  const messages = { byClientId: () => Promise.resolve(stored) };
  const keys = { chatId: stored.chatId, senderId: stored.senderId, clientMessageId: 'one' };

  it('is found again by its fingerprint', async () => {
    expect(await findWritten(messages, { ...keys, fingerprint: 'a' })).toBe(stored);
  });

  it('cannot be replaced by another message under the same id', async () => {
    await expect(findWritten(messages, { ...keys, fingerprint: 'b' })).rejects.toMatchObject({
      code: 'CLIENT_MESSAGE_ID_REUSED',
    });
  });
});

describe('a recent send', () => {
  it('is remembered while it is under way and afterwards', async () => {
    const sends = new RecentSends();
    const send = { fingerprint: 'a', sent: Promise.resolve({ message: {} } as Sent) };
    sends.add('key', send);
    expect(sends.get('key')).toBe(send);
    await send.sent;
    expect(sends.get('key')).toBe(send);
  });

  it('is forgotten when it is held, as a moderator may release it on another node', async () => {
    const sends = new RecentSends();
    const sent = Promise.resolve({ message: { isHeld: true } } as Sent);
    sends.add('key', { fingerprint: 'a', sent });
    await sent;
    expect(sends.get('key')).toBeUndefined();
  });

  it('is forgotten when it fails, so that it can be tried again', async () => {
    const sends = new RecentSends();
    const sent = Promise.reject<Sent>(new Error('the database is away'));
    sends.add('key', { fingerprint: 'a', sent });
    await expect(sent).rejects.toThrow('the database is away');
    expect(sends.get('key')).toBeUndefined();
  });
});
