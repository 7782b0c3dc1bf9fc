/** The second factor: codes of an authenticator app, recovery codes, and who must have one (TOTP_REQUIRED). */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TOTP } from 'otpauth';
import { URI } from 'otpauth';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import type { TestServer, TestUser } from '../support/server.js';
import { registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

const PASSWORD = 'test123';
const STEP_MS = 30_000;

let server: TestServer;
let admin: TestUser;
/** How far the server's clock is ahead, in milliseconds. */
let ahead = 0;
const clock = { now: () => Date.now() + ahead };

beforeAll(async () => {
  server = await startServer({ env: ADMIN_ENV, clock });
  admin = await loginAdmin(server);
});
afterAll(async () => {
  await server.close();
});

const post = (path: string, body: object, user?: Pick<TestUser, 'auth'>, on = server) =>
  on.http
    .post(path)
    .set(user?.auth ?? {})
    .send(body);
const codeOf = ({ body }: { body: unknown }) => (body as { code?: string }).code;

/** The code of a secret, some steps from now; the clock moves on, because each code works once. */
const freshCode = (totp: TOTP): string => {
  ahead += STEP_MS;
  return totp.generate({ timestamp: clock.now() });
};

const enrol = async (user: Pick<TestUser, 'auth'>, on = server) => {
  const { body } = await post('/api/auth/totp/enrol', { password: PASSWORD }, user, on).expect(200);
  const { secret, uri } = (body as { data: { secret: string; uri: string } }).data;
  const totp = URI.parse(uri) as TOTP;
  expect(totp.secret.base32).toBe(secret);
  const confirmed = await post('/api/auth/totp/confirm', { code: freshCode(totp) }, user, on);
  expect(confirmed.status).toBe(200);
  const { recoveryCodes } = (confirmed.body as { data: { recoveryCodes: string[] } }).data;
  expect(new Set(recoveryCodes).size).toBe(10);
  return { secret, totp, recoveryCodes };
};

const login = ({ username }: Pick<TestUser, 'username'>, on = server) =>
  post('/api/auth/login', { username, password: PASSWORD }, undefined, on);

const challengeOf = async (user: TestUser): Promise<string> => {
  const { body } = await login(user).expect(401);
  expect(body).toMatchObject({ success: false, code: 'TOTP_REQUIRED' });
  return (body as { challenge: string }).challenge;
};

const complete = (challenge: string, code: string) => post('/api/auth/totp', { challenge, code });

describe('a second factor', () => {
  it('is on once a code of the secret is confirmed, and then every login asks for it', async () => {
    const user = await registerUser(server);
    await post('/api/auth/totp/enrol', {}, user).expect(200);
    expect(codeOf(await post('/api/auth/totp/confirm', { code: '000000' }, user))).toBe(
      'TOTP_INVALID',
    );
    await login(user).expect(200);
    const { totp } = await enrol(user);
    const { body } = await complete(await challengeOf(user), freshCode(totp)).expect(200);
    const { token, deviceToken } = (body as { data: { token: string; deviceToken: string } }).data;
    const auth = { Authorization: `Bearer ${token}` };
    const me = await server.http.get('/api/auth/me').set(auth).expect(200);
    expect(me.body).toMatchObject({ data: { hasTotp: true } });
    // A known device is asked, too.
    const known = { username: user.username, password: PASSWORD, deviceToken };
    expect(codeOf(await post('/api/auth/login', known))).toBe('TOTP_REQUIRED');
    expect(codeOf(await post('/api/auth/totp/enrol', {}, { auth }))).toBe('CONFLICT');
  });

  it('takes codes of one step before and after, and none twice', async () => {
    const user = await registerUser(server);
    const { totp } = await enrol(user);
    ahead += 10 * STEP_MS;
    const at = (steps: number) => totp.generate({ timestamp: clock.now() + steps * STEP_MS });
    const attempt = async (code: string) => codeOf(await complete(await challengeOf(user), code));
    expect(await attempt(at(-2))).toBe('TOTP_INVALID');
    expect(await attempt(at(2))).toBe('TOTP_INVALID');
    const former = at(-1);
    expect(await attempt(former)).toBeUndefined();
    expect(await attempt(former)).toBe('TOTP_INVALID');
    const next = at(1);
    expect(await attempt(next)).toBeUndefined();
    // A later code was used: the one before it is old.
    expect(await attempt(at(0))).toBe('TOTP_INVALID');
  });

  it('lets one of two logins in that use the same code at once', async () => {
    const user = await registerUser(server);
    const { totp } = await enrol(user);
    const challenge = await challengeOf(user);
    const code = freshCode(totp);
    const answers = await Promise.all([1, 2, 3].map(() => complete(challenge, code)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
  });

  it('is replaced by a recovery code, once each, and new ones replace the rest', async () => {
    const user = await registerUser(server);
    const { totp, recoveryCodes } = await enrol(user);
    const [first, second] = recoveryCodes as [string, string];
    const { body } = await complete(await challengeOf(user), ` ${first.toUpperCase()} `).expect(
      200,
    );
    expect(codeOf(await complete(await challengeOf(user), first))).toBe('TOTP_INVALID');
    const auth = {
      Authorization: `Bearer ${(body as { data: { token: string } }).data.token}`,
    };
    const renewed = await post(
      '/api/auth/totp/recovery-codes',
      { code: freshCode(totp) },
      { auth },
    );
    expect(renewed.status).toBe(200);
    expect(codeOf(await complete(await challengeOf(user), second))).toBe('TOTP_INVALID');
    const [third] = (renewed.body as { data: { recoveryCodes: string[] } }).data.recoveryCodes;
    await complete(await challengeOf(user), third!).expect(200);
  });

  it('is stored so that the database alone gives nothing away', async () => {
    const user = await registerUser(server);
    const { secret, recoveryCodes } = await enrol(user);
    const stored = JSON.stringify(
      await server.app.connection.collection('twofactors').find().toArray(),
    );
    expect(stored).not.toContain(secret);
    for (const code of recoveryCodes) {
      expect(stored).not.toContain(code);
      expect(stored).not.toContain(code.replaceAll('-', ''));
    }
  });

  it('is turned off by the password and a code, and by an admin for who has lost it', async () => {
    const user = await registerUser(server);
    const { totp } = await enrol(user);
    const disable = (password: string, code: string) =>
      post('/api/auth/totp/disable', { password, code }, user);
    expect(codeOf(await disable('not it', freshCode(totp)))).toBe('INVALID_CREDENTIALS');
    expect(codeOf(await disable(PASSWORD, '123456'))).toBe('TOTP_INVALID');
    await disable(PASSWORD, freshCode(totp)).expect(200);
    await login(user).expect(200);
    await enrol(user);
    await challengeOf(user);
    const path = `/api/admin/users/${user.id}/totp`;
    await server.http.delete(path).set(user.auth).expect(403);
    const removed = await server.http.delete(path).set(admin.auth).expect(200);
    expect(removed.body).toMatchObject({ data: { id: user.id, hasTotp: false } });
    await server.http.get('/api/auth/me').set(user.auth).expect(401);
    await login(user).expect(200);
    const { body } = await server.http.get('/api/admin/audit').set(admin.auth).expect(200);
    expect(JSON.stringify(body)).toContain('users.remove_second_factor');
  });
});

describe('a challenge', () => {
  it('ends after five minutes, with the password, and is nothing else', async () => {
    const user = await registerUser(server);
    const { totp } = await enrol(user);
    const challenge = await challengeOf(user);
    const asToken = { Authorization: `Bearer ${challenge}` };
    await server.http.get('/api/auth/me').set(asToken).expect(401);
    expect(codeOf(await complete(user.token, freshCode(totp)))).toBe('UNAUTHENTICATED');
    expect(codeOf(await complete(`${challenge}x`, freshCode(totp)))).toBe('UNAUTHENTICATED');
    ahead += 5 * 60_000;
    expect(codeOf(await complete(challenge, freshCode(totp)))).toBe('UNAUTHENTICATED');
    const second = await challengeOf(user);
    const change = { currentPassword: PASSWORD, newPassword: 'another one' };
    await post('/api/auth/change-password', change, user).expect(200);
    expect(codeOf(await complete(second, freshCode(totp)))).toBe('UNAUTHENTICATED');
  });

  it('allows some wrong codes per account and hour, then even the right one is refused', async () => {
    const strict = await startServer({
      mongodbUri: server.mongodbUri,
      env: { RATE_LIMIT_TOTP_FAILURES_PER_HOUR: '3' },
      clock,
    });
    const user = await registerUser(server);
    const { totp } = await enrol(user);
    const tryOn = async (code: string) => {
      const { body } = await login(user, strict).expect(401);
      const { challenge } = body as { challenge: string };
      return codeOf(await post('/api/auth/totp', { challenge, code }, undefined, strict));
    };
    const codes = [];
    for (let i = 0; i < 4; i += 1) codes.push(await tryOn(`00000${i}`));
    expect(codes).toEqual(['TOTP_INVALID', 'TOTP_INVALID', 'TOTP_INVALID', 'RATE_LIMITED']);
    expect(await tryOn(freshCode(totp))).toBe('RATE_LIMITED');
    await strict.close();
  });
});

describe('TOTP_REQUIRED', () => {
  it('=all lets those without a second factor do nothing but set one up', async () => {
    const strict = await startServer({
      mongodbUri: server.mongodbUri,
      env: { TOTP_REQUIRED: 'all' },
      clock,
    });
    const user = await registerUser(strict);
    const refused = await strict.http.get('/api/chats/active').set(user.auth).expect(403);
    expect(refused.body).toMatchObject({ code: 'TOTP_ENROLMENT_REQUIRED' });
    await expect(TestSocket.connect(strict, user)).rejects.toMatchObject({
      data: { code: 'TOTP_ENROLMENT_REQUIRED' },
    });
    await strict.http.get('/api/auth/me').set(user.auth).expect(200);
    const { totp } = await enrol(user, strict);
    await strict.http.get('/api/chats/active').set(user.auth).expect(200);
    (await TestSocket.connect(strict, user)).close();
    const disable = { password: PASSWORD, code: freshCode(totp) };
    const kept = await post('/api/auth/totp/disable', disable, user, strict);
    expect([kept.status, codeOf(kept)]).toEqual([403, 'FORBIDDEN']);
    await strict.close();
  });

  it('=admins asks admins alone, and those who become one', async () => {
    const strict = await startServer({
      mongodbUri: server.mongodbUri,
      env: { TOTP_REQUIRED: 'admins' },
      clock,
    });
    const user = await registerUser(strict);
    await strict.http.get('/api/chats/active').set(user.auth).expect(200);
    expect(codeOf(await strict.http.get('/api/admin/users').set(admin.auth))).toBe(
      'TOTP_ENROLMENT_REQUIRED',
    );
    await enrol(admin, strict);
    await strict.http.get('/api/admin/users').set(admin.auth).expect(200);
    await strict.http
      .put(`/api/admin/users/${user.id}/role`)
      .set(admin.auth)
      .send({ role: 'admin' })
      .expect(200);
    expect(codeOf(await strict.http.get('/api/chats/active').set(user.auth))).toBe(
      'TOTP_ENROLMENT_REQUIRED',
    );
    await strict.close();
  });
});
