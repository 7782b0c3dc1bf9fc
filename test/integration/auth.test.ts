import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import jwt from 'jsonwebtoken';
import { Types } from 'mongoose';
import request from 'supertest';
import type { TestAccounts } from '../support/accounts.js';
import { openAccounts } from '../support/accounts.js';
import type { TestServer } from '../support/server.js';
import { registerUser, startServer } from '../support/server.js';

let server: TestServer;
let inside: TestAccounts;
let count = 0;

beforeAll(async () => {
  server = await startServer();
  inside = await openAccounts(server);
});

afterAll(async () => {
  await inside.close();
  await server.close();
});

/** A name nobody has yet. */
const newName = (): string => `user${(count += 1)}.${Date.now().toString(36)}`;

const newAccount = () => {
  const username = newName();
  return { username, email: `${username}@example.com`, password: 'test123' };
};

const post = (path: string, body: object = {}) => request(server.url).post(path).send(body);

const as = (token: string) => ({
  get: (path: string) => request(server.url).get(path).auth(token, { type: 'bearer' }),
  post: (path: string, body: object = {}) =>
    request(server.url).post(path).auth(token, { type: 'bearer' }).send(body),
});

const login = async (credentials: object) => {
  const { body } = await post('/api/auth/login', credentials).expect(200);
  return body.data as { token: string; refreshToken: string; deviceToken: string; user: object };
};

const refresh = (refreshToken: string) => post('/api/auth/refresh', { refreshToken });

/** Refreshes so often, each time with the token that the time before has given; answers the last tokens. */
const refreshTimes = async (
  times: number,
  refreshToken: string,
): Promise<{ token: string; refreshToken: string }> => {
  const { body } = await refresh(refreshToken).expect(200);
  const tokens = body.data as { token: string; refreshToken: string };
  return times === 1 ? tokens : refreshTimes(times - 1, tokens.refreshToken);
};

/** Expects the token to be refused with this code. */
const expectSignedOut = async (token: string, code = 'UNAUTHENTICATED') => {
  const { body } = await as(token).get('/api/auth/me');
  expect(body.code).toBe(code);
};

describe('POST /api/auth/register', () => {
  it('makes an account and signs it in', async () => {
    const account = { ...newAccount(), firstName: 'Ada', lastName: 'Lovelace' };
    const { body } = await post('/api/auth/register', account).expect(201);
    expect(body).toMatchObject({
      success: true,
      data: {
        expiresIn: 604_800,
        user: {
          username: account.username,
          email: account.email,
          name: 'Ada Lovelace',
          role: 'user',
          avatar: null,
        },
      },
    });
    expect(body.data.user._id).toBe(body.data.user.id);
    expect(JSON.stringify(body)).not.toMatch(/passwordHash|\$2b\$|Lower/);
    await as(body.data.token).get('/api/auth/me').expect(200);
  });

  it('takes the username `test` and the password `test123`', async () => {
    const account = { username: 'test', email: 'test@example.com', password: 'test123' };
    await post('/api/auth/register', account).expect(201);
  });

  it('stores neither password nor refresh token as it is', async () => {
    const account = newAccount();
    const { body } = await post('/api/auth/register', account).expect(201);
    const { db } = inside;
    const stored = JSON.stringify([
      await db.collection('users').find({ username: account.username }).toArray(),
      await db.collection('refreshtokens').find().toArray(),
    ]);
    expect(stored).toContain(account.username);
    expect(stored).not.toContain('test123');
    expect(stored).not.toContain(body.data.refreshToken.split('.')[1]);
  });

  it('holds usernames and e-mail addresses taken in any case', async () => {
    const account = newAccount();
    await post('/api/auth/register', account).expect(201);
    const sameName = { ...newAccount(), username: account.username.toUpperCase() };
    const sameEmail = { ...newAccount(), email: account.email.toUpperCase() };
    const byName = await post('/api/auth/register', sameName).expect(409);
    expect(byName.body.code).toBe('USERNAME_TAKEN');
    const byEmail = await post('/api/auth/register', sameEmail).expect(409);
    expect(byEmail.body.code).toBe('EMAIL_TAKEN');
  });

  it('makes one account of ten parallel sign-ups with one username', async () => {
    const username = newName();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => {
        const name = index % 2 ? username : username.toUpperCase();
        return post('/api/auth/register', { ...newAccount(), username: name });
      }),
    );
    const codes = answers.map(({ status, body }) => (status === 201 ? 'made' : body.code));
    expect(codes.sort()).toEqual([...Array<string>(9).fill('USERNAME_TAKEN'), 'made']);
  });

  it('makes one account of ten parallel sign-ups with one e-mail address', async () => {
    const { email } = newAccount();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => post('/api/auth/register', { ...newAccount(), email })),
    );
    const codes = answers.map(({ status, body }) => (status === 201 ? 'made' : body.code));
    expect(codes.sort()).toEqual([...Array<string>(9).fill('EMAIL_TAKEN'), 'made']);
  });

  it.each([
    ['72 bytes', 'x'.repeat(72), 201],
    ['73 bytes', 'x'.repeat(73), 400],
    ['72 bytes in 36 characters', 'é'.repeat(36), 201],
    ['74 bytes in 37 characters', 'é'.repeat(37), 400],
    ['5 characters', 'test1', 400],
  ])('answers a password of %s as it should', async (_what, password, status) => {
    await post('/api/auth/register', { ...newAccount(), password }).expect(status);
  });

  it.each([
    ['ab'],
    ['x'.repeat(31)],
    ['a b c'],
    ['ünïcode'],
    ['<script>'],
    ['a/../b'],
    ['abc\n'.repeat(2)],
  ])('refuses the username %j', async (username) => {
    const { body } = await post('/api/auth/register', { ...newAccount(), username }).expect(400);
    expect(body).toMatchObject({ code: 'VALIDATION', errors: [{ path: 'username' }] });
  });

  it.each([
    ['role', 'admin'],
    ['_id', 'a'.repeat(24)],
    ['passwordHash', 'x'],
    ['isAdmin', true],
  ])('refuses the unknown field %s by name', async (field, value) => {
    const body = { ...newAccount(), [field]: value };
    const answer = await post('/api/auth/register', body).expect(400);
    expect(answer.body).toMatchObject({ code: 'VALIDATION', errors: [{ path: field }] });
  });
});

