/** Every name makes a room of its own, which is reached by its slug and by its name, over REST and sockets. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { objectId } from '../../src/platform/object-id.js';
import type { ConversationsCluster } from '../support/conversations-node.js';
import { actorOf, startConversations } from '../support/conversations-node.js';
import type { TestServer, TestUser } from '../support/server.js';
import { registerUser } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

let cluster: ConversationsCluster;
let server: TestServer;
let ada: TestUser;
let bob: TestUser;
let socket: TestSocket;
beforeAll(async () => {
  cluster = await startConversations();
  ({ server } = cluster);
  [ada, bob] = await Promise.all([registerUser(server), registerUser(server)]);
  socket = await TestSocket.connect(server, bob, { dialect: 'room' });
});
afterAll(async () => {
  socket.close();
  await cluster.close();
});

const post = (user: TestUser, path: string, body: object = {}) =>
  server.http.post(path).set(user.auth).send(body);
const create = (name: string, more: object = {}) =>
  post(ada, '/api/chats', { kind: 'room', name, ...more });
const created = async (name: string, more: object = {}) =>
  (await create(name, more).expect(201)).body.data as { id: string; slug: string; name: string };
/** Where `join-room` leads. */
const join = async (room: string) => {
  const { data } = await socket.command<{ chatId: string; room: string }>('join-room', { room });
  return data!;
};

describe('a room', () => {
  it.each<[string, string]>([
    ['R&D 1', 'r-d-1'],
    ['C++ 1', 'c-1'],
    ['C# 1', 'c-1-2'],
    ['C 1', 'c-1-3'],
    ["l'équipe 1", 'l-équipe-1'],
    ['🎉 Party 1', 'party-1'],
    ['Party 1', 'party-1-2'],
    ['Q & A: 1', 'q-a-1'],
    ['日本語 1', '日本語-1'],
    ['AC/DC 1', 'ac-dc-1'],
    ['.NET 1', 'net-1'],
    ['100 % 1', '100-1'],
    ['🎉', 'room'],
    ['🎊', 'room-2'],
    ['???', 'room-3'],
    ['❤️', 'room-4'],
    ['Zoë’s place', 'zoë-s-place'],
  ])('of the name %j has the slug %j, and both lead to it', async (name, slug) => {
    const room = await created(name);
    expect([room.name, room.slug]).toEqual([name, slug]);
    for (const text of [slug, name]) {
      expect([text, (await join(text)).chatId]).toEqual([text, room.id]);
      const path = `/api/rooms/${encodeURIComponent(text)}`;
      const { body } = await server.http.get(path).set(ada.auth).expect(200);
      expect([text, body.data.id]).toEqual([text, room.id]);
      const page = await server.http.get('/api/messages').query({ room: text }).set(ada.auth);
      expect(page.status).toBe(200);
    }
    expect((await create(name)).body).toMatchObject({ code: 'CONFLICT' });
    expect((await create(name.toUpperCase())).body).toMatchObject({ code: 'CONFLICT' });
  });

  it('is made by the first join-room or post of its name, and never shared with another', async () => {
    const names = ['C++', 'C#', 'C', 'F#', 'F*', '++', '🎈', 'Ⅽ++!', 'c-'];
    const joined = new Map<string, string>();
    for (const [i, name] of names.entries()) {
      if (i % 2 === 0) joined.set(name, (await join(name)).chatId);
      else {
        const sent = await post(bob, '/api/messages', { room: name, content: 'First' }).expect(201);
        joined.set(name, sent.body.data.chatId as string);
      }
    }
    expect(new Set(joined.values()).size).toBe(names.length);
    for (const [name, chatId] of joined) {
      const sent = await socket.command<{ chatId: string }>('send-message', {
        room: name,
        content: 'Again',
      });
      expect([name, sent.data?.chatId]).toEqual([name, chatId]);
    }
    // In another case, and in another Unicode form, it is the same name.
    expect((await join('f#')).chatId).toBe(joined.get('F#'));
    expect((await join('Ｆ＃')).chatId).toBe(joined.get('F#'));
    await socket.command('leave-room', 'F#');
  });

  it('keeps its slug from those who give theirs the name of it', async () => {
    const room = await created('Lost & Found');
    expect(room.slug).toBe('lost-found');
    expect((await create('lost-found')).body).toMatchObject({ code: 'CONFLICT' });
    const other = await created('Lost Found');
    expect(other.slug).toBe('lost-found-2');
    expect((await join('lost-found')).chatId).toBe(room.id);
    expect((await join('Lost Found')).chatId).toBe(other.id);
  });

  it('may have a slug of its own choice, under which it is another room of the same name', async () => {
    const [plain, own] = [await created('S&T'), await created('S&T', { slug: 'S-and-T' })];
    expect([plain.slug, own.slug]).toEqual(['s-t', 's-and-t']);
    expect((await join('S&T')).chatId).toBe(plain.id);
    expect((await join('S-And-T')).chatId).toBe(own.id);
    expect((await create('Else', { slug: 's-and-t' })).body).toMatchObject({ code: 'CONFLICT' });
    for (const slug of ['s&t', '🎉', 'a/b', '-', '665f1c2e9b1e8a3d4c5b6a79']) {
      expect((await create('Else', { slug })).body).toMatchObject({ code: 'VALIDATION' });
    }
  });

  it('answers to its new name when it is renamed, and stays under its slug', async () => {
    const room = await created('Before!');
    await server.http
      .patch(`/api/chats/${room.id}`)
      .set(ada.auth)
      .send({ name: 'After!' })
      .expect(200);
    expect((await join('After!')).chatId).toBe(room.id);
    expect((await join('before')).chatId).toBe(room.id);
    const second = await created('Before!');
    expect([second.slug, (await join('Before!')).chatId]).toEqual(['before-2', second.id]);
  });

  it('is found in the list by the start of its name or slug', async () => {
    const room = await created('Ünder & Over');
    for (const q of ['ünder &', 'Ünder', 'ünder-o', 'ÜNDER & OVER']) {
      const { body } = await server.http.get('/api/rooms').query({ q }).set(ada.auth).expect(200);
      expect([q, body.data]).toMatchObject([q, [{ id: room.id }]]);
    }
  });

  it.each(['../etc', '..', 'a/../b', 'x'.repeat(101), '\u200b', 'two\nlines'])(
    'is not made of %j',
    async (name) => {
      expect((await create(name)).body).toMatchObject({ code: 'VALIDATION' });
      const refused = await socket.command('join-room', { room: name });
      expect(refused).toMatchObject({ ok: false, error: { code: 'VALIDATION' } });
    },
  );

  it.each([
    ['../etc', 'Trains'],
    ['..', 'Boats'],
    ['a/../b', 'Planes'],
  ])('cannot be renamed to the path %s', async (name, before) => {
    const { id } = await created(before);
    const { status, body } = await server.http
      .patch(`/api/chats/${id}`)
      .set(ada.auth)
      .send({ name });
    expect([status, body.code]).toEqual([400, 'VALIDATION']);
  });
});

