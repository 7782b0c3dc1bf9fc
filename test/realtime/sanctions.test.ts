/**
 * Silences and bans, on two nodes that cannot hear each other, because their Redis is not there: imposed on one,
 * they are in force on the other within a second, on every path.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Types } from 'mongoose';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { freePort } from '../support/parley-process.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

/** How long a sanction may take to be in force on another node, in milliseconds. */
const IN_FORCE_MS = 1000;

let one: TestServer;
let two: TestServer;
let admin: TestUser;
const open: TestSocket[] = [];
beforeAll(async () => {
  const env = { ...ADMIN_ENV, REDIS_URL: `redis://127.0.0.1:${await freePort()}` };
  one = await startServer({ env });
  two = await startServer({ env, mongodbUri: one.mongodbUri });
  admin = await loginAdmin(one);
});
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});
afterAll(async () => {
  await two.close();
  await one.close();
});

const connect = async (
  user: TestUser,
  dialect: 'native' | 'v0' | 'conversation' | 'room' = 'native',
  server = two,
): Promise<TestSocket> => {
  const socket = await TestSocket.connect(server, user, { dialect });
  open.push(socket);
  return socket;
};
const call = (
  server: TestServer,
  method: 'get' | 'post' | 'put' | 'patch' | 'delete',
  path: string,
  user: TestUser,
  body?: object,
) => server.http[method](path).set(user.auth).send(body);

const dataOf = (answer: { body: unknown }) => (answer.body as { data: { id: string } }).data;

/** A group with a moderator and a member in it; the member has written a message. */
const newGroup = async (kind: 'group' | 'room' = 'group') => {
  const [owner, moderator, bob] = await Promise.all([
    registerUser(one),
    registerUser(one),
    registerUser(one),
  ]);
  for (const member of [moderator, bob]) await openChatBetween(one, owner, member);
  const made = await call(one, 'post', '/api/chats', owner, {
    kind,
    name: `Team ${bob.username}`,
    memberIds: [moderator.id, bob.id],
  }).expect(201);
  const chatId = dataOf(made).id;
  await call(one, 'put', `/api/chats/${chatId}/members/${moderator.id}/role`, owner, {
    role: 'moderator',
  }).expect(200);
  const sent = await call(one, 'post', '/api/messages', bob, { chatId, content: 'hello' });
  return { owner, moderator, bob, chatId, messageId: dataOf(sent).id, slug: slugOf(made) };
};
const slugOf = (answer: { body: unknown }) =>
  (answer.body as { data: { slug: string | null } }).data.slug;

const impose = async (by: TestUser, path: string, body: object) => {
  const made = await call(one, 'post', path, by, { reason: 'Advertising', ...body }).expect(201);
  return dataOf(made);
};

/** Moves the end of a sanction into the past. */
const endNow = (collection: string, filter: object, field: string) =>
  one.app.connection
    .collection(collection)
    .updateOne(filter, { $set: { [field]: new Date(Date.now() - 1) } });