describe('POST /api/auth/login', () => {
  it('takes the username or the e-mail address, in any case', async () => {
    const { password, username, email } = newAccount();
    await post('/api/auth/register', { username, email, password }).expect(201);
    for (const name of [username, username.toUpperCase()]) {
      await post('/api/auth/login', { username: name, password }).expect(200);
    }
    for (const address of [email, email.toUpperCase()]) {
      await post('/api/auth/login', { email: address, password }).expect(200);
    }
  });

  it('answers an unknown account and a wrong password alike', async () => {
    const user = await registerUser(server);
    const wrong = await post('/api/auth/login', { username: user.username, password: 'wrong!' });
    const unknown = await post('/api/auth/login', { username: newName(), password: 'wrong!' });
    expect(wrong.status).toBe(401);
    expect(wrong.body.code).toBe('INVALID_CREDENTIALS');
    expect({ ...unknown.body, requestId: '' }).toEqual({ ...wrong.body, requestId: '' });
    expect(unknown.status).toBe(401);
  });

  it('does not match a long password by its first 72 bytes', async () => {
    const account = { ...newAccount(), password: 'x'.repeat(72) };
    await post('/api/auth/register', account).expect(201);
    const { username } = account;
    await post('/api/auth/login', { username, password: 'x'.repeat(72) }).expect(200);
    const { body } = await post('/api/auth/login', { username, password: 'x'.repeat(73) });
    expect(body.code).toBe('VALIDATION');
  });

  it.each([
    ['neither name nor address', { password: 'test123' }],
    ['both name and address', { username: 'a', email: 'a@example.com', password: 'test123' }],
    ['no password', { username: 'test' }],
  ])('refuses %s', async (_what, body) => {
    const answer = await post('/api/auth/login', body).expect(400);
    expect(answer.body.code).toBe('VALIDATION');
  });

  it('locks an account for a while after many wrong passwords, and lets others in', async () => {
    const strict = await startServer({ env: { RATE_LIMIT_LOGIN_FAILURES_PER_HOUR: '3' } });
    try {
      const user = await registerUser(strict);
      const other = await registerUser(strict);
      const attempt = (username: string, password: string) =>
        request(strict.url).post('/api/auth/login').send({ username, password });
      // Good passwords do not count.
      for (let round = 0; round < 5; round += 1)
        await attempt(user.username, 'test123').expect(200);
      for (let round = 0; round < 3; round += 1) {
        await attempt(user.username.toUpperCase(), 'wrong!').expect(401);
      }
      const { body, headers } = await attempt(user.username, 'test123').expect(429);
      expect(body).toMatchObject({ code: 'RATE_LIMITED', retryAfter: expect.any(Number) });
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      await attempt(other.username, 'test123').expect(200);
    } finally {
      await strict.close();
    }
  });
});

