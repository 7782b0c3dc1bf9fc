/** What servers do under their keys: users, chats, messages, once per Idempotency-Key, revoked at once. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import type { SERVER_SCOPES } from '../../src/shared/server-caller.js';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

type Body = Record<string, unknown>;
type Key = { id: string; key: string; auth: { Authorization: string } };

let server: TestServer;
let other: TestServer;
let admin: TestUser;
let all: Key;
let alice: TestUser;
let bob: TestUser;
let chatId: string;

const ALL: (typeof SERVER_SCOPES)[number][] = [
  'users:write',
  'users:token',
  'chats:write',
  'messages:write',
  'messages:read',
  'act-as',
  'broadcast',
];

const newKey = async (scopes: string[] = ALL, more: Body = {}): Promise<Key> => {
  const made = await server.http
    .post('/api/admin/keys')
    .set(admin.auth)
    .send({ name: 'Orders', scopes, ...more })
    .expect(201);
  const { id, key } = (made.body as { data: Key }).data;
  return { id, key, auth: { Authorization: `Bearer ${key}` } };
};

const env = { ...ADMIN_ENV, METADATA_INDEXES: 'messages.orderId,users.tier,chats.shop' };

beforeAll(async () => {
  server = await startServer({ env });
  other = await startServer({ env, mongodbUri: server.mongodbUri });
  admin = await loginAdmin(server);
  all = await newKey();
  ({ alice, bob, chatId } = await openDirectChat(server));
});
afterAll(async () => {
  await other.close();
  await server.close();
});

const call = (
  method: 'get' | 'post' | 'patch' | 'delete',
  path: string,
  body?: Body,
  { key = all, once, on = server }: { key?: Key; once?: string; on?: TestServer } = {},
) => {
  const request = on.http[method](`/api/server${path}`).set(key.auth);
  if (once !== undefined) request.set('Idempotency-Key', once);
  return body ? request.send(body) : request;
};
const dataOf = <T = Body & { id: string }>(answer: { body: unknown }): T =>
  (answer.body as { data: T }).data;
const codeOf = ({ body, status }: { body: unknown; status: number }) => [
  status,
  (body as Body).code,
];

describe('a server key', () => {
  it('is shown once, and stored as a hash', async () => {
    const key = await newKey(['users:write']);
    const list = await server.http.get('/api/admin/keys').set(admin.auth).expect(200);
    const text = JSON.stringify(list.body);
    expect(text).toContain(key.id);
    expect(text).not.toContain(key.key);
    const client = await MongoClient.connect(server.mongodbUri);
    const stored = await client.db().collection('serverkeys').find().toArray();
    await client.close();
    expect(JSON.stringify(stored)).not.toContain(key.key.slice(-40));
  });

  it('is listed with the time when it was used last', async () => {
    const key = await newKey(['users:write']);
    const used = async () => {
      const list = await server.http.get('/api/admin/keys').set(admin.auth).expect(200);
      const row = dataOf<Body[]>(list).find(({ id }) => id === key.id)!;
      expect(JSON.stringify(row)).not.toContain(key.key);
      return row.lastUsedAt as string | null;
    };
    expect(await used()).toBeNull();
    // A node stores it once a minute, and when it stops.
    const node = await startServer({ env, mongodbUri: server.mongodbUri });
    const before = Date.now();
    await call('get', '/users', undefined, { key, on: node }).expect(200);
    await node.close();
    expect(Date.parse((await used())!)).toBeGreaterThanOrEqual(before);
  });

  it('without the scope is refused by the name of the scope', async () => {
    const key = await newKey(['messages:write']);
    const refused = await call('post', '/users', { firstName: 'Ada' }, { key });
    expect(codeOf(refused)).toEqual([403, 'SCOPE_MISSING']);
    expect((refused.body as Body).message).toContain('users:write');
    const acting = { content: 'Hi', senderId: alice.id };
    const asAlice = await call('post', `/chats/${chatId}/messages`, acting, { key });
    expect(codeOf(asAlice)).toEqual([403, 'SCOPE_MISSING']);
    expect((asAlice.body as Body).message).toContain('act-as');
  });

  it('is refused on every node within a second of its revocation, and stays listed', async () => {
    const key = await newKey(['users:write']);
    await call('get', '/users', undefined, { key, on: other }).expect(200);
    await server.http.delete(`/api/admin/keys/${key.id}`).set(admin.auth).expect(200);
    expect(codeOf(await call('get', '/users', undefined, { key }))).toEqual([
      401,
      'UNAUTHENTICATED',
    ]);
    await eventually(
      async () => (await call('get', '/users', undefined, { key, on: other })).status === 401,
    );
    const list = await server.http.get('/api/admin/keys').set(admin.auth);
    const rows = dataOf<Body[]>(list);
    expect(rows.find(({ id }) => id === key.id)!.revokedAt).toEqual(expect.any(String));
  });

  it('that is mistyped, unknown or expired is refused', async () => {
    const expiresAt = new Date(Date.now() + 300).toISOString();
    const key = await newKey(['users:write'], { expiresAt });
    await eventually(async () => (await call('get', '/users', undefined, { key })).status === 401);
    for (const text of ['parley_sk_', all.key.slice(0, -1), `${all.key}x`, alice.token]) {
      const wrong = { ...all, auth: { Authorization: `Bearer ${text}` } };
      expect(codeOf(await call('get', '/users', undefined, { key: wrong }))).toEqual([
        401,
        'UNAUTHENTICATED',
      ]);
    }
  });
});

describe('wrong server keys', () => {
  it('count as refused attempts of their address, and never shut out a right one', async () => {
    const strict = await startServer({
      env: { ...env, RATE_LIMIT_AUTH_PER_15_MIN: '3' },
      mongodbUri: server.mongodbUri,
    });
    const other = all.key.endsWith('A') ? 'B' : 'A';
    const wrong = { ...all, auth: { Authorization: `Bearer ${all.key.slice(0, -1)}${other}` } };
    const statuses: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      statuses.push((await call('get', '/users', undefined, { key: wrong, on: strict })).status);
    }
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    await call('get', '/users', undefined, { on: strict }).expect(200);
    await strict.close();
  });
});

describe('the allowance of a server key', () => {
  it('is the key’s own', async () => {
    const strict = await startServer({
      env: { ...env, RATE_LIMIT_SERVER_KEY_PER_MINUTE: '2' },
      mongodbUri: server.mongodbUri,
    });
    const key = await newKey();
    const statuses: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      statuses.push((await call('get', '/users', undefined, { key, on: strict })).status);
    }
    expect(statuses).toEqual([200, 200, 429]);
    await call('get', '/users', undefined, { on: strict }).expect(200);
    await strict.close();
  });
});

describe('users of a server', () => {
  it('are made without a password or address, and signed in by a token', async () => {
    const externalId = randomUUID();
    const fields = {
      externalId,
      firstName: 'Ada',
      lastName: 'Lovelace',
      metadata: { tier: 'gold' },
    };
    const made = await call('post', '/users', fields);
    expect(made.status).toBe(201);
    const user = dataOf(made);
    expect(user).toMatchObject({ externalId, email: null, metadata: { tier: 'gold' } });
    expect(user.username).toMatch(/^adalovelace/);
    const twin = await call('post', '/users', { firstName: 'Ada', lastName: 'Lovelace' });
    expect(dataOf(twin).username).toMatch(/^adalovelace\d+$/);
    expect(codeOf(await call('post', '/users', fields))).toEqual([409, 'CONFLICT']);

    const minted = dataOf<{ token: string; expiresIn: number }>(
      await call('post', `/users/${user.id}/token`, { expiresIn: 600 }),
    );
    expect(minted).toMatchObject({ expiresIn: 600 });
    expect(minted).not.toHaveProperty('refreshToken');
    const auth = { Authorization: `Bearer ${minted.token}` };
    const me = await server.http.get('/api/auth/me').set(auth).expect(200);
    expect(dataOf(me).id).toBe(user.id);
    const login = { username: user.username, password: '' };
    for (const password of ['test123', 'x']) {
      const refused = await server.http.post('/api/auth/login').send({ ...login, password });
      expect(codeOf(refused)).toEqual([401, 'INVALID_CREDENTIALS']);
    }
  });

  it('are signed out everywhere, on every node, with their sockets', async () => {
    const user = dataOf(await call('post', '/users', { externalId: randomUUID() }));
    const minted = dataOf<{ token: string; refreshToken: string }>(
      await call('post', `/users/${user.id}/token`, { withRefreshToken: true }),
    );
    const refresh = await server.http
      .post('/api/auth/refresh')
      .send({ refreshToken: minted.refreshToken })
      .expect(200);
    const { token } = dataOf<{ token: string }>(refresh);
    const socket = await TestSocket.connect(other, { token });
    expect(dataOf(await call('post', `/users/${user.id}/revoke`, {}))).toEqual({ ended: 1 });
    await eventually(() => !socket.raw.connected);
    await server.http
      .get('/api/auth/me')
      .set({ Authorization: `Bearer ${token}` })
      .expect(401);
    socket.close();
  });

  it('are made and changed by the hundred, each with its own result', async () => {
    const ids = Array.from({ length: 100 }, () => randomUUID());
    const users = ids.map((externalId, i) => ({ externalId, firstName: `N${i}` }));
    const first = dataOf<Body[]>(await call('post', '/users/bulk', { users }).expect(200));
    expect(first.map(({ status }) => status)).toEqual(ids.map(() => 'created'));
    const again = [
      { externalId: ids[0], firstName: 'Grace', metadata: { tier: 'silver' } },
      { externalId: randomUUID(), username: alice.username },
      { externalId: ids[2], email: `${alice.username}@example.com` },
    ];
    const results = dataOf<Body[]>(await call('post', '/users/bulk', { users: again }));
    expect(results).toMatchObject([
      { status: 'updated', user: { firstName: 'Grace', metadata: { tier: 'silver' } } },
      { status: 'failed', error: { code: 'USERNAME_TAKEN' } },
      { status: 'failed', error: { code: 'EMAIL_TAKEN' } },
    ]);
    const tooMany = [...users, { externalId: randomUUID(), firstName: 'One more' }];
    expect((await call('post', '/users/bulk', { users: tooMany })).status).toBe(400);
  });

  it('are made by the hundred although some cannot be, and changed by the same call again', async () => {
    const taken = dataOf(await call('post', '/users', { externalId: randomUUID() }));
    const closed = randomUUID();
    await call('post', '/users', { externalId: closed });
    await call('post', `/users/ext:${closed}/deactivate`, {}).expect(200);
    const bad: Record<number, [Body, string]> = {
      3: [{ username: taken.username }, 'USERNAME_TAKEN'],
      27: [{ email: `${alice.username}@example.com` }, 'EMAIL_TAKEN'],
      // Another row of the same call has it.
      98: [{ username: 'row.97' }, 'USERNAME_TAKEN'],
    };
    const users = Array.from({ length: 100 }, (_, i) => ({
      externalId: `${closed}-${i}`,
      firstName: `N${i}`,
      ...(i === 0 && { username: 'row.97' }),
      ...bad[i]?.[0],
    }));
    const results = dataOf<Body[]>(await call('post', '/users/bulk', { users }).expect(200));
    expect(results.map(({ externalId }) => externalId)).toEqual(
      users.map(({ externalId }) => externalId),
    );
    const outcome = (made: string) => users.map((_, i) => (bad[i] ? `failed: ${bad[i][1]}` : made));
    const told = (rows: Body[]) =>
      rows.map(({ status, error }) =>
        error ? `${status as string}: ${(error as { code: string }).code}` : status,
      );
    expect(told(results)).toEqual(outcome('created'));
    const again = dataOf<Body[]>(await call('post', '/users/bulk', { users }).expect(200));
    expect(told(again)).toEqual(outcome('updated'));
    const idsOf = (rows: Body[]) =>
      rows.map(({ user }) => (user as { id: string } | undefined)?.id);
    expect(idsOf(again)).toEqual(idsOf(results));
    // The account that is closed stays so.
    const ofClosed = { users: [{ externalId: closed, firstName: 'Still' }] };
    expect(dataOf<Body[]>(await call('post', '/users/bulk', ofClosed))).toMatchObject([
      { status: 'updated', user: { firstName: 'Still', isDeactivated: true } },
    ]);
  });

  it.each<[string, Body[], string]>([
    ['no external id', [{ firstName: 'A' }], 'users.0.externalId'],
    [
      'an operator in the metadata',
      [{ externalId: 'b', metadata: { $set: 1 } }],
      'users.0.metadata',
    ],
    [
      'a member that is none',
      [{ externalId: 'b' }, { externalId: 'c', role: 'admin' }],
      'users.1.role',
    ],
    ['one external id twice', [{ externalId: 'b' }, { externalId: 'b' }], 'users.1'],
    ['a reserved name', [{ externalId: 'b', username: 'admin' }], 'users.0.username'],
    ['no rows', [], 'users'],
  ])('are none of them made when a call has %s', async (_, users, field) => {
    const answer = await call('post', '/users/bulk', { users });
    expect(codeOf(answer)).toEqual([400, 'VALIDATION']);
    expect(JSON.stringify((answer.body as Body).errors)).toContain(field);
    expect((await call('get', '/users/ext:b')).status).toBe(404);
  });

  it('are found by the values of their metadata, and no others', async () => {
    const tier = randomUUID();
    const user = dataOf(await call('post', '/users', { firstName: 'Tia', metadata: { tier } }));
    const found = dataOf<Body[]>(await call('get', `/users?metadata.tier=${tier}`));
    expect(found.map(({ id }) => id)).toEqual([user.id]);
    expect((await call('get', '/users?metadata.other=1')).status).toBe(400);
  });

  it('are no admins: their accounts and logins are none of a key’s business', async () => {
    for (const [method, path, body] of [
      ['patch', '', { firstName: 'Mallory' }],
      ['post', '/deactivate', {}],
      ['post', '/token', {}],
    ] as const) {
      expect(codeOf(await call(method, `/users/${admin.id}${path}`, body))).toEqual([
        403,
        'FORBIDDEN',
      ]);
    }
  });

  it('are closed and opened again', async () => {
    const user = dataOf(await call('post', '/users', { externalId: randomUUID() }));
    await call('post', `/users/${user.id}/deactivate`, {}).expect(200);
    expect(codeOf(await call('post', `/users/${user.id}/token`, {}))).toEqual([
      403,
      'ACCOUNT_DEACTIVATED',
    ]);
    expect(dataOf(await call('post', `/users/${user.id}/reactivate`, {})).isActive).toBe(true);
  });
});

describe('chats of a server', () => {
  it('are open to their people at once, whoever has agreed to what', async () => {
    const [carol, dave] = await Promise.all([registerUser(server), registerUser(server)]);
    const body = { kind: 'direct', userIds: [carol.id, dave.id], externalId: randomUUID() };
    const made = await call('post', '/chats', body);
    expect([made.status, dataOf(made).status]).toEqual([201, 'accepted']);
    const again = await call('post', '/chats', body);
    expect([again.status, dataOf(again).id]).toEqual([200, dataOf(made).id]);
    await server.http
      .post('/api/messages')
      .set(dave.auth)
      .send({ chatId: dataOf(made).id, content: 'Hello' })
      .expect(201);
  });

  it('get their members without invites, lose them, and keep an owner', async () => {
    const [carol, dave, erin] = await Promise.all([
      registerUser(server),
      registerUser(server),
      registerUser(server),
    ]);
    const shop = randomUUID();
    const made = await call('post', '/chats', {
      kind: 'group',
      name: 'Order 7',
      memberIds: [carol.id, dave.id],
      metadata: { shop },
    });
    const { id } = dataOf(made);
    const seen = dataOf(await server.http.get(`/api/chats/${id}`).set(dave.auth).expect(200));
    expect(seen).toMatchObject({ memberCount: 2, metadata: { shop } });
    const found = dataOf<Body[]>(await call('get', `/chats?metadata.shop=${shop}`));
    expect(found.map((chat) => chat.id)).toEqual([id]);
    const socket = await TestSocket.connect(server, erin, { dialect: 'native' });
    const added = await call('post', `/chats/${id}/members`, { userIds: [erin.id, dave.id] });
    expect(dataOf(added)).toEqual({ chatId: id, added: [erin.id] });
    expect(await socket.next('members_added')).toMatchObject({ chatId: id, userIds: [erin.id] });
    await call('patch', `/chats/${id}/members/${erin.id}`, { metadata: { seat: 4 } }).expect(200);
    await call('delete', `/chats/${id}/members/${carol.id}`).expect(200);
    await server.http.get(`/api/chats/${id}`).set(carol.auth).expect(404);
    const members = dataOf<Body[]>(await call('get', `/chats/${id}/members`));
    expect(members.map((member) => member.role).sort()).toEqual(['member', 'owner']);
    expect(members.find((member) => member.id === erin.id)!.metadata).toEqual({ seat: 4 });
    const mine = dataOf(await server.http.get(`/api/chats/${id}`).set(erin.auth));
    expect(mine.memberMetadata).toEqual({ seat: 4 });
    socket.close();
  });

  it('are removed for everybody, with their messages', async () => {
    const [carol, dave] = await Promise.all([registerUser(server), registerUser(server)]);
    const name = `Room ${randomUUID().slice(0, 8)}`;
    const body = { kind: 'room', name, memberIds: [carol.id, dave.id] };
    const { id } = dataOf(await call('post', '/chats', body).expect(201));
    const sent = dataOf(await call('post', `/chats/${id}/messages`, { content: 'Welcome' }));
    const socket = await TestSocket.connect(other, carol, { dialect: 'native' });
    await call('delete', `/chats/${id}`).expect(200);
    expect(await socket.next('members_removed')).toMatchObject({ chatId: id });
    await call('get', `/chats/${id}`).expect(404);
    await call('get', `/messages/${sent.id}`).expect(404);
    await eventually(async () => {
      const { status } = await other.http.get(`/api/chats/${id}/messages`).set(carol.auth);
      return status === 404;
    });
    await call('delete', `/chats/${id}`).expect(404);
    const again = await call('post', '/chats', body);
    expect(again.status).toBe(201);
    await eventually(async () => {
      const page = await other.http.get('/api/messages').query({ room: name }).set(carol.auth);
      return page.status === 200;
    });
    socket.close();
  });
});

describe('an external id', () => {
  const group = (externalId: string) => ({
    kind: 'group',
    name: 'G',
    memberIds: [alice.id],
    externalId,
  });
  const pathOf = (externalId: string) => `ext%3A${encodeURIComponent(externalId)}`;

  it.each([
    ['signs that addresses are made of', 'order/7?x=1#y&%2F..'],
    ['spaces and other scripts', 'Bestellung 7 – 注文 🛒'],
    ['colons', 'ext:shop:7'],
    ['the form of an id of Parley’s', '0123456789abcdef01234567'],
    ['128 code points', '🛒'.repeat(128)],
  ])('with %s is that of a user and of a chat', async (_, externalId) => {
    const user = dataOf(await call('post', '/users', { externalId }).expect(201));
    const chat = dataOf(await call('post', '/chats', group(externalId)).expect(201));
    expect([user.externalId, chat.externalId]).toEqual([externalId, externalId]);
    const found = await call('get', `/users/${pathOf(externalId)}`).expect(200);
    expect(dataOf(found).id).toBe(user.id);
    const members = `/chats/${pathOf(externalId)}/members`;
    await call('post', members, { userIds: [`ext:${externalId}`] }).expect(200);
    const list = dataOf<Body[]>(await call('get', members).expect(200));
    expect(JSON.stringify(list)).toContain(user.id);
    // Each is one user's and one chat's.
    expect(codeOf(await call('post', '/users', { externalId }))).toEqual([409, 'CONFLICT']);
    expect((await call('post', '/chats', group(externalId))).status).toBe(409);
  });

  it.each([
    ['no sign', ''],
    ['129 code points', 'x'.repeat(129)],
    ['a line break', 'a\nb'],
    ['a control character', 'a\u0000b'],
  ])('with %s is refused', async (_, externalId) => {
    expect(codeOf(await call('post', '/users', { externalId }))).toEqual([400, 'VALIDATION']);
    expect(codeOf(await call('post', '/chats', group(externalId)))).toEqual([400, 'VALIDATION']);
  });
});

describe('messages of a server', () => {
  it('as the system reach every member, count as unread, and belong to nobody', async () => {
    const socket = await TestSocket.connect(server, bob, { dialect: 'native' });
    const metadata = { orderId: randomUUID() };
    const sent = await call('post', `/chats/${chatId}/messages`, {
      content: 'Your order has been sent',
      messageType: 'custom',
      customType: 'order.card',
      metadata,
    });
    expect(sent.status).toBe(201);
    const message = dataOf(sent);
    expect(message).toMatchObject({ sender: { username: 'system' }, metadata });
    const unread = await socket.next('unread_message');
    expect(unread).toMatchObject({ message: { id: message.id, customType: 'order.card' } });
    expect(unread.unreadCount).toBeGreaterThan(0);
    const edit = await call('patch', `/messages/${message.id}`, { metadata: { state: 'here' } });
    expect(dataOf(edit)).toMatchObject({ metadata: { state: 'here' }, isEdited: false });
    const mine = await server.http
      .put(`/api/messages/${message.id}`)
      .set(bob.auth)
      .send({ content: 'Not mine' });
    expect(mine.status).toBe(403);
    const found = await server.http.get('/api/users/search').query({ q: 'system' }).set(bob.auth);
    expect(dataOf<Body[]>(found)).toEqual([]);
    socket.close();
  });

  it('reach also a chat whose people have blocked each other, unlike those of its people', async () => {
    const people = await openDirectChat(server);
    await server.http
      .post(`/api/chats/${people.chatId}/block`)
      .set(people.bob.auth)
      .send({})
      .expect(200);
    const path = `/chats/${people.chatId}/messages`;
    expect((await call('post', path, { content: 'For both' })).status).toBe(201);
    const asAlice = await call('post', path, { content: 'Hi', senderId: people.alice.id });
    expect(codeOf(asAlice)).toEqual([403, 'BLOCKED']);
  });

  it('in the name of a member are the member’s own, and stand in the audit log once', async () => {
    const path = `/chats/${chatId}/messages`;
    const [first, second] = [
      dataOf(await call('post', path, { content: 'One', senderId: alice.id })),
      dataOf(await call('post', path, { content: 'Two', senderId: alice.id })),
    ];
    expect([first.senderId, second.senderId]).toEqual([alice.id, alice.id]);
    const stranger = await registerUser(server);
    const outside = await call('post', path, { content: 'Three', senderId: stranger.id });
    expect(outside.status).toBe(404);
    const log = await server.http.get('/api/admin/audit').set(admin.auth);
    const records = dataOf<Body[]>(log).filter(
      ({ action, subject }) => action === 'server.act_as' && subject === alice.id,
    );
    expect(records).toMatchObject([{ keyId: all.id, actorId: null }]);
  });

  it('are read and deleted, whoever has written them', async () => {
    const sent = await server.http
      .post('/api/messages')
      .set(alice.auth)
      .send({ chatId, content: 'Oh no' });
    const { id } = dataOf(sent);
    const page = dataOf<Body[]>(await call('get', `/chats/${chatId}/messages`));
    expect(page.at(-1)!.id).toBe(id);
    await call('delete', `/messages/${id}`).expect(200);
    expect(dataOf(await call('get', `/messages/${id}`)).isDeleted).toBe(true);
  });

  it('are found by the values of their metadata in all chats', async () => {
    const orderId = randomUUID();
    const body = { content: 'Found', metadata: { orderId } };
    const sent = dataOf(await call('post', `/chats/${chatId}/messages`, body));
    const found = dataOf<Body[]>(await call('get', `/messages?metadata.orderId=${orderId}`));
    expect(found.map(({ id }) => id)).toEqual([sent.id]);
  });
});

describe('a call under an Idempotency-Key', () => {
  it('sends once, however often and wherever it is tried', async () => {
    const once = randomUUID();
    const body = { content: 'Once' };
    const path = `/chats/${chatId}/messages`;
    const answers = await Promise.all(
      [server, other, server, other].map((on) => call('post', path, body, { once, on })),
    );
    const done = answers.filter(({ status }) => status === 201);
    expect(done.length).toBeGreaterThan(0);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expect(codeOf(answer)).toEqual([409, 'IDEMPOTENCY_IN_PROGRESS']);
      expect((answer.body as Body).retryAfter).toBe(1);
    }
    const replay = await call('post', path, body, { once });
    expect([replay.status, replay.headers['idempotency-replayed']]).toEqual([201, 'true']);
    expect(new Set([...done, replay].map((answer) => dataOf(answer).id)).size).toBe(1);
    const reused = await call('post', path, { content: 'Twice' }, { once });
    expect(codeOf(reused)).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
    const ofAnother = await call('post', path, body, { once, key: await newKey() });
    expect(ofAnother.status).toBe(201);
    expect(dataOf(ofAnother).id).not.toBe(dataOf(replay).id);
  });

  it.each([
    ['a message', () => [`/chats/${chatId}/messages`, { content: 'After a crash' }]],
    ['a user', () => ['/users', { firstName: 'Crash', lastName: 'Test' }]],
    ['a group', () => ['/chats', { kind: 'group', name: 'G', memberIds: [alice.id] }]],
    ['a broadcast', () => ['/broadcasts', { message: 'Once' }]],
  ] as [string, () => [string, Body]][])(
    'that a crash has interrupted before its answer was stored makes %s once',
    async (_what, input) => {
      const once = randomUUID();
      const [path, body] = input();
      const first = dataOf(await call('post', path, body, { once }).expect(201));
      // As a process leaves it that ends right after the work.
      const client = await MongoClient.connect(server.mongodbUri);
      await client
        .db()
        .collection('oncecalls')
        .updateOne(
          { idempotencyKey: once },
          { $unset: { answer: 1 }, $set: { begunAt: new Date(Date.now() - 130_000) } },
        );
      await client.close();
      const again = await call('post', path, body, { once });
      expect(again.status).toBeLessThan(300);
      expect(dataOf(again).id).toBe(first.id);
    },
  );

  it('is one for each account: a replay says what the first call said, whatever has happened since', async () => {
    const once = randomUUID();
    const made = await call('post', '/users', { firstName: 'Ada' }, { once }).expect(201);
    await call('patch', `/users/${dataOf(made).id}`, { firstName: 'Grace' }).expect(200);
    const replay = await call('post', '/users', { firstName: 'Ada' }, { once, on: other });
    expect([replay.status, replay.headers['idempotency-replayed']]).toEqual([201, 'true']);
    expect(replay.body).toEqual(made.body);
    // Also of another route.
    const elsewhere = await call('post', '/broadcasts', { message: 'Ada' }, { once });
    expect(codeOf(elsewhere)).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
  });

  it('is as good as new after a day, and not a moment before', async () => {
    let ahead = 0;
    const later = await startServer({
      env,
      mongodbUri: server.mongodbUri,
      clock: { now: () => Date.now() + ahead },
    });
    try {
      const once = randomUUID();
      const path = `/chats/${chatId}/messages`;
      const send = async (content: string) => call('post', path, { content }, { once, on: later });
      const first = await send('today');
      ahead = 24 * 3_600_000 - 60_000;
      expect(dataOf(await send('today')).id).toBe(dataOf(first).id);
      expect(codeOf(await send('tomorrow'))).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
      ahead = 24 * 3_600_000;
      const next = await send('tomorrow');
      expect([next.status, next.headers['idempotency-replayed']]).toEqual([201, undefined]);
      expect(dataOf(next).id).not.toBe(dataOf(first).id);
    } finally {
      await later.close();
    }
  });

  it('that is refused may be tried again', async () => {
    const once = randomUUID();
    const externalId = randomUUID();
    const body = { externalId, username: alice.username };
    expect(codeOf(await call('post', '/users', body, { once }))).toEqual([409, 'USERNAME_TAKEN']);
    const better = { externalId, firstName: 'Free' };
    expect((await call('post', '/users', better, { once })).status).toBe(201);
  });

  it('is refused for a key that is none', async () => {
    const bad = await call('post', '/users', { firstName: 'Ada' }, { once: 'x'.repeat(256) });
    expect(codeOf(bad)).toEqual([400, 'VALIDATION']);
  });
});