/** Calls until the answer has this status; fails when that takes longer than a sanction may. */
const within = async (
  status: number,
  attempt: () => PromiseLike<{ status: number; body: unknown }>,
): Promise<{ code: string; until: string | null; reason: string }> => {
  const end = Date.now() + IN_FORCE_MS;
  for (;;) {
    const answer = await attempt();
    if (answer.status === status || Date.now() > end) {
      expect(answer.status).toBe(status);
      return answer.body as { code: string; until: string | null; reason: string };
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

describe('a silence', () => {
  it('takes every way to write away within a second on the other node, and none to read', async () => {
    const { moderator, bob, chatId, messageId } = await newGroup();
    const socket = await connect(bob);
    await impose(moderator, `/api/chats/${chatId}/sanctions`, { userId: bob.id, kind: 'silence' });
    const refusal = await within(403, () =>
      call(two, 'post', '/api/messages', bob, { chatId, content: 'still here' }),
    );
    expect(refusal).toMatchObject({ code: 'SILENCED', until: null, reason: 'Advertising' });
    const path = `/api/messages/${messageId}`;
    const refused = await Promise.all([
      call(two, 'put', path, bob, { content: 'changed' }),
      call(two, 'post', `${path}/react`, bob, { emoji: '👍' }),
      call(two, 'post', `${path}/forward`, bob, { chatIds: [chatId] }),
    ]);
    expect(refused.map(({ body }) => (body as { code: string }).code)).toEqual([
      'SILENCED',
      'SILENCED',
      'SILENCED',
    ]);
    for (const [event, payload] of [
      ['send_message', { chatId, content: 'x' }],
      ['edit_message', { messageId, content: 'x' }],
      ['add_reaction', { messageId, emoji: '👍' }],
      ['start_live', { title: 'x', chatId }],
    ] as const) {
      expect([event, await socket.command(event, payload)]).toMatchObject([
        event,
        { ok: false, error: { code: 'SILENCED' } },
      ]);
    }
    await call(two, 'get', `/api/chats/${chatId}/messages`, bob).expect(200);
  });

  it('ends by itself, without anybody lifting it', async () => {
    const { moderator, bob, chatId } = await newGroup();
    const until = new Date(Date.now() + 60_000).toISOString();
    const path = `/api/chats/${chatId}/sanctions`;
    await impose(moderator, path, { userId: bob.id, kind: 'silence', until });
    const body = { chatId, content: 'now' };
    const refusal = await within(403, () => call(one, 'post', '/api/messages', bob, body));
    expect(refusal.until).toBe(until);
    // As if the minute were over: the tests' machine may be too slow for a short one.
    await endNow('sanctions', { userId: new Types.ObjectId(bob.id) }, 'until');
    await within(201, () => call(one, 'post', '/api/messages', bob, body));
  });

  it('is told to the person, who appeals once; lifted, it is told, too', async () => {
    const { owner, moderator, bob, chatId } = await newGroup();
    const socket = await connect(bob, 'native', one);
    const path = `/api/chats/${chatId}/sanctions`;
    const { id } = await impose(moderator, path, { userId: bob.id, kind: 'silence' });
    expect(await socket.next('sanctioned')).toMatchObject({ id, chatId, kind: 'silence' });
    const mine = await call(one, 'get', '/api/users/me/sanctions', bob).expect(200);
    expect(mine.body.data).toMatchObject([{ id, reason: 'Advertising', appeal: null }]);
    const appeal = () =>
      call(one, 'post', `/api/sanctions/${id}/appeal`, bob, { text: 'It was none' });
    await appeal().expect(200);
    await appeal().expect(409);
    const listed = await call(one, 'get', path, owner).expect(200);
    expect(listed.body.data).toMatchObject([{ id, appeal: { text: 'It was none' } }]);
    await call(one, 'delete', `${path}/${id}`, owner).expect(200);
    expect(await socket.next('sanction_lifted')).toMatchObject({ id });
    await call(one, 'post', '/api/messages', bob, { chatId, content: 'back' }).expect(201);
  });

  it('on the whole server is in force in every chat, on the other node, too', async () => {
    const { bob, chatId } = await newGroup();
    const { id } = await impose(admin, '/api/admin/sanctions', { userId: bob.id, kind: 'silence' });
    await within(403, () => call(two, 'post', '/api/messages', bob, { chatId, content: 'x' }));
    await call(two, 'get', `/api/chats/${chatId}/messages`, bob).expect(200);
    await call(one, 'delete', `/api/admin/sanctions/${id}`, admin).expect(200);
    await within(201, () => call(two, 'post', '/api/messages', bob, { chatId, content: 'y' }));
  });
});

describe('a ban', () => {
  it('puts somebody out of a room on every node, and lets them in by no way', async () => {
    const { owner, moderator, bob, chatId, slug } = await newGroup('room');
    const invite = await call(one, 'post', `/api/chats/${chatId}/invites`, owner, {}).expect(201);
    const { code } = (invite.body as { data: { code: string } }).data;
    const socket = await connect(bob);
    await impose(moderator, `/api/chats/${chatId}/sanctions`, { userId: bob.id, kind: 'ban' });
    await socket.next('members_removed', (event) => event.chatId === chatId);
    const room = await connect(bob, 'room');
    const [join, byInvite, byOwner, read, post] = await Promise.all([
      call(two, 'post', `/api/rooms/${slug}/join`, bob),
      call(two, 'post', `/api/invites/${code}/accept`, bob),
      call(two, 'post', `/api/chats/${chatId}/members`, owner, { userIds: [bob.id] }),
      call(two, 'get', `/api/chats/${chatId}/messages`, bob),
      room.command('join-room', { room: slug }),
    ]);
    const code403 = { status: 403, body: { code: 'BANNED' } };
    expect([join, byInvite, byOwner, read]).toMatchObject([code403, code403, code403, code403]);
    expect(post).toMatchObject({ ok: false, error: { code: 'BANNED' } });
  });

  it('while the person sends ends in one state: nothing of theirs comes after it', async () => {
    const { owner, moderator, bob, chatId } = await newGroup();
    const sends = Array.from({ length: 10 }, (_, index) =>
      call(two, 'post', '/api/messages', bob, { chatId, content: `racing ${index}` }),
    );
    const [answers] = await Promise.all([
      Promise.all(sends),
      impose(moderator, `/api/chats/${chatId}/sanctions`, { userId: bob.id, kind: 'ban' }),
    ]);
    await within(404, () => call(two, 'post', '/api/messages', bob, { chatId, content: 'late' }));
    const sent = answers.flatMap(({ status, body }) =>
      status === 201 ? [(body as { data: { id: string } }).data.id] : [],
    );
    const listed = await call(two, 'get', `/api/chats/${chatId}/messages`, owner).expect(200);
    const ids = (listed.body as { data: { id: string; content: string }[] }).data
      .filter(({ content }) => content.startsWith('racing'))
      .map(({ id }) => id);
    expect(ids.sort()).toEqual(sent.sort());
  });

  it('on the server ends the logins, refuses new ones with its end and reason, and ends itself', async () => {
    const bob = await registerUser(one);
    const socket = await connect(bob);
    const until = new Date(Date.now() + 60_000).toISOString();
    await impose(admin, '/api/admin/sanctions', { userId: bob.id, kind: 'ban', until });
    await socket.closed();
    const login = () =>
      one.http.post('/api/auth/login').send({ username: bob.username, password: 'test123' });
    const refused = await login().expect(403);
    expect(refused.body).toMatchObject({ code: 'BANNED', until, reason: 'Advertising' });
    await endNow('users', { _id: new Types.ObjectId(bob.id) }, 'ban.until');
    await login().expect(200);
  });
});

describe('a moderator', () => {
  it('deletes what members wrote, which the tombstone says, and nothing of admins', async () => {
    const { owner, moderator, bob, chatId, messageId } = await newGroup();
    const socket = await connect(bob, 'native', one);
    await call(one, 'delete', `/api/messages/${messageId}`, moderator).expect(403);
    const explicit = '?deleteForEveryone=true';
    await call(one, 'delete', `/api/messages/${messageId}${explicit}`, moderator).expect(200);
    expect(await socket.next('message_deleted')).toMatchObject({ messageId });
    const shown = await call(one, 'get', `/api/chats/${chatId}/messages`, bob).expect(200);
    expect(
      (shown.body as { data: { id: string }[] }).data.find(({ id }) => id === messageId),
    ).toMatchObject({ isDeleted: true, isModerated: true, deletedBy: moderator.id, content: '' });
    const sent = await call(one, 'post', '/api/messages', owner, { chatId, content: 'rules' });
    const path = `/api/messages/${dataOf(sent).id}${explicit}`;
    await call(one, 'delete', path, moderator).expect(403);
    await call(one, 'delete', path, bob).expect(403);
    await call(one, 'delete', path, admin).expect(200);
  });

  it('is made by owners and admins, and neither manages members nor touches equals', async () => {
    const { owner, moderator, bob, chatId } = await newGroup();
    const role = (by: TestUser, user: TestUser, to: string) =>
      call(one, 'put', `/api/chats/${chatId}/members/${user.id}/role`, by, { role: to });
    await role(moderator, bob, 'moderator').expect(403);
    await call(one, 'delete', `/api/chats/${chatId}/members/${bob.id}`, moderator).expect(403);
    await role(owner, bob, 'admin').expect(200);
    await role(bob, moderator, 'member').expect(200);
    await role(bob, moderator, 'moderator').expect(200);
    await role(bob, moderator, 'admin').expect(403);
    const body = { userId: bob.id, kind: 'ban', reason: 'None' };
    await call(one, 'post', `/api/chats/${chatId}/sanctions`, moderator, body).expect(403);
  });
});

describe('a chat', () => {
  it('in slow mode lets plain members write once in a while, over all nodes, and moderators always', async () => {
    const { moderator, bob, chatId } = await newGroup();
    await call(one, 'patch', `/api/chats/${chatId}`, bob, { slowModeSeconds: 60 }).expect(403);
    await call(one, 'patch', `/api/chats/${chatId}`, moderator, { slowModeSeconds: 60 }).expect(
      200,
    );
    await new Promise((resolve) => setTimeout(resolve, IN_FORCE_MS));
    const post = (server: TestServer, user: TestUser, clientMessageId?: string) =>
      call(server, 'post', '/api/messages', user, { chatId, content: 'slowly', clientMessageId });
    const answers = await Promise.all([one, two, one, two].map((server) => post(server, bob)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 429, 429, 429]);
    const refused = answers.find(({ status }) => status === 429)!;
    expect(refused.body).toMatchObject({ code: 'SLOW_MODE' });
    const { retryAfter } = refused.body as { retryAfter: number };
    expect(retryAfter).toBeGreaterThan(50);
    expect(retryAfter).toBeLessThanOrEqual(60);
    await post(two, moderator).expect(201);
    await post(one, moderator).expect(201);
  });

  it('in which only moderators post refuses the messages of members, and takes their reactions', async () => {
    const { owner, moderator, bob, chatId, messageId } = await newGroup();
    const mode = { onlyModeratorsPost: true };
    await call(one, 'patch', `/api/chats/${chatId}`, moderator, mode).expect(403);
    const changed = await call(one, 'patch', `/api/chats/${chatId}`, owner, mode).expect(200);
    expect(changed.body.data).toMatchObject({ ...mode, slowModeSeconds: 0 });
    const body = { chatId, content: 'news' };
    await within(403, () => call(two, 'post', '/api/messages', bob, body));
    await call(two, 'post', '/api/messages', moderator, body).expect(201);
    await call(two, 'post', `/api/messages/${messageId}/react`, bob, { emoji: '👍' }).expect(200);
  });
});
