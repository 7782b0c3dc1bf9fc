/** Reports and their cases, the word filter, and messages that are held for review, over REST. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

let server: TestServer;
let admin: TestUser;
/** The texts about which the pre-send hook was asked; it refuses those with `unhooked`. */
const asked: string[] = [];
let hook: Server;
beforeAll(async () => {
  hook = createServer((request, response) => {
    void json(request).then((body) => {
      const { content } = (body as { data: { content: string } }).data;
      asked.push(content);
      const action = content.includes('unhooked') ? 'refuse' : 'accept';
      response.end(JSON.stringify({ action }));
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const { port } = hook.address() as AddressInfo;
  server = await startServer({
    env: { ...ADMIN_ENV, PRE_SEND_URL: `http://127.0.0.1:${port}/` },
  });
  admin = await loginAdmin(server);
});
afterAll(async () => {
  await server.close();
  hook.closeAllConnections();
  await new Promise((resolve) => hook.close(resolve));
});

interface Message {
  id: string;
  seq: number | null;
  content: string;
  clientMessageId: string | null;
  isHeld?: true;
  heldAfterSeq?: number;
}
const call = (
  method: 'get' | 'post' | 'put' | 'delete',
  path: string,
  user: TestUser,
  body?: object,
) => server.http[method](path).set(user.auth).send(body);
const dataOf = <T>({ body }: { body: unknown }): T => (body as { data: T }).data;
const send = async (chatId: string, user: TestUser, content: string, more: object = {}) =>
  dataOf<Message>(await call('post', '/api/messages', user, { chatId, content, ...more }));
const page = async (chatId: string, user: TestUser, query = '') =>
  dataOf<Message[]>(await call('get', `/api/chats/${chatId}/messages${query}`, user).expect(200));
/** A room of an owner, with members. */
const openRoom = async (name: string, memberCount: number) => {
  const [owner, ...members] = await Promise.all(
    Array.from({ length: memberCount + 1 }, () => registerUser(server)),
  );
  const made = await call('post', '/api/chats', owner!, { kind: 'room', name, slug: name });
  for (const member of members) await call('post', `/api/rooms/${name}/join`, member).expect(200);
  return { owner: owner!, members, chatId: dataOf<{ id: string }>(made).id };
};
const textsOf = (messages: Message[]) => messages.map(({ content }) => content);

const filterIds: string[] = [];
const filter = async (pattern: string, action: string, chatId?: string): Promise<string> => {
  const made = await call('post', '/api/admin/word-filters', admin, { pattern, action, chatId });
  expect(made.status).toBe(201);
  const { id } = dataOf<{ id: string }>(made);
  filterIds.push(id);
  return id;
};
afterEach(async () => {
  for (const id of filterIds.splice(0)) {
    await call('delete', `/api/admin/word-filters/${id}`, admin);
  }
});

describe('the word filter', () => {
  it('refuses and masks what is sent and edited, and answers a retry of a masked message', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    await filter('dreadful', 'refuse');
    await filter('silly*', 'mask');
    const refused = await call('post', '/api/messages', alice, { chatId, content: 'Dreadful!' });
    expect([refused.status, refused.body.code]).toEqual([422, 'MESSAGE_REFUSED']);
    const body = { clientMessageId: randomUUID() };
    const sent = await send(chatId, alice, 'sillyness', body);
    expect(sent.content).toBe('*********');
    expect((await send(chatId, alice, 'sillyness', body)).id).toBe(sent.id);
    const path = `/api/messages/${sent.id}`;
    const edited = await call('put', path, alice, { content: 'so silly' }).expect(200);
    expect(dataOf<Message>(edited).content).toBe('so *****');
    await call('put', path, alice, { content: 'dreadful' }).expect(422);
    expect(textsOf(await page(chatId, bob))).toEqual(['so *****']);
  });

  it('refuses names, and reads the words of one chat there alone', async () => {
    const { alice, chatId } = await openDirectChat(server);
    await filter('dreadful', 'mask');
    await filter('local', 'refuse', chatId);
    const group = await call('post', '/api/chats', alice, { kind: 'group', name: 'Dreadful' });
    expect([group.status, group.body.code]).toEqual([400, 'VALIDATION']);
    await call('put', '/api/users/profile', alice, { firstName: 'Dreadful' }).expect(400);
    await call('post', '/api/messages', alice, { chatId, content: 'local' }).expect(422);
    const other = await openDirectChat(server);
    expect((await send(other.chatId, other.alice, 'local')).content).toBe('local');
  });

  it('has one rule for a word and scope, and no pattern without a word', async () => {
    await filter('Dreadful', 'mask');
    const again = { pattern: 'ＤＲＥＡＤＦＵＬ', action: 'refuse' };
    await call('post', '/api/admin/word-filters', admin, again).expect(409);
    const none = { pattern: '*', action: 'refuse' };
    await call('post', '/api/admin/word-filters', admin, none).expect(400);
  });
});

describe('a held message', () => {
  it('is its sender’s alone, stands where it was written, and is edited and deleted there', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    await send(chatId, alice, 'first');
    await filter('maybe', 'hold');
    const clientMessageId = randomUUID();
    const held = await send(chatId, alice, 'maybe', { clientMessageId });
    expect(held).toMatchObject({ isHeld: true, seq: null, heldAfterSeq: 1, content: 'maybe' });
    expect((await send(chatId, alice, 'maybe', { clientMessageId })).id).toBe(held.id);
    await send(chatId, bob, 'second');
    expect(textsOf(await page(chatId, alice))).toEqual(['first', 'maybe', 'second']);
    expect(textsOf(await page(chatId, alice, '?limit=1'))).toEqual(['second']);
    expect(textsOf(await page(chatId, alice, '?limit=1&before=2'))).toEqual(['first', 'maybe']);
    expect(textsOf(await page(chatId, bob))).toEqual(['first', 'second']);
    await call('put', `/api/messages/${held.id}`, bob, { content: 'mine' }).expect(404);
    await call('put', `/api/messages/${held.id}`, alice, { content: 'well' }).expect(200);
    const synced = await call('post', '/api/sync', alice, {}).expect(200);
    expect(textsOf(dataOf<{ held: Message[] }>(synced).held)).toEqual(['well']);
    const other = await call('post', '/api/sync', bob, {}).expect(200);
    expect(dataOf<{ held: Message[] }>(other).held).toEqual([]);
    await call('delete', `/api/messages/${held.id}`, alice).expect(200);
    expect(textsOf(await page(chatId, alice))).toEqual(['first', 'second']);
  });

  it('is sent once, as the newest, however many release it at once', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    await filter('maybe', 'hold');
    const device = await TestSocket.connect(server, bob);
    const clientMessageId = randomUUID();
    const held = await send(chatId, alice, 'maybe', { clientMessageId });
    await send(chatId, bob, 'meanwhile');
    const queue = await call('get', '/api/admin/held-messages', admin).expect(200);
    expect(dataOf<Message[]>(queue).map(({ id }) => id)).toContain(held.id);
    const releases = await Promise.all(
      Array.from({ length: 6 }, () => call('post', `/api/held-messages/${held.id}/release`, admin)),
    );
    const statuses = releases.map(({ status }) => status);
    expect(statuses).toContain(200);
    // 503: a busy node takes fewer of them.
    expect([200, 404, 409, 503]).toEqual(expect.arrayContaining(statuses));
    const mine = await page(chatId, alice);
    expect(mine.map(({ seq, content }) => [seq, content])).toEqual([
      [1, 'meanwhile'],
      [2, 'maybe'],
    ]);
    expect(mine[1]!.clientMessageId).toBe(clientMessageId);
    expect(textsOf(await page(chatId, bob))).toEqual(['meanwhile', 'maybe']);
    await device.next('unread_message', (payload) =>
      JSON.stringify(payload).includes(clientMessageId),
    );
    expect((await send(chatId, alice, 'maybe', { clientMessageId })).seq).toBe(2);
    device.close();
  });

  it('that is refused is gone for its sender, who is told, and is refused again when sent again', async () => {
    const { alice, chatId } = await openDirectChat(server);
    await filter('maybe', 'hold');
    const device = await TestSocket.connect(server, alice);
    const clientMessageId = randomUUID();
    const held = await send(chatId, alice, 'maybe', { clientMessageId });
    await call('post', `/api/held-messages/${held.id}/refuse`, alice).expect(403);
    await call('post', `/api/held-messages/${held.id}/refuse`, admin).expect(200);
    await call('post', `/api/held-messages/${held.id}/release`, admin).expect(409);
    const told = await device.next('message_unheld');
    expect(told).toMatchObject({ messageId: held.id, clientMessageId, outcome: 'refused' });
    expect(await page(chatId, alice)).toEqual([]);
    device.close();
  });
});

describe('a held message of a room', () => {
  it('is decided by the moderators of the room, and not by its members', async () => {
    const { owner, members, chatId } = await openRoom('held-lunch', 3);
    const [sender, moderator, member] = members as [TestUser, TestUser, TestUser];
    const role = `/api/chats/${chatId}/members/${moderator.id}/role`;
    await call('put', role, owner, { role: 'moderator' }).expect(200);
    await filter('maybe', 'hold', chatId);
    const held = await send(chatId, sender, 'maybe');
    const queue = `/api/chats/${chatId}/held-messages`;
    await call('get', queue, member).expect(403);
    await call('post', `/api/held-messages/${held.id}/release`, member).expect(403);
    const waiting = await call('get', queue, moderator).expect(200);
    expect(dataOf<Message[]>(waiting).map(({ id }) => id)).toEqual([held.id]);
    await call('post', `/api/held-messages/${held.id}/release`, moderator).expect(200);
    expect(textsOf(await page(chatId, member)).at(-1)).toBe('maybe');
  });

  it('is not sent while its sender is silenced, and gives no turn of slow mode back', async () => {
    const { owner, members, chatId } = await openRoom('slow-lunch', 1);
    const sender = members[0]!;
    await server.http
      .patch(`/api/chats/${chatId}`)
      .set(owner.auth)
      .send({ slowModeSeconds: 600 })
      .expect(200);
    await filter('maybe', 'hold', chatId);
    await filter('never', 'refuse', chatId);
    await call('post', '/api/messages', sender, { chatId, content: 'never' }).expect(422);
    const held = await send(chatId, sender, 'maybe');
    expect(held.isHeld).toBe(true);
    const next = await call('post', '/api/messages', sender, { chatId, content: 'well' });
    expect([next.status, next.body.code]).toEqual([429, 'SLOW_MODE']);
    const silence = { userId: sender.id, kind: 'silence', reason: 'Enough' };
    await call('post', `/api/chats/${chatId}/sanctions`, owner, silence).expect(201);
    await call('post', `/api/held-messages/${held.id}/release`, owner).expect(409);
    await call('post', `/api/held-messages/${held.id}/refuse`, owner).expect(200);
  });
});

describe('the pre-send hook', () => {
  it('is asked about a held message when it is released, and one that it refuses stays held', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    await filter('maybe', 'hold');
    await filter('silly', 'mask');
    asked.length = 0;
    const [kept, sent] = [
      await send(chatId, alice, 'maybe unhooked'),
      await send(chatId, alice, 'maybe silly'),
    ];
    expect(asked).toEqual([]);
    const released = await call('post', `/api/held-messages/${kept.id}/release`, admin);
    expect([released.status, released.body.code]).toEqual([422, 'MESSAGE_REFUSED']);
    await call('post', `/api/held-messages/${sent.id}/release`, admin).expect(200);
    expect(asked).toEqual(['maybe unhooked', 'maybe *****']);
    expect(textsOf(await page(chatId, bob))).toEqual(['maybe *****']);
    expect(textsOf(await page(chatId, alice))).toEqual(['maybe unhooked', 'maybe *****']);
    await call('put', `/api/messages/${kept.id}`, alice, { content: 'well' }).expect(200);
    await call('post', `/api/held-messages/${kept.id}/release`, admin).expect(200);
    expect(textsOf(await page(chatId, bob))).toEqual(['maybe *****', 'well']);
  });
});

