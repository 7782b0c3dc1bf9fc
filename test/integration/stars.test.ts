/** Starred messages over REST: who may star what, in which order the list is, and what it never shows. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Types } from 'mongoose';
import { eventually } from '../support/eventually.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, openDirectChat, registerUser, startServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server.close();
});

interface Starred {
  id: string;
  starredAt: string;
  message: { id: string; content: string; chatId: string };
}
const call = (
  method: 'get' | 'post' | 'put' | 'delete',
  path: string,
  user: TestUser,
  body?: object,
) => server.http[method](path).set(user.auth).send(body);
const send = async (chatId: string, user: TestUser, content = 'hello'): Promise<string> => {
  const sent = await call('post', '/api/messages', user, { chatId, content }).expect(201);
  return (sent.body as { data: { id: string } }).data.id;
};
const star = (id: string, user: TestUser) => call('post', `/api/messages/${id}/star`, user);
const unstar = (id: string, user: TestUser) => call('delete', `/api/messages/${id}/star`, user);
const starred = async (
  user: TestUser,
  query = '',
): Promise<{ data: Starred[]; hasMore: boolean }> =>
  (await call('get', `/api/messages/starred${query}`, user).expect(200)).body as {
    data: Starred[];
    hasMore: boolean;
  };
const idsOf = (list: { data: Starred[] }) => list.data.map(({ message }) => message.id);
const rows = () => server.app.connection.collection('stars');
const rowsOf = (messageId: string) => rows().countDocuments({ messageId: oid(messageId) });
const oid = (id: string) => new Types.ObjectId(id);

const groupOf = async (owner: TestUser, members: TestUser[]): Promise<string> => {
  const memberIds = members.map(({ id }) => id);
  const body = { kind: 'group', name: 'Lunch', memberIds };
  const made = await call('post', '/api/chats', owner, body).expect(201);
  return (made.body as { data: { id: string } }).data.id;
};

describe('a star', () => {
  it('is the user’s alone, whoever has sent the message', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const id = await send(chatId, bob, 'the address');
    const answer = await star(id, alice).expect(200);
    expect(answer.body.data).toEqual({
      chatId,
      messageId: id,
      starred: true,
      starredAt: expect.any(String),
    });
    const { data, hasMore } = await starred(alice);
    expect(data).toMatchObject([
      {
        starredAt: answer.body.data.starredAt,
        message: { id, chatId, content: 'the address', sender: { id: bob.id } },
      },
    ]);
    expect(hasMore).toBe(false);
    expect(await starred(bob)).toMatchObject({ data: [], hasMore: false });
  });

  it('stays one star with its first time however often it is set', async () => {
    const { alice, chatId } = await openDirectChat(server);
    const id = await send(chatId, alice);
    const first = await star(id, alice).expect(200);
    const again = await star(id, alice).expect(200);
    expect(again.body.data).toEqual(first.body.data);
    expect(await rowsOf(id)).toBe(1);
  });

  it('is one star when it is set many times at the same moment', async () => {
    const { alice, chatId } = await openDirectChat(server);
    const id = await send(chatId, alice);
    const answers = await Promise.all(Array.from({ length: 12 }, () => star(id, alice)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 200));
    const times = answers.map(({ body }) => (body as { data: Starred }).data.starredAt);
    expect(new Set(times).size).toBe(1);
    expect(await rowsOf(id)).toBe(1);
  });

  it('is gone once taken back; taking it back again changes nothing', async () => {
    const { alice, chatId } = await openDirectChat(server);
    const id = await send(chatId, alice);
    await star(id, alice).expect(200);
    for (let times = 0; times < 2; times += 1) {
      const answer = await unstar(id, alice).expect(200);
      expect(answer.body.data).toEqual({ chatId, messageId: id, starred: false, starredAt: null });
    }
    expect((await starred(alice)).data).toEqual([]);
  });

  it('is refused for what the user may not see, and for what is deleted', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const stranger = await registerUser(server);
    const [shown, deleted, hidden] = [
      await send(chatId, alice),
      await send(chatId, alice),
      await send(chatId, alice),
    ];
    await call('delete', `/api/messages/${deleted}`, alice).expect(200);
    await call('delete', `/api/messages/${hidden}?deleteForEveryone=false`, bob).expect(200);
    await star(shown, stranger).expect(404);
    await unstar(shown, stranger).expect(404);
    await star('0123456789abcdef01234567', alice).expect(404);
    await star(hidden, bob).expect(404);
    expect((await star(deleted, bob).expect(410)).body.code).toBe('GONE');
    await star(shown, bob).expect(200);
  });

  it('is refused at the bound with a code, and taken again after one is taken back', async () => {
    const { alice, chatId } = await openDirectChat(server);
    const [first, second] = [await send(chatId, alice), await send(chatId, alice)];
    await star(first, alice).expect(200);
    await rows().insertMany(
      Array.from({ length: 9_999 }, (_, seq) => ({
        userId: oid(alice.id),
        messageId: new Types.ObjectId(),
        chatId: oid(chatId),
        seq,
        starredAt: new Date(),
      })),
    );
    const refused = await star(second, alice).expect(409);
    expect(refused.body).toMatchObject({ code: 'CONFLICT' });
    await star(first, alice).expect(200);
    await unstar(first, alice).expect(200);
    await star(second, alice).expect(200);
    // Messages that are not there are passed over, however many they are.
    expect(idsOf(await starred(alice, '?limit=1'))).toEqual([second]);
  });
});

describe('the list of starred messages', () => {
  it('has the last starred first, over all chats, page by page', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const carol = await registerUser(server);
    const other = await openChatBetween(server, alice, carol);
    const sent: string[] = [];
    for (const chat of [chatId, other, chatId, other, chatId]) sent.push(await send(chat, alice));
    // Not in the order in which they were sent.
    const order = [3, 0, 4, 1, 2].map((index) => sent[index]!);
    for (const id of order) await star(id, alice).expect(200);
    await star(sent[0]!, bob).expect(200);
    const found: string[] = [];
    let query = '?limit=2';
    const more: boolean[] = [];
    for (let page = 0; page < 3; page += 1) {
      const { data, hasMore } = await starred(alice, query);
      found.push(...idsOf({ data }));
      more.push(hasMore);
      query = `?limit=2&before=${data.at(-1)!.id}`;
    }
    expect(found).toEqual([...order].reverse());
    expect(more).toEqual([true, true, false]);
    expect(idsOf(await starred(alice))).toEqual(found);
  });

  it('shows a message as it is now', async () => {
    const { alice, chatId } = await openDirectChat(server);
    const id = await send(chatId, alice, 'Helo');
    await star(id, alice).expect(200);
    await call('put', `/api/messages/${id}`, alice, { content: 'Hello' }).expect(200);
    expect((await starred(alice)).data).toMatchObject([{ message: { content: 'Hello' } }]);
  });

  it.each(['?limit=0', '?limit=201', '?before=yesterday', '?page=2'])(
    'is refused for the query %s',
    async (query) => {
      const alice = await registerUser(server);
      const answer = await call('get', `/api/messages/starred${query}`, alice).expect(400);
      expect(answer.body.code).toBe('VALIDATION');
    },
  );
});

describe('a star on what its user no longer sees', () => {
  /** Alice and Bob have starred all of three messages of a group; then something ends the sight. */
  const starredGroup = async () => {
    const { alice, bob } = await openDirectChat(server);
    const chatId = await groupOf(alice, [bob]);
    const ids = [
      await send(chatId, alice, 'one'),
      await send(chatId, alice, 'two'),
      await send(chatId, alice, 'three'),
    ];
    for (const id of ids) {
      await star(id, alice).expect(200);
      await star(id, bob).expect(200);
    }
    return { alice, bob, chatId, ids };
  };

  it('is not shown to anybody and removed when the message is deleted for everyone', async () => {
    const { alice, bob, ids } = await starredGroup();
    await call('delete', `/api/messages/${ids[1]}`, alice).expect(200);
    for (const user of [alice, bob]) expect(idsOf(await starred(user))).toEqual([ids[2], ids[0]]);
    await eventually(async () => (await rowsOf(ids[1]!)) === 0);
  });

  it('is not shown to whoever deletes the message for themselves, and stays with the others', async () => {
    const { alice, bob, ids } = await starredGroup();
    await call('delete', `/api/messages/${ids[2]}?deleteForEveryone=false`, bob).expect(200);
    expect(idsOf(await starred(bob))).toEqual([ids[1], ids[0]]);
    await eventually(async () => (await rowsOf(ids[2]!)) === 1);
    expect(idsOf(await starred(alice))).toHaveLength(3);
  });

  it('is not shown after the history is cleared; later messages can be starred', async () => {
    const { alice, bob, chatId, ids } = await starredGroup();
    await call('delete', `/api/chats/${chatId}`, bob).expect(200);
    expect(idsOf(await starred(bob))).toEqual([]);
    await eventually(async () => (await rows().countDocuments({ userId: oid(bob.id) })) === 0);
    const later = await send(chatId, alice, 'later');
    await star(later, bob).expect(200);
    expect(idsOf(await starred(bob))).toEqual([later]);
    await star(ids[0]!, bob).expect(404);
    expect(idsOf(await starred(alice))).toHaveLength(3);
  });

  it.each([
    ['leaves', (chatId: string, bob: TestUser) => call('post', `/api/chats/${chatId}/leave`, bob)],
    [
      'is removed from',
      (chatId: string, bob: TestUser, alice: TestUser) =>
        call('delete', `/api/chats/${chatId}/members/${bob.id}`, alice),
    ],
  ] as const)('is not shown when the user %s the chat, nor after coming back', async (_, go) => {
    const { alice, bob, chatId, ids } = await starredGroup();
    await go(chatId, bob, alice).expect(200);
    expect(idsOf(await starred(bob))).toEqual([]);
    await star(ids[0]!, bob).expect(404);
    await eventually(async () => (await rows().countDocuments({ userId: oid(bob.id) })) === 0);
    const back = { userIds: [bob.id] };
    await call('post', `/api/chats/${chatId}/members`, alice, back).expect(200);
    expect(idsOf(await starred(bob))).toEqual([]);
    expect(idsOf(await starred(alice))).toHaveLength(3);
  });

  it('is passed over where a crash has left it, and can be taken back', async () => {
    const { alice, chatId, ids } = await starredGroup();
    const stranger = await registerUser(server);
    const messageId = ids[0]!;
    await rows().insertOne({
      userId: oid(stranger.id),
      messageId: oid(messageId),
      chatId: oid(chatId),
      seq: 1,
      starredAt: new Date(),
    });
    expect(idsOf(await starred(stranger))).toEqual([]);
    const answer = await unstar(messageId, stranger).expect(200);
    expect(answer.body.data).toMatchObject({ messageId, starred: false });
    await unstar(messageId, stranger).expect(404);
    expect(idsOf(await starred(alice))).toHaveLength(3);
  });

  it('is shown in a public room to whoever reads it without having joined', async () => {
    const [owner, reader] = [await registerUser(server), await registerUser(server)];
    const slug = `room-${owner.id.slice(-8)}`;
    const made = await call('post', '/api/chats', owner, { kind: 'room', name: slug, slug });
    const chatId = (made.body as { data: { id: string } }).data.id;
    const id = await send(chatId, owner, 'to all');
    await star(id, reader).expect(200);
    expect(idsOf(await starred(reader))).toEqual([id]);
  });
});