describe('names and slugs of different rooms', () => {
  /** A room as versions before names had a form of their own stored it. */
  const older = async (name: string) => {
    const room = await created(name);
    await collections().updateOne({ _id: objectId(room.id) }, { $unset: { nameKey: 1 } });
    return room;
  };
  const collections = () => cluster.nodes[0].collections.chats;
  const rename = (id: string, name: string) =>
    server.http.patch(`/api/chats/${id}`).set(ada.auth).send({ name }).expect(200);

  it.each<[string, string[]]>([
    ['support-team', ['Support Team', 'SUPPORT-TEAM', 'support  team']],
    ['Ｄesk', ['desk', 'Desk', 'DESK']],
    ['общий', ['Общий', 'ОБЩИЙ']],
  ])('an older room %j is not left for one that takes its name', async (name, spellings) => {
    const room = await older(name);
    for (const [i, spelling] of spellings.entries()) {
      const other = await created(`${i} beside ${room.slug}`);
      await rename(other.id, spelling);
      for (const text of [name, ...spellings]) {
        expect([text, (await join(text)).chatId]).toEqual([text, room.id]);
      }
      expect((await join(other.slug)).chatId).toBe(other.id);
      expect((await create(spelling)).body).toMatchObject({ code: 'CONFLICT' });
    }
    // Its own name it may take in any spelling.
    await rename(room.id, spellings[0]!);
    expect((await join(spellings[0]!)).chatId).toBe(room.id);
  });

  it('an older room answers to its slug from the first start on, whatever its name has become', async () => {
    const [room, other] = [await older('help-desk'), await older('lounge')];
    const taken = await created('Rest', { slug: 'rest-room' });
    await collections().updateOne({ _id: objectId(taken.id) }, { $set: { nameKey: 'lounge' } });
    // By a version that knew slugs alone: the slug looks as if it were made of this name.
    await collections().updateOne({ _id: objectId(room.id) }, { $set: { name: 'Help: Desk' } });
    const { rooms } = cluster.nodes[0].useCases;
    await Promise.all([rooms.nameOlder(), cluster.nodes[1].useCases.rooms.nameOlder()]);
    for (const text of ['help-desk', 'Help Desk', 'HELP-DESK']) {
      expect([text, (await join(text)).chatId]).toEqual([text, room.id]);
    }
    expect((await create('Help Desk')).body).toMatchObject({ code: 'CONFLICT' });
    // Where another room has come to answer to it, that one goes on.
    expect((await join('Lounge')).chatId).toBe(taken.id);
    expect((await join('lounge')).chatId).toBe(other.id);
    expect(await collections().countDocuments({ kind: 'room', nameKey: { $exists: false } })).toBe(
      0,
    );
  });

  it('a room renamed to the slug of another does not lead away from it', async () => {
    const room = await created('Arts & Crafts');
    const other = await created('Something else');
    await rename(other.id, 'arts-crafts');
    expect((await join('arts-crafts')).chatId).toBe(room.id);
    expect((await join('something-else')).chatId).toBe(other.id);
    await rename(other.id, 'Something new');
    expect((await join('Something new')).chatId).toBe(other.id);
  });

  it.each([
    ['Sales', 'emea-sales', 'sales'],
    ['Quality Team', 'qa', 'Quality Team'],
    ['Ｏffice', 'hq', 'OFFICE'],
  ])('the name %j of a room (%s) is nobody else’s slug %j', async (name, slug, wanted) => {
    const room = await created(name, { slug });
    expect((await create('zzz', { slug: wanted })).body).toMatchObject({ code: 'CONFLICT' });
    expect((await create(name, { slug: wanted })).body).toMatchObject({ code: 'CONFLICT' });
    for (const text of [name, wanted, slug]) {
      expect([text, (await join(text)).chatId]).toEqual([text, room.id]);
    }
  });

  it('a slug made of a name gets a number where it is the name of another room', async () => {
    const room = await created('Ops', { slug: 'operations' });
    const [over, under] = [await created('Ops!'), await join('Ops?')];
    expect([over.slug, under.room]).toEqual(['ops-2', 'ops-3']);
    expect((await join('ops')).chatId).toBe(room.id);
    expect((await join('Ops!')).chatId).toBe(over.id);
  });

  it('a room’s own name may be its slug', async () => {
    const room = await created('Night Shift', { slug: 'night shift' });
    expect(room.slug).toBe('night-shift');
    expect((await join('NIGHT SHIFT')).chatId).toBe(room.id);
  });

  it('a retry under the same client id finds the room whose slug it asked for', async () => {
    const request = { slug: 'day-shift', clientChatId: 'day-shift-1' };
    const room = await created('Day Shift', request);
    const again = await create('Day Shift', request);
    expect([again.status < 300, again.body.data?.id]).toEqual([true, room.id]);
  });
});

describe('rooms that are made at the same moment', () => {
  it('on two nodes are one for one name, and different ones for names of one slug', async () => {
    const names = ['G++', 'G#', 'G!', 'G', 'g++'];
    for (let round = 0; round < 5; round += 1) {
      const wanted = names.flatMap((name) => [0, 1, 2].map((i) => [name, i] as const));
      const entered = await Promise.all(
        wanted.map(async ([name, i]) => {
          const user = i === 0 ? ada : bob;
          const { useCases } = cluster.nodes[i % 2 === 0 ? 0 : 1];
          const text = `${name} ${round}`;
          return [text, await useCases.roomResolver.enter(actorOf(user), text)] as const;
        }),
      );
      const byKey = new Map<string, Set<string>>();
      for (const [text, chatId] of entered) {
        const key = text.toLowerCase();
        byKey.set(key, (byKey.get(key) ?? new Set()).add(chatId));
      }
      expect([...byKey.values()].map(({ size }) => size)).toEqual([1, 1, 1, 1]);
      expect(new Set(entered.map(([, chatId]) => chatId)).size).toBe(4);
    }
  });
});
