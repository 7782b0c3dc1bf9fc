import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Audience } from '../../shared/audience.js';
import { NO_BLOCKS } from '../chats/index.js';
import type { ChatAccess } from '../chats/index.js';
import type { MessageEvents } from '../messages/index.js';
import { Onlookers } from './onlookers.js';
import type { ViewingEvents } from './presence.events.js';
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
    emit: (event: string, payload: object) => {
      published.push(event);
      audiences.push((payload as { audience: Audience }).audience);
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
    onlookers: { note: () => ({ nodeId: 'here', counts: [] }) },
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

describe('onlookers', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Nodes that hear each other; `told` is what the clients of the first get, `between` what goes between nodes. */
  const cluster = (size: number) => {
    const told: number[] = [];
    const between: string[] = [];
    const nodes: Onlookers[] = [];
    const emit = (event: string, payload: unknown) => {
      if (event !== 'viewers.counted') return;
      between.push(event);
      hearEach(event, payload);
    };
    const hearEach = (event: keyof ViewingEvents, payload: unknown) => {
      for (const node of nodes) {
        for (const subscription of node.subscriptions) {
          if (subscription.event === event) void subscription.run(payload as never);
        }
      }
    };
    for (let n = 0; n < size; n++) {
      const onChange = (event: string, payload: object) => {
        if (n === 0 && event === 'viewers.changed') told.push((payload as { count: number }).count);
        emit(event, payload);
      };
      nodes.push(
        new Onlookers({ nodeId: `node ${n}`, bus: { emit: onChange }, clock: { now: Date.now } }),
      );
    }
    const note = (node: number, user: string, isOpen: boolean) => {
      const noted = nodes[node]!.note(user, 'chat', isOpen);
      if (noted && noted !== 'crowd') hearEach('chat.opened', { viewers: noted });
      return noted;
    };
    return { between, nodes, note, told };
  };

  it('of 1,000 who come, the first 100 are told one by one, the others as one count', () => {
    const { between, note, told } = cluster(1);
    const noted = Array.from({ length: 1000 }, (_, n) => note(0, `user ${n}`, true));
    expect(noted.filter((each) => each === 'crowd')).toHaveLength(900);
    expect(told).toEqual([]);
    jest.advanceTimersByTime(5000);
    expect(told).toEqual([1000]);
    expect(between).toHaveLength(1);
  });

  it('of all who go, the last 100 are told one by one, and that it is no crowd', () => {
    const { note, told } = cluster(1);
    for (let n = 0; n < 150; n++) note(0, `user ${n}`, true);
    jest.advanceTimersByTime(1000);
    const noted = Array.from({ length: 150 }, (_, n) => note(0, `user ${n}`, false));
    expect(noted.filter((each) => each !== 'crowd')).toHaveLength(100);
    jest.advanceTimersByTime(5000);
    expect(told).toEqual([150, 0]);
  });

  it('counts over all nodes, which do not answer each other for ever', () => {
    const { between, nodes, note, told } = cluster(3);
    for (let n = 0; n < 150; n++) note(n % 3, `user ${n}`, true);
    jest.advanceTimersByTime(10_000);
    expect(told.at(-1)).toBe(150);
    expect(nodes.map((node) => node.count('chat'))).toEqual([150, 150, 150]);
    expect(between.length).toBeLessThanOrEqual(3);
  });

  it('no longer counts a node that has fallen silent', async () => {
    const { nodes, note, told } = cluster(2);
    for (let n = 0; n < 150; n++) note(n % 2, `user ${n}`, true);
    jest.advanceTimersByTime(2000);
    for (let round = 0; round < 4; round++) {
      jest.advanceTimersByTime(nodes[0]!.repeatMs);
      await nodes[0]!.repeat();
    }
    jest.advanceTimersByTime(2000);
    expect(told.at(-1)).toBe(75);
  });

  it('counts nobody twice, and out only whom it has counted in', () => {
    const { nodes, note } = cluster(1);
    note(0, 'alice', true);
    expect(note(0, 'alice', true)).toBeUndefined();
    expect(note(0, 'bob', false)).toBeUndefined();
    expect(nodes[0]!.count('chat')).toBe(1);
  });
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