describe('limits of signing in and up', () => {
  let limited: TestServer;
  let addresses = 0;

  beforeAll(async () => {
    limited = await startServer({
      env: {
        TRUST_PROXY: '1',
        RATE_LIMIT_AUTH_PER_15_MIN: '5',
        RATE_LIMIT_REGISTER_PER_HOUR: '4',
        RATE_LIMIT_LOGIN_FAILURES_PER_HOUR: '0',
      },
    });
  });

  afterAll(() => limited.close());

  const newAddress = () => `192.0.2.${(addresses += 1)}`;
  const postFrom = (address: string, path: string, body: object) =>
    request(limited.url).post(path).set('X-Forwarded-For', address).send(body);
  const attempt = (address: string, username: string, password: string) =>
    postFrom(address, '/api/auth/login', { username, password });
  const count = (answers: { status: number }[], status: number) =>
    answers.filter((answer) => answer.status === status).length;

  it.each([
    ['changing ports', (i: number) => `198.51.100.7:${40_000 + i}`],
    ['brackets and changing ports', (i: number) => `[2001:db8:77::1]:${40_000 + i}`],
    ['the form of IPv6', (i: number) => (i % 2 ? '::ffff:198.51.100.8' : '198.51.100.8:1')],
  ])('count an address once that a proxy writes with %s', async (_what, address) => {
    const answers = [];
    for (let i = 0; i < 7; i += 1) answers.push(await attempt(address(i), 'nobody', 'wrong1'));
    expect(count(answers, 429)).toBe(2);
  });

  it('let five refused attempts to log in through per address, and count no others', async () => {
    const { username, refreshToken } = await registerUser(limited);
    const address = newAddress();
    for (let i = 0; i < 8; i += 1) await attempt(address, username, 'test123').expect(200);
    for (let i = 0; i < 8; i += 1) await attempt(address, username, '').expect(400);
    for (let i = 0; i < 8; i += 1) {
      await postFrom(address, '/api/auth/refresh', { refreshToken: 'forged' }).expect(401);
    }
    for (let i = 0; i < 5; i += 1) await attempt(address, newName(), 'wrong!').expect(401);
    const { body, headers } = await attempt(address, username, 'test123').expect(429);
    expect(body).toMatchObject({ code: 'RATE_LIMITED', retryAfter: expect.any(Number) });
    expect(headers['retry-after']).toBe(String(body.retryAfter));
    await attempt(newAddress(), username, 'test123').expect(200);
    await postFrom(address, '/api/auth/register', newAccount()).expect(201);
    await postFrom(address, '/api/auth/refresh', { refreshToken }).expect(200);
  });

  it('hold for a parallel burst, and refuse no right password only because of others', async () => {
    const { username } = await registerUser(limited);
    const burst = (address: string, password: string) =>
      Promise.all(Array.from({ length: 20 }, () => attempt(address, username, password)));
    const address = newAddress();
    expect(count(await burst(address, 'test123'), 200)).toBe(20);
    const wrong = await burst(address, 'wrong!');
    expect([count(wrong, 401), count(wrong, 429)]).toEqual([5, 15]);
  });

  it('count all addresses of an IPv6 network as one', async () => {
    for (let i = 0; i < 5; i += 1) {
      await attempt(`2001:db8::${i}`, newName(), 'wrong!').expect(401);
    }
    await attempt('2001:db8::ffff', newName(), 'wrong!').expect(429);
    await attempt('2001:db8:0:1::1', newName(), 'wrong!').expect(401);
  });

  it('let four sign-ups through per address and hour, and count refusals of taken names', async () => {
    const { username } = await registerUser(limited);
    const address = newAddress();
    const signUp = (change: object = {}) =>
      postFrom(address, '/api/auth/register', { ...newAccount(), ...change });
    for (let i = 0; i < 6; i += 1) await signUp({ password: 'short' }).expect(400);
    const answers = await Promise.all([
      signUp({ username }),
      ...Array.from({ length: 9 }, () => signUp()),
    ]);
    expect(count(answers, 201) + count(answers, 409)).toBe(4);
    expect((await signUp()).body).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfter: expect.any(Number),
    });
    await attempt(address, username, 'test123').expect(200);
  });
});