describe('a case', () => {
  interface Case {
    id: string;
    state: string;
    reportCount: number;
    categories: Record<string, number>;
    context: { messages: { content: string }[] };
  }
  const caseOf = async (caseId: string) =>
    dataOf<Case>(await call('get', `/api/admin/cases/${caseId}`, admin).expect(200));
  const report = async (messageId: string, user: TestUser, category: string) => {
    await call('post', `/api/messages/${messageId}/report`, user, { reason: 'look', category });
    const mine = await call('get', '/api/reports', user).expect(200);
    return dataOf<{ caseId: string }[]>(mine)[0]!.caseId;
  };

  it('has all reports of a message, and keeps what stood around it', async () => {
    const { owner, members, chatId } = await openRoom('case-lunch', 3);
    await send(chatId, owner, 'before');
    const bad = await send(chatId, owner, 'bad');
    await send(chatId, owner, 'after');
    const caseIds = await Promise.all(members.map((member) => report(bad.id, member, 'hate')));
    expect(new Set(caseIds).size).toBe(1);
    const found = await caseOf(caseIds[0]!);
    expect([found.reportCount, found.categories.hate]).toEqual([3, 3]);
    await call('put', `/api/messages/${bad.id}`, owner, { content: 'harmless' }).expect(200);
    const kept = (await caseOf(found.id)).context.messages.map(({ content }) => content);
    expect(kept.slice(-3)).toEqual(['before', 'bad', 'after']);
  });

  it('ends in one state when two moderators act on it at once, and answers its reporter', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const device = await TestSocket.connect(server, bob);
    const bad = await send(chatId, alice, 'bad');
    const caseId = await report(bad.id, bob, 'spam');
    const path = `/api/admin/cases/${caseId}/actions`;
    const answers = await Promise.all([
      call('post', path, admin, { action: 'delete', note: 'Thank you' }),
      call('post', path, admin, { action: 'dismiss' }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const { state } = await caseOf(caseId);
    const isDeleted = state === 'resolved';
    expect(textsOf(await page(chatId, bob))).toEqual([isDeleted ? '' : 'bad']);
    expect(await device.next('report_resolved')).toMatchObject({ caseId, state });
    const mine = await call('get', '/api/reports', bob).expect(200);
    expect(dataOf<{ state: string }[]>(mine)[0]!.state).toBe(state);
    device.close();
  });

  it('silences its person in the room, whose moderators see it', async () => {
    const { owner, members, chatId } = await openRoom('loud-lunch', 2);
    const [loud, reporter] = members as [TestUser, TestUser];
    const bad = await send(chatId, loud, 'LOUD');
    const caseId = await report(bad.id, reporter, 'spam');
    const queue = `/api/chats/${chatId}/reports`;
    await call('get', queue, reporter).expect(403);
    const seen = await call('get', queue, owner).expect(200);
    expect(dataOf<Case[]>(seen).map(({ id }) => id)).toEqual([caseId]);
    const action = { action: 'silence', scope: 'chat', reason: 'Too loud' };
    await call('post', `/api/admin/cases/${caseId}/actions`, admin, action).expect(200);
    const next = await call('post', '/api/messages', loud, { chatId, content: 'LOUDER' });
    expect([next.status, next.body.code, next.body.reason]).toEqual([403, 'SILENCED', 'Too loud']);
  });

  it('of a message has what sockets report, which is in the list of single reports, too', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const bad = await send(chatId, alice, 'bad');
    const device = await TestSocket.connect(server, bob);
    const answer = await device.command<{ caseId: string }>('report', {
      messageId: bad.id,
      category: 'hate',
    });
    const single = await call('get', '/api/admin/reports?limit=1', admin).expect(200);
    expect(dataOf<object[]>(single)[0]).toMatchObject({ messageId: bad.id, reason: 'hate' });
    expect(answer.data.caseId).toBe(await report(bad.id, bob, 'spam'));
    device.close();
  });

  it('about a person is answered with a warning that they read', async () => {
    const { alice, bob } = await openDirectChat(server);
    const body = { category: 'harassment', text: 'rude' };
    const made = await call('post', `/api/users/${alice.id}/report`, bob, body).expect(201);
    const { caseId } = dataOf<{ caseId: string }>(made);
    await call('post', `/api/users/${alice.id}/report`, bob, body).expect(200);
    const path = `/api/admin/cases/${caseId}/actions`;
    await call('post', path, admin, { action: 'delete' }).expect(400);
    await call('post', path, admin, { action: 'warn', reason: 'Be kind' }).expect(200);
    const chats = await call('get', '/api/chats/active', alice).expect(200);
    expect(JSON.stringify(chats.body)).toContain('Be kind');
    await call('post', `/api/users/${alice.id}/report`, bob, body).expect(201);
  });
});

describe('the audit trail', () => {
  it('has refused logins of an account as one event, which filters find and an export has', async () => {
    const { id, username } = await registerUser(server);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const wrong = { username, password: 'not the password' };
      await server.http.post('/api/auth/login').send(wrong).expect(401);
    }
    const query = `userId=${id}&action=auth.login_failed`;
    const events = async () =>
      dataOf<{ id: string; details: { count: number } }[]>(
        await call('get', `/api/admin/audit?${query}`, admin).expect(200),
      );
    await eventually(async () => (await events())[0]?.details.count === 2);
    const exported = await call('get', `/api/admin/audit/export?${query}`, admin).buffer();
    const lines = exported.text.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ id: (await events())[0]!.id, subject: id, outcome: 'failed' }),
    ]);
    const later = `/api/admin/audit?${query}&from=2040-01-01T00:00:00Z`;
    expect(dataOf(await call('get', later, admin).expect(200))).toEqual([]);
  });
});
