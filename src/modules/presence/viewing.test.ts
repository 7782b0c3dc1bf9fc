import { expect, it } from '@jest/globals';
import type { Audience } from '../../shared/audience.js';
import { NO_BLOCKS } from '../chats/index.js';
import type { ChatAccess } from '../chats/index.js';
import type { MessageEvents } from '../messages/index.js';
import { Typing } from './typing.js';
import { Viewing } from './viewing.js';

const alice = { userId: 'alice', role: 'user' as const, sessionId: '' };

/** Alice types in a chat; answers what is published from then on. */
const setUp = async ({
  isHiding = false,
  audience = 'shared' as 'shared' | 'answered',
  chat = { kind: 'group', status: 'accepted', isBlocked: false, members: new Map() },
} = {}) => {
  const published: string[] = [];
  const audiences: Audience[] = [];
  const bus = {
    emit: (event: string, { audience }: { audience: Audience }) => {
      published.push(event);
      audiences.push(audience);
    },
  };
  const typing = new Typing({
    access: {
      member: () => Promise.resolve({ chat: { ...chat, status: 'accepted', isBlocked: false } }),
    } as unknown as ChatAccess,
    directory: { card: (id) => Promise.resolve({ id } as never) },
    contacts: { blocksOf: () => Promise.resolve(NO_BLOCKS) },
    bus,
    expiresMs: 60_000,
  });
  const viewing = new Viewing({
    tracker: { isHiding: () => Promise.resolve(isHiding) },
    typing,
    access: { snapshot: () => Promise.resolve(chat as never) },
    contacts: { blockedWith: () => Promise.resolve(new Set(['mallory'])) },
    bus,
    audience,
  });
  await typing.start(alice, 'chat');
  published.length = 0;
  audiences.length = 0;
  return { audiences, published, typing, viewing };
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

it.each([
  ['waits for an answer', { status: 'pending', isBlocked: false }],
  ['was rejected', { status: 'rejected', isBlocked: false }],
  ['is blocked', { status: 'accepted', isBlocked: true }],
])('nobody is notified of who looks at a direct chat that %s', async (_, state) => {
  const { published, viewing } = await setUp({
    chat: { kind: 'direct', members: new Map(), ...state },
  });
  await viewing.viewed('alice', 'chat', true);
  await viewing.viewed('alice', 'chat', false);
  expect(published).toEqual(['typing.stopped']);
});

it('under PRESENCE_AUDIENCE=answered nobody is notified of who was asked and has not answered', async () => {
  const direct = { kind: 'direct', status: 'accepted', isBlocked: false, members: new Map() };
  const visits = async (chat: object) => {
    const { published, viewing } = await setUp({
      audience: 'answered',
      chat: { ...direct, ...chat } as typeof direct,
    });
    await viewing.viewed('alice', 'chat', true);
    return published;
  };
  expect(await visits({ initiator: 'bob', isAnswered: false })).toEqual([]);
  expect(await visits({ initiator: 'alice', isAnswered: false })).toEqual(['chat.opened']);
  expect(await visits({ initiator: 'bob', isAnswered: true })).toEqual(['chat.opened']);
  expect(await visits({ kind: 'group', isAnswered: false })).toEqual(['chat.opened']);
});

it('in a group, those across a block are not notified of who looks at it', async () => {
  const { audiences, viewing } = await setUp();
  await viewing.viewed('alice', 'chat', true);
  expect(audiences[0]!.except).toEqual([{ kind: 'users', userIds: ['alice', 'mallory'] }]);
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