describe('a known device', () => {
  let strict: TestServer;
  let addresses = 0;
  let passed = 0;

  beforeAll(async () => {
    const env = {
      TRUST_PROXY: '1',
      RATE_LIMIT_AUTH_PER_15_MIN: '5',
      RATE_LIMIT_LOGIN_FAILURES_PER_HOUR: '3',
    };
    strict = await startServer({ env, clock: { now: () => Date.now() + passed } });
  });

  afterAll(() => strict.close());

  interface SignedIn {
    token: string;
    deviceToken: string;
  }

  const newAddress = () => `198.51.100.${(addresses += 1)}`;
  const attempt = (body: object, address = newAddress()) =>
    request(strict.url).post('/api/auth/login').set('X-Forwarded-For', address).send(body);
  const signIn = async (body: object): Promise<SignedIn> => {
    const answer = await attempt(body).expect(200);
    return answer.body.data as SignedIn;
  };
  const signUp = async () => {
    const account = newAccount();
    const { body } = await request(strict.url).post('/api/auth/register').send(account).expect(201);
    const { username, password } = account;
    return { ...(body.data as SignedIn), username, password };
  };
  /** Strangers try this account until nobody else gets a try. */
  const attack = async (username: string) => {
    for (let i = 0; i < 3; i += 1) await attempt({ username, password: 'wrong!' }).expect(401);
    await attempt({ username, password: 'test123' }).expect(429);
  };

  it('is not shut out by wrong passwords from elsewhere, nor by those from its own address', async () => {
    const { username, password, deviceToken } = await signUp();
    const laptop = await signIn({ username, password });
    await attack(username);
    const home = newAddress();
    for (let i = 0; i < 5; i += 1) {
      await attempt({ username: newName(), password: 'wrong!' }, home).expect(401);
    }
    await attempt({ username: newName(), password: 'wrong!' }, home).expect(429);
    for (const known of [deviceToken, laptop.deviceToken]) {
      const again = await attempt({ username, password, deviceToken: known }, home).expect(200);
      expect(again.body.data.deviceToken).toBe(known);
    }
  });

  it('has as many wrong passwords as others, of its own', async () => {
    const { username, password, deviceToken } = await signUp();
    const laptop = await signIn({ username, password });
    for (let i = 0; i < 3; i += 1) {
      await attempt({ username, password: 'wrong!', deviceToken }).expect(401);
    }
    await attempt({ username, password, deviceToken }).expect(429);
    await attempt({ username, password }).expect(200);
    await attempt({ username, password, deviceToken: laptop.deviceToken }).expect(200);
  });

  it('does not keep its owner, signed in, from changing the password during an attack', async () => {
    const { username, password, token, deviceToken } = await signUp();
    const laptop = await signIn({ username, password });
    await attack(username);
    await request(strict.url)
      .post('/api/auth/change-password')
      .auth(token, { type: 'bearer' })
      .send({ currentPassword: password, newPassword: 'better123' })
      .expect(200);
    const renewed = { username, password: 'better123' };
    await attempt({ ...renewed, deviceToken }).expect(200);
    // Whoever has signed in with the old password is a stranger now.
    await attempt({ ...renewed, deviceToken: laptop.deviceToken }).expect(429);
  });

  it('is unknown with a token that is none, of another account, or has expired', async () => {
    const { username, password, deviceToken } = await signUp();
    const other = await signUp();
    const useless = ['', 'nonsense', `${'a'.repeat(24)}.${'x'.repeat(43)}`, other.deviceToken];
    for (const each of useless) {
      const answer = await attempt({ username, password, deviceToken: each }).expect(200);
      expect(answer.body.data.deviceToken).not.toBe(each);
    }
    await attack(username);
    for (const each of useless) {
      await attempt({ username, password, deviceToken: each }).expect(429);
    }
    passed = 180 * 24 * 3600 * 1000 + 1000;
    await attempt({ username, password, deviceToken }).expect(429);
    passed = 0;
    await attempt({ username, password, deviceToken }).expect(200);
  });

  it('is one of twenty per account, of which the one unused for longest goes, and is stored as a hash', async () => {
    const { username, password, deviceToken } = await signUp();
    const tokens: string[] = [];
    for (let i = 0; i < 20; i += 1) {
      tokens.push((await signIn({ username, password })).deviceToken);
      // Being used keeps the first one.
      if (i === 10) await signIn({ username, password, deviceToken });
    }
    await attack(username);
    await attempt({ username, password, deviceToken: tokens[0] }).expect(429);
    for (const known of [deviceToken, tokens[1], tokens[19]]) {
      await attempt({ username, password, deviceToken: known }).expect(200);
    }
    const people = await openAccounts(strict);
    const { _id } = (await people.accounts.findByUsername(username))!;
    const devices = await people.db.collection('knowndevices').find({ userId: _id }).toArray();
    await people.close();
    expect(devices).toHaveLength(20);
    for (const token of tokens) expect(JSON.stringify(devices)).not.toContain(token.split('.')[1]);
  });

  it('goes under one token when it signs in twice at once', async () => {
    const { username, password, deviceToken } = await signUp();
    const both = await Promise.all([1, 2].map(() => signIn({ username, password, deviceToken })));
    expect(both.map((signedIn) => signedIn.deviceToken)).toEqual([deviceToken, deviceToken]);
  });
});

describe('hostile input', () => {
  const values = [{ $ne: null }, { $gt: '' }, { $regex: '.*' }, ['test'], null, 7, true, {}];

  const expectRefusal = async (path: string, good: object, field: string, token?: string) => {
    for (const value of values) {
      const call = post(path, { ...good, [field]: value });
      const { status, body } = await (token ? call.auth(token, { type: 'bearer' }) : call);
      expect({ status, code: body.code, value }).toEqual({
        status: 400,
        code: 'VALIDATION',
        value,
      });
      expect(body.errors).toEqual([{ path: field, message: expect.any(String) }]);
    }
  };

  it.each(['username', 'email', 'password', 'firstName', 'lastName'])(
    'is refused as %s of a sign-up',
    async (field) => {
      await expectRefusal('/api/auth/register', newAccount(), field);
    },
  );

  it.each([
    ['username', { username: 'test', password: 'test123' }],
    ['email', { email: 'test@example.com', password: 'test123' }],
    ['password', { username: 'test', password: 'test123' }],
  ])('is refused as %s of a sign-in', async (field, good) => {
    await expectRefusal('/api/auth/login', good, field);
  });

  it('is refused as refresh token', async () => {
    await expectRefusal('/api/auth/refresh', {}, 'refreshToken');
  });

  it.each(['currentPassword', 'newPassword'])('is refused as %s', async (field) => {
    const { token } = await registerUser(server);
    const good = { currentPassword: 'test123', newPassword: 'other123' };
    await expectRefusal('/api/auth/change-password', good, field, token);
  });

  it.each(['a\0b@example.com', '\ud800@example.com'])('refuses %j as an address', async (email) => {
    const { body } = await post('/api/auth/login', { email, password: 'test123' }).expect(400);
    expect(body.code).toBe('VALIDATION');
  });

  it.each([
    ['an array', '[]'],
    ['text', '"x"'],
    ['null', 'null'],
    ['broken JSON', '{"username":'],
  ])('refuses %s as a body', async (_what, text) => {
    const { status, body } = await request(server.url)
      .post('/api/auth/login')
      .set('content-type', 'application/json')
      .send(text);
    expect(status).toBe(400);
    expect(['VALIDATION', 'BAD_JSON']).toContain(body.code);
  });
});

