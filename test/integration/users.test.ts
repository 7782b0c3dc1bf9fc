import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import request from 'supertest';
import type { TestAccounts } from '../support/accounts.js';
import { openAccounts } from '../support/accounts.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, registerUser, startServer } from '../support/server.js';

let server: TestServer;
let inside: TestAccounts;
let ada: TestUser;
let grace: TestUser;
/** How far the server's clock goes ahead, in milliseconds. */
let passed = 0;
const DAY_MS = 86_400_000;

beforeAll(async () => {
  server = await startServer({ clock: { now: () => Date.now() + passed } });
  inside = await openAccounts(server);
  ada = await registerUser(server, 'ada');
  grace = await registerUser(server, 'grace');
});

afterAll(async () => {
  await inside.close();
  await server.close();
});

const as = ({ token }: TestUser) => ({
  get: (path: string, query: object = {}) =>
    request(server.url).get(path).query(query).auth(token, { type: 'bearer' }),
  put: (path: string, body: object) =>
    request(server.url).put(path).send(body).auth(token, { type: 'bearer' }),
});

const search = async (user: TestUser, q: string) => {
  const { body } = await as(user).get('/api/users/search', { q }).expect(200);
  return (body.data as { username: string }[]).map(({ username }) => username);
};

const NOBODY = 'f'.repeat(24);

describe('signed-in routes', () => {
  it.each([
    ['get', '/api/users/profile'],
    ['put', '/api/users/profile'],
    ['get', '/api/users/search?q=a'],
    ['get', `/api/users/${NOBODY}`],
  ] as const)('%s %s requires authentication', async (method, path) => {
    const { body } = await request(server.url)[method](path).expect(401);
    expect(body).toMatchObject({ success: false, code: 'UNAUTHENTICATED' });
  });
});

