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
import { TestSocket, settled } from '../support/socket.js';

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

  it('is in force at every moment while another replaces it, of which the last counts', async () => {
    const { moderator, bob, chatId } = await newGroup();
    const path = `/api/chats/${chatId}/sanctions`;
    const first = await impose(moderator, path, { userId: bob.id, kind: 'silence' });
    const sanctions = one.app.connection.collection('sanctions');
    const stored = await sanctions.findOne({ _id: new Types.ObjectId(first.id) });
    // As if the node had stopped between its two writes: the older one is still open.
    const until = new Date(Date.now() + 60_000);
    const second = { ...stored, _id: new Types.ObjectId(), rank: 2, until, isReplacing: true };
    await sanctions.insertOne(second);
    await new Promise((resolve) => setTimeout(resolve, IN_FORCE_MS));
    const body = { chatId, content: 'x' };
    const refusal = await within(403, () => call(two, 'post', '/api/messages', bob, body));
    expect(refusal.until).toBe(until.toISOString());
    const replaced = await Promise.all(
      Array.from({ length: 4 }, () => impose(moderator, path, { userId: bob.id, kind: 'silence' })),
    );
    const listed = await call(one, 'get', path, moderator).expect(200);
    const open = (listed.body as { data: { id: string }[] }).data.map(({ id }) => id);
    expect(open).toHaveLength(1);
    expect(replaced.map(({ id }) => id)).toContain(open[0]);
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

describe('a shadow', () => {
  interface Shown {
    id: string;
    content: string;
    seq: number | null;
    isHeld?: true;
    heldAfterSeq?: number;
  }
  const page = async (chatId: string, user: TestUser) => {
    const answer = await call(two, 'get', `/api/chats/${chatId}/messages`, user).expect(200);
    return (answer.body as { data: Shown[] }).data;
  };
  /** Imposes a shadow, and waits until it is in force on the other node. */
  const shadow = async (user: TestUser, chatId: string) => {
    const { id } = await impose(admin, '/api/admin/sanctions', { userId: user.id, kind: 'shadow' });
    const end = Date.now() + IN_FORCE_MS;
    for (;;) {
      const sent = await call(two, 'post', '/api/messages', user, { chatId, content: 'probe' });
      const { heldAfterSeq } = (sent.body as { data: Shown }).data;
      if (heldAfterSeq !== undefined) return { id, probe: dataOf(sent).id };
      expect(Date.now()).toBeLessThan(end);
      // Few enough for the limit of messages per minute.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  it('lets what a person writes reach their own devices and pages alone, in every dialect', async () => {
    const { owner, bob, chatId } = await newGroup();
    const dialects = ['native', 'v0', 'conversation', 'room'] as const;
    const own = await Promise.all(dialects.map((dialect) => connect(bob, dialect)));
    await shadow(bob, chatId);
    const others = await Promise.all(
      dialects.flatMap((dialect) => [connect(owner, dialect), connect(owner, dialect, one)]),
    );
    const sends = [
      [own[0], 'send_message', { chatId, content: 'by native' }],
      [own[1], 'send_message', { receiverId: owner.id, message: 'by v0' }],
      [own[2], 'send:message', { conversationId: chatId, text: 'by conversation' }],
      [own[3], 'send-message', { room: chatId, content: 'by room' }],
    ] as const;
    for (const [socket, event, payload] of sends) {
      const answer = await socket!.command<Shown>(event, payload);
      expect([event, answer]).toMatchObject([event, { ok: true }]);
      expect(JSON.stringify(answer.data)).not.toContain('isHeld');
    }
    const heard = ['message_received', 'new_message', 'new:message', 'new-message'];
    for (const [index, name] of heard.entries()) {
      for (const text of ['by native', 'by v0', 'by conversation', 'by room']) {
        await own[index]!.next(name, (event) => JSON.stringify(event).includes(text));
      }
    }
    await settled(...others);
    for (const socket of others) expect(JSON.stringify(socket.heard)).not.toContain('by ');
    const mine = (await page(chatId, bob)).map(({ content }) => content);
    expect(mine.slice(-3)).toEqual(['by native', 'by conversation', 'by room']);
    const theirs = (await page(chatId, owner)).map(({ content }) => content);
    expect(theirs.some((content) => content.startsWith('by '))).toBe(false);
    const synced = await call(two, 'post', '/api/sync', bob, {}).expect(200);
    const { held } = (synced.body as { data: { held: Shown[] } }).data;
    expect(held.map(({ content }) => content)).toEqual(expect.arrayContaining(['by room']));
    expect(JSON.stringify(held)).not.toContain('isHeld');
    const theirSync = await call(two, 'post', '/api/sync', owner, {}).expect(200);
    expect(JSON.stringify(theirSync.body)).not.toContain('by room');
  });

  it('is told by nothing, and answers edits, reactions, typing and retries as if nothing were', async () => {
    const { owner, bob, chatId, messageId } = await newGroup();
    const [socket, other] = await Promise.all([connect(bob), connect(owner)]);
    await other.command('join_chat', { chatId });
    const { id, probe } = await shadow(bob, chatId);
    const mine = await call(two, 'get', '/api/users/me/sanctions', bob).expect(200);
    expect(mine.body.data).toEqual([]);
    await call(two, 'post', `/api/sanctions/${id}/appeal`, bob, { text: 'Why?' }).expect(404);
    const late = await call(two, 'put', `/api/messages/${messageId}`, bob, { content: 'unseen' });
    expect(late.body).toMatchObject({ code: 'EDIT_WINDOW_CLOSED' });
    await call(two, 'put', `/api/messages/${probe}`, bob, { content: 'unseen' }).expect(200);
    await call(two, 'post', `/api/messages/${messageId}/react`, bob, { emoji: '👍' }).expect(200);
    await socket.next('reaction_added', (event) => event.messageId === messageId);
    await socket.command('typing', { chatId });
    const body = { chatId, content: 'unseen', clientMessageId: 'once' };
    const first = await call(two, 'post', '/api/messages', bob, body).expect(201);
    const again = await call(one, 'post', '/api/messages', bob, body);
    expect(dataOf(again).id).toBe(dataOf(first).id);
    await settled(socket, other);
    expect(other.heard.map(({ event }) => event)).not.toContain('reaction_added');
    expect(other.heard.map(({ event }) => event)).not.toContain('user_typing');
    expect(JSON.stringify(other.heard)).not.toContain('unseen');
    expect(socket.heard.map(({ event }) => event)).not.toContain('sanctioned');
    const found = (await page(chatId, owner)).find((message) => message.id === messageId);
    expect(found).toMatchObject({ content: 'hello', reactions: [] });
  });

  it('hides comments and streams of the person, and puts out those who watch theirs', async () => {
    const { owner, bob, chatId } = await newGroup();
    const [host, viewer, far] = await Promise.all([
      connect(bob),
      connect(owner),
      connect(owner, 'native', one),
    ]);
    const started = await host.command<{ liveId: string }>('start_live', { title: 'Look', chatId });
    const theirs = started.data.liveId;
    for (const socket of [viewer, far]) await socket.command('join_live', { liveId: theirs });
    await shadow(bob, chatId);
    await viewer.next('live_ended', (event) => event.liveId === theirs);
    await far.next('live_ended', (event) => event.liveId === theirs);
    expect(await viewer.command('join_live', { liveId: theirs })).toMatchObject({ ok: false });
    const again = await host.command('start_live', { title: 'Look', chatId });
    expect(again).toMatchObject({ ok: true });
    const ours = await viewer.command<{ liveId: string }>('start_live', { title: 'Mine', chatId });
    const { liveId } = ours.data;
    await host.command('join_live', { liveId });
    expect(await host.command('live_comment', { liveId, content: 'unseen' })).toMatchObject({
      ok: true,
    });
    await host.next('live_comment');
    await settled(viewer, far);
    expect(viewer.count('live_comment')).toBe(0);
  });

  it('is released message by message, and lifted, by admins, which the audit trail has', async () => {
    const { owner, moderator, bob, chatId } = await newGroup();
    const { id, probe } = await shadow(bob, chatId);
    const queue = await call(one, 'get', `/api/chats/${chatId}/held-messages`, moderator);
    expect(queue.body).toMatchObject({ data: [] });
    await call(one, 'post', `/api/held-messages/${probe}/release`, moderator).expect(404);
    await call(one, 'post', `/api/held-messages/${probe}/refuse`, admin).expect(409);
    const sent = await call(one, 'post', `/api/held-messages/${probe}/release`, admin).expect(200);
    expect((await page(chatId, owner)).at(-1)).toMatchObject({ id: dataOf(sent).id });
    const mine = (await page(chatId, bob)).map((message) => message.id);
    expect([mine.includes(probe), mine.includes(dataOf(sent).id)]).toEqual([false, true]);
    await call(one, 'delete', `/api/admin/sanctions/${id}`, admin).expect(200);
    const seen = async () => {
      const said = await call(two, 'post', '/api/messages', bob, { chatId, content: 'back' });
      return 'heldAfterSeq' in (said.body as { data: object }).data ? 'unseen' : 'seen';
    };
    const end = Date.now() + IN_FORCE_MS;
    while ((await seen()) === 'unseen') {
      expect(Date.now()).toBeLessThan(end);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect((await page(chatId, owner)).at(-1)).toMatchObject({ content: 'back' });
    const audit = await call(one, 'get', `/api/admin/audit?userId=${bob.id}`, admin).expect(200);
    const actions = (audit.body as { data: { action: string }[] }).data.map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(['sanctions.shadow', 'sanctions.lift']));
    const inChat = { userId: bob.id, kind: 'shadow', reason: 'None' };
    await call(one, 'post', `/api/chats/${chatId}/sanctions`, owner, inChat).expect(400);
    await call(one, 'post', '/api/admin/sanctions', admin, { ...inChat, userId: admin.id }).expect(
      403,
    );
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

  it('takes a message out of previews, pins and searches, and leaves what others have forwarded', async () => {
    const { owner, moderator, bob, chatId } = await newGroup();
    const content = `Cheap watches ${bob.username}`;
    const sent = await call(one, 'post', '/api/messages', bob, { chatId, content });
    const messageId = dataOf(sent).id;
    await call(one, 'post', `/api/messages/${messageId}/pin`, moderator).expect(200);
    const reply = { chatId, content: 'No, thanks', replyTo: messageId };
    const answer = dataOf(await call(one, 'post', '/api/messages', owner, reply).expect(201));
    const direct = await openChatBetween(one, owner, bob);
    const forward = (user: TestUser, id: string, chatIds: string[]) =>
      call(one, 'post', `/api/messages/${id}/forward`, user, { chatIds });
    const forwarded = await forward(owner, messageId, [direct]).expect(201);
    const [copy] = (forwarded.body as { data: { id: string }[] }).data;
    await call(one, 'delete', `/api/messages/${answer.id}`, owner).expect(200);
    const path = `/api/messages/${messageId}?deleteForEveryone=true`;
    await call(one, 'delete', path, moderator).expect(200);

    const found = async (user: TestUser, chat: string) => {
      const query = `q=${encodeURIComponent(bob.username)}`;
      const answers = await call(one, 'get', `/api/chats/${chat}/search?${query}`, user).expect(
        200,
      );
      return (answers.body as { data: { id: string }[] }).data.map(({ id }) => id);
    };
    expect(await found(owner, chatId)).toEqual([]);
    const pins = await call(one, 'get', `/api/chats/${chatId}/pinned`, owner).expect(200);
    expect((pins.body as { data: object[] }).data).toEqual([]);
    const chat = await call(one, 'get', `/api/chats/${chatId}`, owner).expect(200);
    expect(JSON.stringify(chat.body)).not.toContain('Cheap watches');

    // A forwarded message is its forwarder's: whoever answers for the chat it is in may delete it.
    const kept = await call(one, 'get', `/api/messages/${copy!.id}`, bob).expect(200);
    expect(kept.body).toMatchObject({ data: { content, isDeleted: false } });
    expect(await found(bob, direct)).toEqual([copy!.id]);
    expect((await forward(owner, messageId, [direct])).status).toBe(410);
    await forward(bob, copy!.id, [direct]).expect(201);
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