describe('signed-in routes', () => {
  it.each([
    ['get', '/api/auth/me'],
    ['post', '/api/auth/logout'],
    ['post', '/api/auth/logout-all'],
    ['post', '/api/auth/change-password'],
  ] as const)('%s %s requires authentication', async (method, path) => {
    const { body } = await request(server.url)[method](path).expect(401);
    expect(body).toMatchObject({ success: false, code: 'UNAUTHENTICATED' });
  });

  it('refuses a refresh token as access token', async () => {
    const { refreshToken } = await registerUser(server);
    await expectSignedOut(refreshToken);
  });

  it('refuses a token that another secret has signed', async () => {
    const { token } = await registerUser(server);
    const claims = jwt.decode(token) as object;
    await expectSignedOut(jwt.sign(claims, 'another secret of more than thirty-two characters'));
  });

  it('tells that a token has expired', async () => {
    let passed = 0;
    const clock = { now: () => Date.now() + passed };
    const brief = await startServer({ env: { JWT_EXPIRES_IN: '1m' }, clock });
    try {
      const { token } = await registerUser(brief);
      passed = 60_000;
      const { body } = await request(brief.url)
        .get('/api/auth/me')
        .auth(token, { type: 'bearer' })
        .expect(401);
      expect(body.code).toBe('TOKEN_EXPIRED');
    } finally {
      await brief.close();
    }
  });
});

