/** Groups: making them, who is in them and in which role, and what the members hear of it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, registerUser, startServer } from '../support/server.js';
import { TestSocket, settled } from '../support/socket.js';

let server: TestServer;
let olga: TestUser;
let anna: TestUser;
let mike: TestUser;
let stranger: TestUser;
beforeAll(async () => {
  server = await startServer();
  olga = await registerUser(server);
  anna = await registerUser(server);
  mike = await registerUser(server);
  stranger = await registerUser(server);
  await openChatBetween(server, olga, anna);
  await openChatBetween(server, olga, mike);
});
afterAll(async () => {
  await server.close();
});

const get = (path: string, user = olga) => server.http.get(path).set(user.auth);
const post = (path: string, body: object = {}, user = olga) =>
  server.http.post(path).set(user.auth).send(body);
const remove = (path: string, user = olga) => server.http.delete(path).set(user.auth);
const setRole = (chatId: string, userId: string, role: string, user = olga) =>
  server.http.put(`/api/chats/${chatId}/members/${userId}/role`).set(user.auth).send({ role });
const newGroup = async (memberIds = [anna.id, mike.id], body = {}): Promise<string> => {
  const made = await post('/api/chats', { kind: 'group', name: 'Lunch', memberIds, ...body });
  expect(made.status).toBe(201);
  return (made.body as { data: { id: string } }).data.id;
};
const rolesOf = async (chatId: string, user = olga) => {
  const { body } = await get(`/api/chats/${chatId}/members`, user).expect(200);
  return Object.fromEntries(
    (body.data as { id: string; role: string }[]).map(({ id, role }) => [id, role]),
  );
};
const logOf = async (chatId: string, user = olga) =>
  (await get(`/api/chats/${chatId}/messages`, user).expect(200)).body.data as {
    content: string;
    messageType: string;
    system: Record<string, unknown>;
  }[];

describe('making a group', () => {
  it('makes its maker the owner, adds the others at once, and says so in its log', async () => {
    const socket = await TestSocket.connect(server, anna);
    const chatId = await newGroup();
    expect(await rolesOf(chatId, anna)).toEqual({
      [olga.id]: 'owner',
      [anna.id]: 'member',
      [mike.id]: 'member',
    });
    expect(await socket.next('members_added', (p) => p.chatId === chatId)).toMatchObject({
      userIds: [anna.id, mike.id],
      actorId: olga.id,
    });
    expect(await logOf(chatId)).toMatchObject([
      { messageType: 'system', system: { type: 'group_created', name: 'Lunch' } },
    ]);
    const view = await get(`/api/chats/${chatId}`, anna).expect(200);
    expect(view.body.data).toMatchObject({ kind: 'group', unreadCount: 0, memberCount: 3 });
    await post('/api/messages', { chatId, content: 'Hi, all' }, mike).expect(201);
    expect(
      await socket.next('unread_message', (p) => p.chatId === chatId && p.unreadCount === 1),
    ).toMatchObject({ message: { content: 'Hi, all' } });
    socket.close();
  });

  it('makes one of a retry under the same client id, also of one at the same moment', async () => {
    const body = { memberIds: [anna.id], clientChatId: 'made-on-the-train' };
    const ask = () => post('/api/chats', { kind: 'group', name: 'Trains', ...body });
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
    const again = await ask();
    expect(again.status).toBe(200);
    const ids = [...answers, again].map(
      (answer) => (answer.body as { data: { id: string } }).data.id,
    );
    expect(new Set(ids).size).toBe(1);
    const [chatId] = ids as [string];
    expect(await logOf(chatId)).toMatchObject([{ system: { type: 'group_created' } }]);
    expect(await rolesOf(chatId)).toEqual({ [olga.id]: 'owner', [anna.id]: 'member' });
    // Somebody who was removed meanwhile is not brought back by a late retry.
    await remove(`/api/chats/${chatId}/members/${anna.id}`).expect(200);
    expect((await ask()).status).toBe(200);
    expect(await rolesOf(chatId)).toEqual({ [olga.id]: 'owner' });
    // The id is the maker's own, and stands for one kind of chat.
    const other = await post(
      '/api/chats',
      { kind: 'group', name: 'Mine', clientChatId: body.clientChatId },
      mike,
    );
    expect(other.status).toBe(201);
    const room = await post('/api/chats', { kind: 'room', name: 'Trains', ...body });
    expect([room.status, room.body.code]).toEqual([409, 'CONFLICT']);
  });

  it('takes people who are in touch with the maker, and invites others', async () => {
    const make = (memberIds: string[]) =>
      post('/api/chats', { kind: 'group', name: 'x', memberIds });
    const withStranger = await make([stranger.id]);
    expect([withStranger.status, withStranger.body.data.participants.length]).toEqual([201, 1]);
    expect(withStranger.body.data.invited).toEqual([stranger.id]);
    expect((await make(['0123456789abcdef01234567'])).status).toBe(404);
    const dora = await registerUser(server);
    const chatId = await openChatBetween(server, olga, dora);
    await post(`/api/chats/${chatId}/block`, {}, dora).expect(200);
    const refused = await make([dora.id]);
    expect([refused.status, refused.body.code]).toEqual([403, 'BLOCKED']);
  });

  it('checks its input, and the token', async () => {
    await post('/api/chats', { kind: 'direct', name: 'x' }).expect(400);
    await post('/api/chats', { kind: 'group' }).expect(400);
    await post('/api/chats', { kind: 'group', name: 'x', slug: 'x' }).expect(400);
    await post('/api/chats', { kind: 'group', name: 'x', picture: 'javascript:alert(1)' }).expect(
      400,
    );
    await server.http.post('/api/chats').send({}).expect(401);
  });

  it('makes a public room, under a name that nobody has', async () => {
    const made = await post('/api/chats', { kind: 'room', name: 'Book Club' }).expect(201);
    expect(made.body.data).toMatchObject({ kind: 'room', slug: 'book-club', role: 'owner' });
    expect((await post('/api/chats', { kind: 'room', name: 'book club' })).status).toBe(409);
    await post('/api/chats', { kind: 'room', name: '../etc' }).expect(400);
    await post('/api/rooms/book-club/join', {}, stranger).expect(200);
  });
});

describe('changing a group', () => {
  it('is allowed to owners and admins alone, and every member hears of it', async () => {
    const chatId = await newGroup();
    const socket = await TestSocket.connect(server, mike);
    const patch = (body: object, user = olga) =>
      server.http.patch(`/api/chats/${chatId}`).set(user.auth).send(body);
    await patch({ name: 'Dinner' }, anna).expect(403);
    await patch({ name: 'Dinner' }, stranger).expect(404);
    await patch({}).expect(400);
    await setRole(chatId, anna.id, 'admin').expect(200);
    const changed = await patch({ name: 'Dinner', description: 'At eight' }, anna).expect(200);
    expect(changed.body.data).toMatchObject({ name: 'Dinner', description: 'At eight' });
    expect(await socket.next('chat_updated')).toMatchObject({ chatId, chat: { name: 'Dinner' } });
    expect((await logOf(chatId)).at(-1)).toMatchObject({
      system: { type: 'chat_renamed', name: 'Dinner' },
    });
    socket.close();
  });

  it('cannot be done to a direct chat', async () => {
    const chatId = await openChatBetween(server, await registerUser(server), olga);
    for (const attempt of [
      server.http.patch(`/api/chats/${chatId}`).set(olga.auth).send({ name: 'x' }),
      post(`/api/chats/${chatId}/members`, { userIds: [anna.id] }),
      remove(`/api/chats/${chatId}/members/${anna.id}`),
      post(`/api/chats/${chatId}/leave`),
      setRole(chatId, olga.id, 'owner'),
      post(`/api/chats/${chatId}/invites`),
    ]) {
      expect((await attempt).status).toBe(403);
    }
  });
});

describe('members', () => {
  it('who are added hear everything from then on, and those removed nothing more', async () => {
    const chatId = await newGroup([anna.id]);
    const socket = await TestSocket.connect(server, mike);
    await post('/api/messages', { chatId, content: 'without Mike' }).expect(201);
    await post(`/api/chats/${chatId}/members`, { userIds: [mike.id] }, anna).expect(403);
    const added = await post(`/api/chats/${chatId}/members`, { userIds: [mike.id, anna.id] });
    expect(added.body.data).toEqual({ chatId, added: [mike.id], invited: [] });
    await post('/api/messages', { chatId, content: 'with Mike' }).expect(201);
    await socket.next('unread_message', (p) => p.unreadCount === 1 && p.chatId === chatId);

    await remove(`/api/chats/${chatId}/members/${mike.id}`).expect(200);
    expect(await socket.next('members_removed')).toMatchObject({ chatId, userIds: [mike.id] });
    await settled(socket);
    socket.clear();
    await post('/api/messages', { chatId, content: 'without him again' }).expect(201);
    await settled(socket);
    expect(socket.heard.filter(({ payload }) => payload.chatId === chatId)).toEqual([]);
    await get(`/api/chats/${chatId}`, mike).expect(404);
    await get(`/api/chats/${chatId}/messages`, mike).expect(404);
    expect((await logOf(chatId)).map(({ system }) => system?.type).filter(Boolean)).toEqual([
      'group_created',
      'members_added',
      'member_removed',
    ]);
    socket.close();
  });

  it('are removed by owners, and plain ones by admins', async () => {
    const chatId = await newGroup();
    await remove(`/api/chats/${chatId}/members/${mike.id}`, anna).expect(403);
    await setRole(chatId, anna.id, 'admin').expect(200);
    await remove(`/api/chats/${chatId}/members/${olga.id}`, anna).expect(403);
    await remove(`/api/chats/${chatId}/members/${mike.id}`, anna).expect(200);
    await remove(`/api/chats/${chatId}/members/${mike.id}`, anna).expect(404);
    await remove(`/api/chats/${chatId}/members/${anna.id}`, stranger).expect(404);
  });

  it('are listed in pages, and to members only', async () => {
    const chatId = await newGroup();
    const page = await get(`/api/chats/${chatId}/members?limit=2&page=2`).expect(200);
    expect(page.body).toMatchObject({
      data: [expect.anything()],
      pagination: { page: 2, limit: 2, total: 3, hasMore: false },
    });
    await get(`/api/chats/${chatId}/members`, stranger).expect(404);
    await server.http.get(`/api/chats/${chatId}/members`).expect(401);
  });
});

describe('the other devices of somebody', () => {
  it('hear that they were added, given a role, removed, and that they left', async () => {
    const [phone, laptop] = [
      await TestSocket.connect(server, mike),
      await TestSocket.connect(server, mike),
    ];
    const hear = async (event: string, chatId: string, payload: object) => {
      for (const device of [phone, laptop]) {
        const heard = await device.next(event, (p) => p.chatId === chatId);
        expect(heard).toMatchObject(payload);
      }
    };
    const chatId = await newGroup([anna.id]);
    await post(`/api/chats/${chatId}/members`, { userIds: [mike.id] }).expect(200);
    await hear('members_added', chatId, { userIds: [mike.id] });
    await setRole(chatId, mike.id, 'owner').expect(200);
    await hear('member_role_changed', chatId, { userId: mike.id, role: 'owner' });
    // An owner goes by another way than a member.
    await post(`/api/chats/${chatId}/leave`, {}, mike).expect(200);
    await hear('members_removed', chatId, { userIds: [mike.id], actorId: mike.id });

    const other = await newGroup([mike.id]);
    await remove(`/api/chats/${other}/members/${mike.id}`).expect(200);
    await hear('members_removed', other, { userIds: [mike.id], actorId: olga.id });
    const third = await newGroup([mike.id]);
    await post(`/api/chats/${third}/leave`, {}, mike).expect(200);
    await hear('members_removed', third, { userIds: [mike.id], actorId: mike.id });
    const demoted = await newGroup([mike.id]);
    await setRole(demoted, mike.id, 'owner').expect(200);
    await setRole(demoted, olga.id, 'member', mike).expect(200);
    await setRole(demoted, mike.id, 'owner', mike).expect(200);
    await settled(phone);
    expect(
      phone.heard
        .filter(
          ({ event, payload }) => event === 'member_role_changed' && payload.chatId === demoted,
        )
        .map(({ payload }) => [payload.userId, payload.role]),
    ).toEqual([
      [mike.id, 'owner'],
      [olga.id, 'member'],
    ]);
    phone.close();
    laptop.close();
  });
});

describe('owners', () => {
  it('who are the last cannot leave a group before they make somebody else owner', async () => {
    const chatId = await newGroup();
    const refused = await post(`/api/chats/${chatId}/leave`).expect(409);
    expect(refused.body.code).toBe('LAST_OWNER');
    expect((await setRole(chatId, olga.id, 'member').expect(409)).body.code).toBe('LAST_OWNER');
    await setRole(chatId, anna.id, 'owner', mike).expect(403);
    await setRole(chatId, anna.id, 'owner').expect(200);
    await post(`/api/chats/${chatId}/leave`).expect(200);
    expect(await rolesOf(chatId, anna)).toEqual({ [anna.id]: 'owner', [mike.id]: 'member' });
    expect((await logOf(chatId, anna)).at(-1)).toMatchObject({ system: { type: 'member_left' } });
  });

  it('never all go at the same moment', async () => {
    for (let round = 0; round < 5; round += 1) {
      const chatId = await newGroup();
      await setRole(chatId, anna.id, 'owner').expect(200);
      const answers = await Promise.all([
        post(`/api/chats/${chatId}/leave`),
        post(`/api/chats/${chatId}/leave`, {}, anna),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      expect(Object.values(await rolesOf(chatId, mike))).toContain('owner');
    }
  });

  it('may leave an empty group', async () => {
    const chatId = await newGroup([]);
    await post(`/api/chats/${chatId}/leave`).expect(200);
    await get(`/api/chats/${chatId}`).expect(404);
  });
});

describe('pinning in a group', () => {
  it('is allowed to owners and admins alone', async () => {
    const chatId = await newGroup();
    const sent = await post('/api/messages', { chatId, content: 'rules' }, anna).expect(201);
    const { id } = (sent.body as { data: { id: string } }).data;
    await post(`/api/messages/${id}/pin`, {}, anna).expect(403);
    await post(`/api/messages/${id}/pin`).expect(200);
  });
});

describe('invites', () => {
  const invite = async (chatId: string, terms: object = {}) =>
    ((await post(`/api/chats/${chatId}/invites`, terms).expect(201)).body.data as { code: string })
      .code;

  it('let strangers in on their own decision', async () => {
    const chatId = await newGroup();
    const code = await invite(chatId);
    const preview = await get(`/api/invites/${code}`, stranger).expect(200);
    expect(preview.body.data).toEqual({
      chatId,
      kind: 'group',
      name: 'Lunch',
      picture: null,
      memberCount: 3,
    });
    for (let i = 0; i < 2; i += 1) {
      const joined = await post(`/api/invites/${code}/accept`, {}, stranger).expect(200);
      expect(joined.body.data).toMatchObject({ id: chatId, role: 'member', memberCount: 4 });
    }
    const list = await get(`/api/chats/${chatId}/invites`).expect(200);
    expect(list.body.data).toMatchObject([{ code, uses: 1 }]);
    expect((await logOf(chatId)).at(-1)).toMatchObject({ system: { type: 'member_joined' } });
  });

  it('let in no more than they are for, however many come at once', async () => {
    const chatId = await newGroup([]);
    const code = await invite(chatId, { maxUses: 2 });
    const people = await Promise.all(Array.from({ length: 6 }, () => registerUser(server)));
    const answers = await Promise.all(
      people.map((person) => post(`/api/invites/${code}/accept`, {}, person)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 410, 410, 410, 410]);
    expect(Object.keys(await rolesOf(chatId))).toHaveLength(3);
    await get(`/api/invites/${code}`, people[0]).expect(410);
  });

  it('end when they expire or are revoked', async () => {
    let now = Date.now();
    const node = await startServer({ clock: { now: () => now } });
    const owner = await registerUser(node);
    const guest = await registerUser(node);
    const call = (user: TestUser, path: string, body: object = {}) =>
      node.http.post(path).set(user.auth).send(body);
    const group = await call(owner, '/api/chats', { kind: 'group', name: 'x' });
    const { id } = (group.body as { data: { id: string } }).data;
    const first = await call(owner, `/api/chats/${id}/invites`, { expiresInSeconds: 60 });
    const second = await call(owner, `/api/chats/${id}/invites`);
    const codes = [first, second].map(({ body }) => (body as { data: { code: string } }).data.code);
    now += 61_000;
    await call(guest, `/api/invites/${codes[0]}/accept`).expect(410);
    await node.http.delete(`/api/chats/${id}/invites/${codes[1]}`).set(owner.auth).expect(200);
    await call(guest, `/api/invites/${codes[1]}/accept`).expect(410);
    await call(guest, `/api/invites/${'x'.repeat(24)}/accept`).expect(404);
    await node.close();
  });

  it('are made by owners and admins, and only with a token', async () => {
    const chatId = await newGroup();
    await post(`/api/chats/${chatId}/invites`, {}, anna).expect(403);
    await get(`/api/chats/${chatId}/invites`, anna).expect(403);
    await post(`/api/chats/${chatId}/invites`, {}, stranger).expect(404);
    await post(`/api/chats/${chatId}/invites`, { maxUses: 0 }).expect(400);
    await server.http.get(`/api/invites/${'x'.repeat(24)}`).expect(401);
  });
});
