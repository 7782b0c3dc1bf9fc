/** A group in which one member has blocked another: what they see of each other, and what the third sees. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openChatBetween, registerUser, startServer } from '../support/server.js';
import type { TestServer, TestUser } from '../support/server.js';
import { TestSocket, settled } from '../support/socket.js';

interface Shown {
  id: string;
  senderId: string;
  status: string;
  isFromBlocked?: boolean;
}

let server: TestServer;
let alice: TestUser;
let bob: TestUser;
let carol: TestUser;
let chatId: string;
/** The direct chat of Alice and Bob, in which she has blocked him. */
let directId: string;
/** What each of them has written, in this order. */
let written: Record<'alice' | 'bob' | 'carol', string>;
const sockets: TestSocket[] = [];

const call = async <T>(method: 'get' | 'post', path: string, user: TestUser, body?: object) => {
  const answer = await server.http[method](path).set(user.auth).send(body);
  expect({ path, isRefused: answer.status >= 400 }).toEqual({ path, isRefused: false });
  return (answer.body as { data: T }).data;
};
const connect = async (user: TestUser, auth?: Record<string, unknown>): Promise<TestSocket> => {
  const socket = await TestSocket.connect(server, user, auth);
  sockets.push(socket);
  return socket;
};
const write = async (user: TestUser, content: string): Promise<string> =>
  (await call<{ id: string }>('post', '/api/messages', user, { chatId, content })).id;

beforeAll(async () => {
  server = await startServer();
  [alice, bob, carol] = (await Promise.all([1, 2, 3].map(() => registerUser(server)))) as [
    TestUser,
    TestUser,
    TestUser,
  ];
  [directId] = (await Promise.all(
    [bob, carol].map((other) => openChatBetween(server, alice, other)),
  )) as [string, string];
  const group = { kind: 'group', name: 'Lunch', memberIds: [bob.id, carol.id] };
  chatId = (await call<{ id: string }>('post', '/api/chats', alice, group)).id;
  written = {
    alice: await write(alice, 'Where shall we eat?'),
    bob: await write(bob, 'At the harbour'),
    carol: await write(carol, 'The harbour it is'),
  };
  await call('post', `/api/chats/${directId}/block`, alice);
});
afterAll(async () => {
  for (const socket of sockets) socket.close();
  await server.close();
});

describe('the messages of somebody whom the reader has blocked', () => {
  /** Ways to read the message that Bob has written. */
  const readings: [string, (user: TestUser) => Promise<Shown[]>][] = [
    ['a page', (user) => call('get', `/api/chats/${chatId}/messages`, user)],
    ['the message', async (user) => [await call('get', `/api/messages/${written.bob}`, user)]],
    ['a search', (user) => call('get', `/api/chats/${chatId}/search?q=harbour`, user)],
    [
      'a sync',
      async (user) => {
        const { chats } = await call<{ chats: { messages: Shown[] }[] }>(
          'post',
          '/api/sync',
          user,
          {
            chats: {},
          },
        );
        return chats.flatMap(({ messages }) => messages);
      },
    ],
  ];

  it.each(readings)('are marked in %s, and for nobody else', async (_, read) => {
    const marked = async (user: TestUser) =>
      (await read(user)).filter(({ isFromBlocked }) => isFromBlocked).map(({ id }) => id);
    expect(await marked(alice)).toEqual([written.bob]);
    for (const user of [bob, carol]) expect(await marked(user)).toEqual([]);
  });
});

describe('between two of whom one has blocked the other', () => {
  it.each([
    ['alice', 'bob'],
    ['bob', 'alice'],
  ] as const)('%s types and reads unseen by %s alone', async (doer, other) => {
    const people = { alice, bob };
    const [own, hidden, shown] = await Promise.all(
      [people[doer], people[other], carol].map((user) => connect(user)),
    );
    await own!.command('typing', { chatId });
    await shown!.next('user_typing', ({ userId }) => userId === people[doer].id);
    await write(carol, `for ${doer}`);
    await own!.command('mark_as_read', { chatId });
    const ofDoer = (payload: Record<string, unknown>) => payload.readBy === people[doer].id;
    await shown!.next('messages_read', ofDoer);
    await settled(hidden!);
    const events = hidden!.heard.filter(
      ({ event, payload }) =>
        ['user_typing', 'messages_read', 'messages_delivered'].includes(event) &&
        [payload.userId, payload.readBy, payload.deliveredTo].includes(people[doer].id),
    );
    expect(events).toEqual([]);
  });

  it('the positions of the other are in no sync, and in no status', async () => {
    const { chats } = await call<{
      chats: { chat: { id: string }; positions: { userId: string }[]; messages: Shown[] }[];
    }>('post', '/api/sync', bob, { chats: {} });
    const group = chats.find(({ chat }) => chat.id === chatId)!;
    expect(group.positions.map(({ userId }) => userId).sort()).toEqual([bob.id, carol.id].sort());
    // Carol has read it, Alice has too, or has not: Bob does not learn it.
    await call('post', `/api/chats/${chatId}/read`, carol, {});
    const mine = await write(bob, 'Who comes?');
    await call('post', `/api/chats/${chatId}/read`, carol, {});
    expect(await call<Shown>('get', `/api/messages/${mine}`, bob)).toMatchObject({
      status: 'read',
    });
  });
});

it('nothing is marked or hidden any more when the block is gone', async () => {
  await call('post', `/api/chats/${directId}/unblock`, alice);
  const page = await call<Shown[]>('get', `/api/chats/${chatId}/messages`, alice);
  expect(page.some(({ isFromBlocked }) => isFromBlocked)).toBe(false);
  const [own, other] = await Promise.all([connect(bob), connect(alice)]);
  await own.command('typing', { chatId });
  await other.next('user_typing', ({ userId }) => userId === bob.id);
});