describe('POST /api/auth/refresh', () => {
  it('replaces both tokens and goes on with the same login', async () => {
    const first = await registerUser(server);
    const { body } = await post('/api/auth/refresh', { refreshToken: first.refreshToken });
    expect(body.data.refreshToken).not.toBe(first.refreshToken);
    expect(body.data.user.id).toBe(first.id);
    await as(body.data.token).get('/api/auth/me').expect(200);
    await as(first.token).get('/api/auth/me').expect(200);
    const again = { refreshToken: body.data.refreshToken };
    await post('/api/auth/refresh', again).expect(200);
  });

  it('ends the login when a used token comes again, for its newest tokens too', async () => {
    const ended: string[] = [];
    server.app.bus.subscribe([
      {
        event: 'session.revoked',
        phase: 'effects',
        on: 'origin',
        does: 'notes whose logins have ended',
        run: ({ userId }) => {
          ended.push(userId);
        },
      },
    ]);
    const user = await registerUser(server);
    const { refreshToken } = user;
    const other = await login({ username: user.username, password: 'test123' });
    const newest = await refreshTimes(3, refreshToken);
    const { body } = await refresh(refreshToken).expect(401);
    expect(body.code).toBe('REFRESH_REUSED');
    expect(ended).toEqual([user.id]);
    await expectSignedOut(newest.token);
    expect((await refresh(newest.refreshToken).expect(401)).body.code).toBe('UNAUTHENTICATED');
    // The user's login on another device is another family.
    await as(other.token).get('/api/auth/me').expect(200);
  });

  it('gives the same successor again when the answer was lost', async () => {
    const { refreshToken, token } = await registerUser(server);
    const { body: lost } = await refresh(refreshToken).expect(200);
    const { body: again } = await refresh(refreshToken).expect(200);
    expect(again.data.refreshToken).toBe(lost.data.refreshToken);
    const next = await refreshTimes(1, again.data.refreshToken);
    for (const signedIn of [token, lost.data.token, again.data.token, next.token]) {
      await as(signedIn).get('/api/auth/me').expect(200);
    }
  });

  it('answers a call that arrives when the successor has been used, but not its successor', async () => {
    const { refreshToken, token } = await registerUser(server);
    const next = await refreshTimes(2, refreshToken);
    // The slower of two tabs, whose call was under way meanwhile; it goes on with what it gets.
    const slow = await refreshTimes(2, refreshToken);
    expect(slow.refreshToken).toBe(next.refreshToken);
    await refresh(next.refreshToken).expect(200);
    expect((await refresh(refreshToken)).body.code).toBe('REFRESH_REUSED');
    await expectSignedOut(token);
  });

  it('answers again for a minute after the first use, however often it is asked', async () => {
    let passed = 0;
    const clock = { now: () => Date.now() + passed };
    const later = await startServer({ clock });
    try {
      const { refreshToken, token } = await registerUser(later);
      const again = () => request(later.url).post('/api/auth/refresh').send({ refreshToken });
      await again().expect(200);
      passed = 10_000;
      await again().expect(200);
      passed = 60_000;
      const { body } = await again().expect(401);
      expect(body.code).toBe('REFRESH_REUSED');
      await request(later.url).get('/api/auth/me').auth(token, { type: 'bearer' }).expect(401);
    } finally {
      await later.close();
    }
  });

  it('gives ten parallel calls on two nodes one successor, with which each goes on', async () => {
    const other = await startServer({ mongodbUri: server.mongodbUri });
    try {
      let tokens = Array<string>(10).fill((await registerUser(server)).refreshToken);
      let access: string[] = [];
      for (let round = 0; round < 3; round += 1) {
        const answers = await Promise.all(
          tokens.map((refreshToken, index) =>
            request((index % 2 ? server : other).url)
              .post('/api/auth/refresh')
              .send({ refreshToken })
              .expect(200),
          ),
        );
        tokens = answers.map(({ body }) => body.data.refreshToken as string);
        access = answers.map(({ body }) => body.data.token as string);
        expect(new Set(tokens).size).toBe(1);
      }
      for (const token of access) await as(token).get('/api/auth/me').expect(200);
    } finally {
      await other.close();
    }
  });

  it('goes on with the tokens that an older version of the server has handed out', async () => {
    const { refreshToken, token } = await registerUser(server);
    const sessions = inside.db.collection('refreshtokens');
    const _id = new Types.ObjectId(refreshToken.split('.')[0]);
    const random = (text: string) => `${_id.toHexString()}.${text.repeat(43)}`;
    const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
    const store = (change: object) =>
      sessions.updateOne({ _id }, { $set: change, $unset: { olderHash: '', olderRotatedAt: '' } });
    await store({ tokenHash: hashOf(random('x')), previousHash: hashOf(random('w')) });
    await refreshTimes(2, random('x'));
    // The server was replaced while its answer was under way.
    await store({
      tokenHash: hashOf(random('z')),
      previousHash: hashOf(random('y')),
      rotatedAt: new Date(),
    });
    const answers = await Promise.all([random('y'), random('y')].map((text) => refresh(text)));
    const [one, two] = answers.map(({ body }) => body.data.refreshToken as string);
    expect(one).toBe(two);
    await refreshTimes(2, one!);
    await as(token).get('/api/auth/me').expect(200);
  });

  it('keeps no token of a login in the clear, nor what they follow from', async () => {
    const { refreshToken } = await registerUser(server);
    const second = await refreshTimes(1, refreshToken);
    const third = await refreshTimes(1, second.refreshToken);
    const _id = new Types.ObjectId(refreshToken.split('.')[0]);
    const stored = JSON.stringify(await inside.db.collection('refreshtokens').findOne({ _id }));
    for (const token of [refreshToken, second.refreshToken, third.refreshToken]) {
      expect(stored).not.toContain(token.split('.')[1]);
    }
  });

  it.each(['nonsense', `${'a'.repeat(24)}.${'x'.repeat(43)}`, 'a.b.c'])(
    'refuses %j',
    async (refreshToken) => {
      const { body } = await post('/api/auth/refresh', { refreshToken }).expect(401);
      expect(body.code).toBe('UNAUTHENTICATED');
    },
  );

  it('refuses an access token', async () => {
    const { token } = await registerUser(server);
    const { status } = await post('/api/auth/refresh', { refreshToken: token });
    expect([400, 401]).toContain(status);
    await as(token).get('/api/auth/me').expect(200);
  });

  it('refuses an expired refresh token', async () => {
    let passed = 0;
    const clock = { now: () => Date.now() + passed };
    const brief = await startServer({ env: { REFRESH_EXPIRES_IN: '1m' }, clock });
    try {
      const { refreshToken } = await registerUser(brief);
      passed = 60_000;
      const { body } = await request(brief.url).post('/api/auth/refresh').send({ refreshToken });
      expect(body.code).toBe('UNAUTHENTICATED');
    } finally {
      await brief.close();
    }
  });
});

describe('logging out', () => {
  it('ends this login at once, and no other', async () => {
    const first = await registerUser(server);
    const second = await login({ username: first.username, password: 'test123' });
    await as(first.token).get('/api/auth/me').expect(200);
    const { body } = await as(first.token).post('/api/auth/logout').expect(200);
    expect(body.data).toEqual({ endedSessions: 1 });
    await expectSignedOut(first.token);
    const { refreshToken } = first;
    expect((await post('/api/auth/refresh', { refreshToken })).body.code).toBe('UNAUTHENTICATED');
    await as(second.token).get('/api/auth/me').expect(200);
  });

  it('everywhere ends all logins at once', async () => {
    const first = await registerUser(server);
    const second = await login({ username: first.username, password: 'test123' });
    await as(second.token).get('/api/auth/me').expect(200);
    const { body } = await as(first.token).post('/api/auth/logout-all').expect(200);
    expect(body.data).toEqual({ endedSessions: 2 });
    await expectSignedOut(first.token);
    await expectSignedOut(second.token);
  });
});