describe('GET /api/users/profile', () => {
  it('shows my own account', async () => {
    const { body } = await as(ada).get('/api/users/profile').expect(200);
    expect(body.data).toMatchObject({ id: ada.id, email: 'ada@example.com', role: 'user' });
  });

  it.each(['/api/users/profile?userId=', '/api/users/'])(
    'shows somebody else at %s<id> without e-mail, hash or presence',
    async (path) => {
      const { body } = await as(ada).get(`${path}${grace.id}`).expect(200);
      expect(Object.keys(body.data).sort()).toEqual(
        [
          '_id',
          'avatar',
          'bio',
          'createdAt',
          'firstName',
          'id',
          'lastName',
          'name',
          'profileImage',
          'username',
        ].sort(),
      );
      expect(JSON.stringify(body)).not.toContain('@example.com');
    },
  );

  it('shows the e-mail address to nobody but its owner and admins, also in an accepted chat', async () => {
    const { alice, bob } = await openDirectChat(server);
    const { body } = await as(alice).get(`/api/users/${bob.id}`).expect(200);
    expect(body.data).not.toHaveProperty('email');
  });

  it('shows the e-mail address to an admin', async () => {
    const admin = await registerUser(server);
    await inside.accounts.setRole(admin.id, 'admin');
    const { body } = await as(admin).get(`/api/users/${grace.id}`).expect(200);
    expect(body.data.email).toBe('grace@example.com');
    expect(body.data).not.toHaveProperty('status');
  });

  it('answers 404 for an unknown and for a deactivated user alike', async () => {
    const gone = await registerUser(server);
    await inside.accounts.deactivate(gone.id);
    const unknown = await as(ada).get(`/api/users/${NOBODY}`).expect(404);
    const closed = await as(ada).get(`/api/users/${gone.id}`).expect(404);
    expect({ ...closed.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' });
  });

  it.each(['abc', '%24ne', '{"$ne":null}', 'x'.repeat(24)])('refuses the id %j', async (id) => {
    const { body } = await as(ada).get('/api/users/profile', { userId: id }).expect(400);
    expect(body.code).toBe('VALIDATION');
  });

  it('refuses a repeated or nested query key', async () => {
    const id = grace.id;
    await as(ada).get(`/api/users/profile?userId=${id}&userId=${id}`).expect(400);
    await as(ada).get('/api/users/profile?userId[$ne]=x').expect(400);
  });
});

describe('PUT /api/users/profile', () => {
  it('changes what is given, keeps the rest, and shows at once', async () => {
    const user = await registerUser(server);
    expect((await inside.directory.card(user.id))?.firstName).toBe('');
    await as(user).put('/api/users/profile', { firstName: 'Katherine', bio: 'Orbits' }).expect(200);
    const { body } = await as(user).put('/api/users/profile', { lastName: 'Johnson' }).expect(200);
    expect(body.data).toMatchObject({ name: 'Katherine Johnson', bio: 'Orbits' });
    const card = await inside.directory.card(user.id);
    expect(card?.name).toBe('Katherine Johnson');
  });

  it('sets and removes the picture, under both of its names', async () => {
    const avatar = 'https://example.com/ada.png';
    const set = await as(ada).put('/api/users/profile', { avatar }).expect(200);
    expect(set.body.data).toMatchObject({ avatar, profileImage: avatar });
    const removed = await as(ada).put('/api/users/profile', { avatar: null }).expect(200);
    expect(removed.body.data).toMatchObject({ avatar: null, profileImage: null });
  });

  it('keeps an uploaded picture in a profile that is written back as it was read', async () => {
    const create = { width: 20, height: 20, channels: 3 as const, background: '#a00' };
    const picture = await sharp({ create }).png().toBuffer();
    await server.http
      .post('/api/users/avatar')
      .set(ada.auth)
      .attach('avatar', picture, 'me.png')
      .expect(200);
    const { body } = await as(ada).get('/api/users/profile').expect(200);
    const { firstName, avatar } = body.data;
    const back = await as(ada)
      .put('/api/users/profile', { firstName: 'Augusta', avatar })
      .expect(200);
    expect(back.body.data).toMatchObject({ firstName: 'Augusta', avatar });
    await server.http.get(avatar as string).expect(200);
    const others = `${avatar as string}x`;
    await as(ada).put('/api/users/profile', { firstName, avatar: others }).expect(400);
    await as(ada).put('/api/users/profile', { firstName, avatar: null }).expect(200);
  });

  it.each([
    'javascript:alert(1)',
    'data:image/png;base64,AA',
    'http://example.com/a.png',
    '/a.png',
  ])('refuses the picture %s', async (avatar) => {
    const { body } = await as(ada).put('/api/users/profile', { avatar }).expect(400);
    expect(body).toMatchObject({ code: 'VALIDATION', errors: [{ path: 'avatar' }] });
  });

  it('refuses pictures from hosts that the settings do not allow', async () => {
    const narrow = await startServer({ env: { MEDIA_EXTERNAL_HOSTS: 'pictures.example' } });
    try {
      const { token } = await registerUser(narrow);
      const put = (avatar: string) =>
        request(narrow.url)
          .put('/api/users/profile')
          .auth(token, { type: 'bearer' })
          .send({ avatar });
      await put('https://pictures.example/a.png').expect(200);
      await put('https://elsewhere.example/a.png').expect(400);
    } finally {
      await narrow.close();
    }
  });

  it.each([
    ['role', 'admin'],
    ['email', 'new@example.com'],
    ['passwordHash', 'x'],
    ['$set', { role: 'admin' }],
    ['nameWords', ['x']],
    ['nameRules', 1],
    ['deactivatedAt', null],
  ])('refuses the field %s by name', async (field, value) => {
    const { body } = await as(ada)
      .put('/api/users/profile', { [field]: value })
      .expect(400);
    expect(body).toMatchObject({ code: 'VALIDATION', errors: [{ path: field }] });
  });

  it.each(['firstName', 'lastName', 'bio'])('refuses anything but text as %s', async (field) => {
    for (const value of [{ $ne: null }, ['x'], null, 7, true, 'x'.repeat(501), 'a\0b']) {
      const { body } = await as(ada)
        .put('/api/users/profile', { [field]: value })
        .expect(400);
      expect(body).toMatchObject({ code: 'VALIDATION', errors: [{ path: field }] });
    }
  });

  it.each(['firstName', 'lastName'])(
    'refuses a %s that is not what it looks like',
    async (field) => {
      // Turned round, broken over lines, and not to be seen at all.
      for (const value of [
        '\u202etoor',
        'a\u2066b',
        'Ada\nroot: hello',
        'a\u2028b',
        '\u200b',
        'a\u0007',
      ]) {
        const { body } = await as(ada)
          .put('/api/users/profile', { [field]: value })
          .expect(400);
        expect(body).toMatchObject({ code: 'VALIDATION', errors: [{ path: field }] });
      }
    },
  );

  it('takes names in every script', async () => {
    const user = await registerUser(server);
    // Persian, Marathi and an emoji need characters that cannot be seen; Hebrew its marks of direction.
    for (const firstName of [
      'می\u200cترا',
      'क्\u200dष',
      '👩\u200d🚀',
      'א\u200e1',
      "O'Neil",
      '7',
      '',
    ]) {
      const { body } = await as(user).put('/api/users/profile', { firstName }).expect(200);
      expect(body.data.firstName).toBe(firstName);
    }
  });

  it('refuses an empty change', async () => {
    await as(ada).put('/api/users/profile', {}).expect(400);
  });
});

describe('GET /api/users/search', () => {
  beforeAll(async () => {
    for (const [username, firstName, lastName] of [
      ['findme1', 'Zoë', 'Quirk'],
      ['findme2', 'Zora', 'Quartz'],
      ['findme3', 'Max', 'O.Q*(x'],
    ] as const) {
      await as(await registerUser(server, username)).put('/api/users/profile', {
        firstName,
        lastName,
      });
    }
  });

  it.each([
    ['the start of a username', 'FINDME', ['findme1', 'findme2', 'findme3']],
    ['the start of a first name', 'zo', ['findme1', 'findme2']],
    ['the start of a last name', 'quar', ['findme2']],
    ['several words in any order', 'qu zoë', ['findme1']],
    ['nothing inside a word', 'indme', []],
    ['pattern characters as plain text', 'o.q*(', ['findme3']],
    ['a pattern as plain text', '.*', []],
    ['an unfinished pattern as plain text', '(((', []],
  ])('finds by %s', async (_what, q, expected) => {
    expect(await search(ada, q)).toEqual(expected);
  });

  it('finds by the first words of a long text', async () => {
    const q = `zo quirk findme1 ${'z '.repeat(20)}`;
    expect(await search(ada, q)).toEqual(['findme1']);
  });

  it('takes `query` for `q`', async () => {
    const { body } = await as(ada).get('/api/users/search', { query: 'findme1' }).expect(200);
    expect(body.data).toHaveLength(1);
  });

  it('shows cards only: no e-mail address, role or presence', async () => {
    const { body } = await as(ada).get('/api/users/search', { q: 'findme1' }).expect(200);
    expect(body.data[0]).toEqual({
      id: expect.any(String),
      _id: body.data[0].id,
      username: 'findme1',
      firstName: 'Zoë',
      lastName: 'Quirk',
      name: 'Zoë Quirk',
      avatar: null,
      profileImage: null,
    });
  });

  it('cannot be used to find people by e-mail address', async () => {
    expect(await search(ada, 'grace@example.com')).toEqual([]);
  });

  it('leaves out myself and deactivated users', async () => {
    expect(await search(ada, 'ada')).toEqual([]);
    const gone = await registerUser(server, 'leaving');
    expect(await search(ada, 'leaving')).toEqual(['leaving']);
    await inside.accounts.deactivate(gone.id);
    expect(await search(ada, 'leaving')).toEqual([]);
  });

  it('gives pages in a steady order', async () => {
    const page = async (number: number) => {
      const query = { q: 'findme', page: number, limit: 2 };
      const { body } = await as(ada).get('/api/users/search', query).expect(200);
      return body as { data: { username: string }[]; pagination: object };
    };
    const [first, second] = [await page(1), await page(2)];
    expect(first.pagination).toEqual({ page: 1, limit: 2, total: 3, hasMore: true });
    expect(second.pagination).toEqual({ page: 2, limit: 2, total: 3, hasMore: false });
    expect([...first.data, ...second.data].map(({ username }) => username)).toEqual([
      'findme1',
      'findme2',
      'findme3',
    ]);
  });

  it.each([
    { q: '' },
    {},
    { q: 'x'.repeat(101) },
    { q: 'a', limit: '-1' },
    { q: 'a', limit: '1e9' },
    { q: 'a', limit: 'abc' },
    { q: 'a', page: '0' },
    { q: 'a', page: '1e9' },
    { q: 'a', sort: 'email' },
    { q: 'a\0' },
  ])('refuses %j', async (query) => {
    const { body } = await as(ada).get('/api/users/search', query).expect(400);
    expect(body.code).toBe('VALIDATION');
  });
});

describe('the user directory', () => {
  it('knows cards of many, of those that there are', async () => {
    const { directory } = inside;
    const cards = await directory.cards([ada.id, grace.id, NOBODY, ada.id]);
    expect([...cards.keys()].sort()).toEqual([ada.id, grace.id].sort());
    expect(cards.get(grace.id)).toMatchObject({ username: 'grace', name: 'grace' });
  });

  it('counts a deactivated user as not there, but keeps the name', async () => {
    const { directory, accounts } = inside;
    const user = await registerUser(server);
    expect(await directory.exists(user.id)).toBe(true);
    await accounts.deactivate(user.id);
    expect(await directory.exists(user.id)).toBe(false);
    expect((await directory.card(user.id))?.username).toBe(user.username);
    expect(await directory.exists(NOBODY)).toBe(false);
  });

  it('remembers the last time a user was seen, never an earlier one', async () => {
    const { directory, accounts } = inside;
    const [early, late] = [new Date(1000), new Date(2000)];
    await directory.setLastSeen(grace.id, late);
    await directory.setLastSeen(grace.id, early);
    expect((await accounts.findById(grace.id))?.lastSeenAt).toEqual(late);
  });
});

describe('indexes', () => {
  it('serve every look-up of a user', async () => {
    const users = inside.db.collection('users');
    const range = { $gte: 'a', $lt: 'b' };
    const filters = [
      { usernameLower: 'ada' },
      { emailLower: 'ada@example.com' },
      // The search, and the accounts whose words are to be made.
      { nameWords: { $elemMatch: range } },
      { nameRules: { $in: [null, 1] } },
    ];
    for (const filter of filters) {
      const plan = JSON.stringify(await users.find(filter).explain('queryPlanner'));
      expect(plan).toContain('IXSCAN');
      expect(plan).not.toContain('COLLSCAN');
    }
  });
});

describe('PUT /api/users/profile with a username', () => {
  const rename = (user: TestUser, username: unknown, more: object = {}) =>
    as(user).put('/api/users/profile', { username, ...more });
  const login = (username: string) =>
    request(server.url).post('/api/auth/login').send({ username, password: 'test123' });
  const register = (username: string) =>
    request(server.url)
      .post('/api/auth/register')
      .send({ username, email: `${randomUUID()}@example.com`, password: 'test123' });
  let count = 0;
  const fresh = () => `name-${(count += 1)}`;

  it('changes it, with the other fields; others see it, the login stays, and new ones use it', async () => {
    const user = await registerUser(server);
    const [from, to] = [user.username, 'Emmy.Noether'];
    const { body } = await rename(user, to, { firstName: 'Emmy' }).expect(200);
    expect(body.data).toMatchObject({ username: to, firstName: 'Emmy' });
    const seen = await as(ada).get(`/api/users/${user.id}`).expect(200);
    expect(seen.body.data.username).toBe(to);
    expect(await search(ada, 'emmy.n')).toEqual([to]);
    expect((await inside.directory.card(user.id))?.username).toBe(to);
    const refreshed = await request(server.url)
      .post('/api/auth/refresh')
      .send({ refreshToken: user.refreshToken })
      .expect(200);
    expect(refreshed.body.data.user.username).toBe(to);
    await login('EMMY.noether').expect(200);
    await login(from).expect(401);
  });

  it('takes the same name in other letters, and the whole profile written back', async () => {
    const user = await registerUser(server);
    const upper = user.username.toUpperCase();
    await rename(user, upper).expect(200);
    await rename(user, upper, { bio: 'The same' }).expect(200);
    await login(user.username).expect(200);
  });

  it('refuses names of others in any case, reserved ones, and what is no username', async () => {
    const user = await registerUser(server);
    expect((await rename(user, 'GRACE')).body).toMatchObject({ code: 'USERNAME_TAKEN' });
    for (const name of [
      'all',
      'Here',
      'CHANNEL',
      'everyone',
      'room',
      'admin',
      'system',
      'parley',
    ]) {
      const { body } = await rename(user, name).expect(400);
      expect(body.errors).toEqual([
        { path: 'username', message: 'username: this name is reserved' },
      ]);
      expect((await register(name)).body).toMatchObject({ code: 'VALIDATION' });
    }
    for (const name of ['me', 'a b', '...', '', 'x'.repeat(31), 7, null]) {
      expect((await rename(user, name)).body).toMatchObject({ code: 'VALIDATION' });
    }
    await login(user.username).expect(200);
  });

  it('keeps a reserved name that somebody has', async () => {
    const user = await registerUser(server);
    await inside.db
      .collection('users')
      .updateOne(
        { username: user.username },
        { $set: { username: 'System', usernameLower: 'system' } },
      );
    await rename(user, 'system', { bio: 'Here before' }).expect(200);
  });

  it.each([
    ['Channel', 'channel'],
    ['_.-', '_.-'],
  ])(
    'gives the reserved name %s back to its former owner alone, for 30 days',
    async (name, lower) => {
      const [user, other] = [await registerUser(server), await registerUser(server)];
      await inside.db
        .collection('users')
        .updateOne(
          { username: user.username },
          { $set: { username: name, usernameLower: lower, names: [lower] } },
        );
      await rename(user, fresh()).expect(200);
      expect((await rename(other, name)).body).toMatchObject({ code: 'VALIDATION' });
      await rename(user, name).expect(200);
      const last = fresh();
      await rename(user, last).expect(200);
      passed = 31 * DAY_MS;
      const { token } = (await login(last).expect(200)).body.data as { token: string };
      expect((await rename({ ...user, token }, name)).body).toMatchObject({ code: 'VALIDATION' });
      passed = 0;
    },
  );

  it('keeps the former name from others for 30 days, and its owner may go back to it', async () => {
    const user = await registerUser(server);
    const other = await registerUser(server);
    const former = user.username;
    await rename(user, fresh()).expect(200);
    expect((await rename(other, former)).body).toMatchObject({ code: 'USERNAME_TAKEN' });
    expect((await register(former.toUpperCase())).body).toMatchObject({ code: 'USERNAME_TAKEN' });
    passed = 29 * DAY_MS;
    expect((await register(former)).body).toMatchObject({ code: 'USERNAME_TAKEN' });
    passed = 31 * DAY_MS;
    const later = await register(former).expect(201);
    expect(later.body.data.user.username).toBe(former);
    passed = 0;
    const again = await registerUser(server);
    await rename(again, fresh()).expect(200);
    await rename(again, again.username).expect(200);
    await login(again.username).expect(200);
  });

  it('gives one name to one of many who ask for it at the same time', async () => {
    const users = await Promise.all(Array.from({ length: 6 }, () => registerUser(server)));
    const name = fresh();
    const answers = await Promise.all([
      ...users.map((user) => rename(user, name)),
      ...Array.from({ length: 3 }, () => register(name)),
    ]);
    const codes = answers.map(({ status, body }) => (status < 300 ? 'got it' : body.code));
    expect(codes.sort()).toEqual([...Array<string>(8).fill('USERNAME_TAKEN'), 'got it'].sort());
  });

  it('never gives a name away that its owner is just leaving', async () => {
    for (let round = 0; round < 5; round++) {
      const owner = await registerUser(server);
      const [left, taken] = await Promise.all([rename(owner, fresh()), register(owner.username)]);
      expect([left.status, taken.status]).toEqual([200, 409]);
    }
  });

  it('is refused after ten changes in 30 days, and says when it may be tried again', async () => {
    const user = await registerUser(server);
    for (let i = 0; i < 10; i++) await rename(user, fresh()).expect(200);
    const { body } = await rename(user, fresh()).expect(429);
    expect(body.retryAfter).toBeGreaterThan(29 * 86_400);
  });
});
