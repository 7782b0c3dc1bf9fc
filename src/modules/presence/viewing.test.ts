import { expect, it } from '@jest/globals';
import type { ChatAccess } from '../chats/index.js';
import type { MessageEvents } from '../messages/index.js';
import { Typing } from './typing.js';
import { Viewing } from './viewing.js';

const alice = { userId: 'alice', role: 'user' as const, sessionId: '' };

/** Alice types in a chat; answers what is published from then on. */
const setUp = async ({ isHiding = false } = {}) => {
  const published: string[] = [];
  const bus = {
    emit: (event: string) => {
      published.push(event);
    },
  };
  const typing = new Typing({
    access: {
      member: () =>
        Promise.resolve({ chat: { kind: 'group', status: 'accepted', members: new Map() } }),
    } as unknown as ChatAccess,
    directory: { card: (id) => Promise.resolve({ id } as never) },
    bus,
    expiresMs: 60_000,
  });
  const viewing = new Viewing({ isHiding: () => Promise.resolve(isHiding) }, typing, bus);
  await typing.start(alice, 'chat');
  published.length = 0;
  return { published, typing, viewing };
};

it('a member who closes a chat no longer types in it', async () => {
  const { published, viewing } = await setUp();
  await viewing.viewed('alice', 'chat', true);
  await viewing.viewed('alice', 'chat', false);
  expect(published).toEqual(['chat.opened', 'typing.stopped', 'chat.closed']);
});

it('nobody is notified of a chat that a hidden member opens or closes', async () => {
  const { published, viewing } = await setUp({ isHiding: true });
  await viewing.viewed('alice', 'chat', true);
  await viewing.viewed('alice', 'chat', false);
  expect(published).toEqual(['typing.stopped']);
});

it('a sent message ends the typing indicator of its sender in its chat only', async () => {
  const { published, typing } = await setUp();
  const [subscription] = typing.subscriptions;
  const sent = (senderId: string, chatId: string) =>
    subscription!.run({ message: { senderId, chatId } } as MessageEvents['message.sent']);
  await sent('bob', 'chat');
  await sent('alice', 'another chat');
  expect(published).toEqual([]);
  await sent('alice', 'chat');
  expect(published).toEqual(['typing.stopped']);
});