describe('POST /api/auth/change-password', () => {
  it('sets the new password and ends the other logins', async () => {
    const first = await registerUser(server);
    const second = await login({ username: first.username, password: 'test123' });
    const change = { currentPassword: 'test123', newPassword: 'better123' };
    const { body } = await as(first.token).post('/api/auth/change-password', change).expect(200);
    expect(body.data).toEqual({ endedSessions: 1 });
    await as(first.token).get('/api/auth/me').expect(200);
    await expectSignedOut(second.token);
    const { username } = first;
    await post('/api/auth/login', { username, password: 'test123' }).expect(401);
    await post('/api/auth/login', { username, password: 'better123' }).expect(200);
  });

  it('refuses a wrong current password and leaves everything as it is', async () => {
    const user = await registerUser(server);
    const { token } = user;
    const change = { currentPassword: 'wrong!', newPassword: 'better123' };
    const { body } = await as(token).post('/api/auth/change-password', change).expect(401);
    expect(body.code).toBe('INVALID_CREDENTIALS');
    await login({ username: user.username, password: 'test123' });
  });

  it('lets one of two changes win that found the same password', async () => {
    const user = await registerUser(server);
    const { accounts } = inside;
    const { passwordHash } = (await accounts.findById(user.id))!;
    const replaced = await Promise.all([
      accounts.replacePasswordHash(user.id, passwordHash, 'one'),
      accounts.replacePasswordHash(user.id, passwordHash, 'two'),
    ]);
    expect(replaced.sort()).toEqual([false, true]);
  });

  it.each(['short', 'x'.repeat(73)])('refuses the new password %j', async (newPassword) => {
    const { token } = await registerUser(server);
    const change = { currentPassword: 'test123', newPassword };
    await as(token).post('/api/auth/change-password', change).expect(400);
  });
});

describe('a deactivated account', () => {
  it('is refused everywhere at once, and says why', async () => {
    const user = await registerUser(server);
    const { token, refreshToken } = user;
    await as(token).get('/api/auth/me').expect(200);
    await inside.accounts.deactivate(user.id);
    await expectSignedOut(token, 'ACCOUNT_DEACTIVATED');
    const { username } = user;
    const good = await post('/api/auth/login', { username, password: 'test123' }).expect(403);
    expect(good.body.code).toBe('ACCOUNT_DEACTIVATED');
    const wrong = await post('/api/auth/login', { username, password: 'wrong!' }).expect(401);
    expect(wrong.body.code).toBe('INVALID_CREDENTIALS');
    const refreshed = await post('/api/auth/refresh', { refreshToken });
    expect([401, 403]).toContain(refreshed.status);
  });

  it('has to sign in anew when it is opened again', async () => {
    const user = await registerUser(server);
    const { token } = user;
    const allEnded = new Promise<void>((resolve) => {
      server.app.bus.subscribe([
        {
          event: 'sessions.revoked',
          phase: 'effects',
          on: 'origin',
          does: 'waits for the end of the logins',
          run: ({ userId }) => {
            if (userId === user.id) resolve();
          },
        },
      ]);
    });
    await inside.accounts.deactivate(user.id);
    await allEnded;
    await inside.accounts.reactivate(user.id);
    await expectSignedOut(token);
    await login({ username: user.username, password: 'test123' });
  });
});

describe('roles', () => {
  it('take effect on the tokens that are out', async () => {
    const user = await registerUser(server);
    const { token } = user;
    await inside.accounts.setRole(user.id, 'admin');
    const { body } = await as(token).get('/api/auth/me').expect(200);
    expect(body.data.role).toBe('admin');
  });
});

describe('the first admin', () => {
  it('is made at the start from the settings, once, however many nodes start', async () => {
    const env = {
      ADMIN_USERNAME: 'root',
      ADMIN_EMAIL: 'root@example.com',
      ADMIN_PASSWORD: 'first admin of all',
    };
    const { mongodbUri } = server;
    const nodes = await Promise.all([
      startServer({ env, mongodbUri }),
      startServer({ env, mongodbUri }),
    ]);
    await Promise.all(nodes.map((node) => node.close()));
    const { user } = await login({ username: 'root', password: env.ADMIN_PASSWORD });
    expect(user).toMatchObject({ username: 'root', role: 'admin' });
  });
});

describe('a login by any name', () => {
  it.each<[string, (username: string) => object]>([
    ['identifier: the username', (name) => ({ identifier: name })],
    ['identifier: the address', (name) => ({ identifier: `${name}@example.com` })],
    ['username: the address', (name) => ({ username: `${name}@example.com` })],
    ['email: the username', (name) => ({ email: name })],
    ['username in capitals', (name) => ({ username: name.toUpperCase() })],
    ['email in capitals', (name) => ({ email: `${name}@example.com`.toUpperCase() })],
    ['identifier in capitals', (name) => ({ identifier: `${name}@EXAMPLE.com` })],
    ['username between spaces', (name) => ({ username: `  ${name}\t` })],
    ['email between spaces', (name) => ({ email: `\u3000${name}@example.com ` })],
    [
      'username in full width',
      (name) => ({
        username: name.replace(/[a-z]/g, (c) => String.fromCodePoint(c.codePointAt(0)! + 0xfee0)),
      }),
    ],
    ['address with a full-width @', (name) => ({ identifier: `${name}\uff20example.com` })],
  ])('takes %s', async (_, credentials) => {
    const account = newAccount();
    const username = `Dot.${account.username}`;
    await post('/api/auth/register', {
      ...account,
      username,
      email: `${username}@example.com`,
    }).expect(201);
    const { user } = await login({ ...credentials(username), password: 'test123' });
    expect(user).toMatchObject({ username });
  });

  it('takes exactly one name, and tells nothing of unknown ones', async () => {
    const { username } = await registerUser(server);
    const password = 'test123';
    await post('/api/auth/login', { password }).expect(400);
    await post('/api/auth/login', { identifier: username, username, password }).expect(400);
    for (const identifier of ['nobody', 'nobody@example.com', '@', `@${username}`]) {
      const { body } = await post('/api/auth/login', { identifier, password }).expect(401);
      expect(body).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    }
  });

  it('opens accounts whose names were reserved only later', async () => {
    const user = await registerUser(server);
    await inside.db
      .collection('users')
      .updateOne(
        { username: user.username },
        { $set: { username: 'everyone', usernameLower: 'everyone' } },
      );
    const { user: own } = await login({ identifier: 'Everyone', password: 'test123' });
    expect(own).toMatchObject({ id: user.id, username: 'everyone' });
  });
});

describe('a password', () => {
  const samples: [string, string, string][] = [
    ['accents of their own', 'Z\u00FCrich-caf\u00E9-12', 'Zu\u0308rich-cafe\u0301-12'],
    ['full width', 'secret12', '\uff53\uff45\uff43\uff52\uff45\uff54\uff11\uff12'],
    ['a ligature', 'office-12', 'o\ufb03ce-12'],
    [
      'Hangul',
      '\ud55c\uae00\ube44\ubc00\ubc88\ud638',
      '\ud55c\uae00\ube44\ubc00\ubc88\ud638'.normalize('NFD'),
    ],
    [
      'two marks',
      '\u1ec7\u1ec7\u1ec7\u1ec7\u1ec7\u1ec7',
      'e\u0323\u0302'.repeat(3) + 'e\u0302\u0323'.repeat(3),
    ],
    ['the sign for a unit', '\u00c5ngstr\u00f6m', '\u212bngstr\u00f6m'],
  ];
  it.each(samples)('of %s is the same in every Unicode form', async (_, one, other) => {
    for (const [chosen, typed] of [
      [one, other],
      [other, one],
    ]) {
      const account = { ...newAccount(), password: chosen! };
      await post('/api/auth/register', account).expect(201);
      for (const password of [one, other]) await login({ username: account.username, password });
      const { token } = await login({ username: account.username, password: typed });
      await as(token)
        .post('/api/auth/change-password', { currentPassword: typed, newPassword: 'better123' })
        .expect(200);
    }
  });

  it('is another with other letters, signs or spaces', async () => {
    const account = { ...newAccount(), password: 'Zürich-12' };
    await post('/api/auth/register', account).expect(201);
    for (const password of ['Zurich-12', 'zürich-12', 'Zürich-12 ', 'Zürich–12', 'Zürich-1']) {
      await post('/api/auth/login', { username: account.username, password }).expect(401);
    }
  });

  describe('hashed before it had a form', () => {
    const apart = 'Zu\u0308rich-cafe\u0301-12';
    /** An account whose hash is of the password as it was given; answers the stored hash of now. */
    const former = async (password: string) => {
      const user = await registerUser(server);
      const { deviceToken } = await login({ username: user.username, password: 'test123' });
      const users = inside.db.collection('users');
      const passwordHash = await bcrypt.hash(password, 4);
      await users.updateOne({ username: user.username }, { $set: { passwordHash } });
      const hashNow = async () =>
        (await users.findOne({ username: user.username }))?.passwordHash as string;
      return { ...user, passwordHash, deviceToken, hashNow };
    };

    it('signs in as it was given, and in every form from then on', async () => {
      const user = await former(apart);
      const composed = apart.normalize('NFC');
      await post('/api/auth/login', { username: user.username, password: composed }).expect(401);
      const known = await login({ username: user.username, password: apart });
      expect(await user.hashNow()).not.toBe(user.passwordHash);
      const again = await login({
        username: user.username,
        password: composed,
        deviceToken: known.deviceToken,
      });
      expect(again.deviceToken).toBe(known.deviceToken);
      await login({ username: user.username, password: apart });
    });

    it('signs in at many places at once while the hash is replaced', async () => {
      const user = await former(apart);
      const logins = await Promise.all(
        Array.from({ length: 6 }, () => login({ username: user.username, password: apart })),
      );
      for (const { token } of logins) await as(token).get('/api/auth/me').expect(200);
    });

    it('is confirmed as it was given when it is changed', async () => {
      const user = await former(apart);
      await as(user.token)
        .post('/api/auth/change-password', { currentPassword: apart, newPassword: 'better123' })
        .expect(200);
      await login({ username: user.username, password: 'better123' });
    });

    it('signs in although it is too long in its form, and its beginning does not', async () => {
      const long = '\ufdfa'.repeat(5);
      const user = await former(long);
      await login({ username: user.username, password: long });
      expect(await user.hashNow()).toBe(user.passwordHash);
      const cut = await former(Buffer.from(long.normalize('NFKC')).subarray(0, 72).toString());
      await post('/api/auth/login', { username: cut.username, password: long }).expect(401);
    });

    it('whose hash is of its form is not replaced', async () => {
      const user = await former('test123');
      await login({ username: user.username, password: 'test123' });
      expect(await user.hashNow()).toBe(user.passwordHash);
    });
  });
});
