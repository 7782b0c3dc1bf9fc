/** People who sign in with the tokens of a configured issuer: REST, sockets, keys, revocation. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey } from 'jose';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestServer } from '../support/server.js';
import { startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';
import { SHOP_ISSUER, shopLogoutToken, shopToken } from '../support/issuer.js';
import { eventually } from '../support/eventually.js';

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

let server: TestServer;
let provider: Server;
let key: CryptoKey;
let keyRequests = 0;

type Claims = Record<string, unknown>;
type Body = Record<string, unknown> & { code?: string; data?: Record<string, unknown> };

const now = () => Math.floor(Date.now() / 1000);
/** A token of the issuer `main`, as its library signs it. */
const tokenOf = (claims: Claims, header: Record<string, unknown> = {}) =>
  new SignJWT({ iss: 'https://id.test', aud: 'chat', iat: now(), exp: now() + 600, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'one', ...header })
    .sign(key);
const me = async (token: string) => {
  const answer = await server.http.get('/api/auth/me').set({ authorization: `Bearer ${token}` });
  return { status: answer.status, body: answer.body as Body };
};
const logOut = async (claims: Claims) => {
  const token = await tokenOf(
    { jti: `${Math.random()}`, exp: now() + 60, events: { [LOGOUT_EVENT]: {} }, ...claims },
    { typ: 'logout+jwt' },
  );
  return {
    token,
    answer: await server.http
      .post('/api/auth/backchannel-logout')
      .type('form')
      .send({ logout_token: token }),
  };
};

beforeAll(async () => {
  const pair = await generateKeyPair('RS256');
  key = pair.privateKey;
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'RS256' };
  provider = createServer((_, res) => {
    keyRequests += 1;
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  const { port } = provider.address() as AddressInfo;
  const issuers = [
    {
      name: 'main',
      issuer: 'https://id.test',
      audience: 'chat',
      jwksUri: `http://127.0.0.1:${port}/jwks`,
      algorithms: ['RS256'],
      adminRoles: ['boss'],
    },
    ...(JSON.parse(SHOP_ISSUER.AUTH_ISSUERS) as object[]),
  ];
  server = await startServer({
    env: { AUTH_ISSUERS: JSON.stringify(issuers), MEDIA_EXTERNAL_HOSTS: 'pictures.test' },
  });
});
afterAll(async () => {
  await server.close();
  await new Promise((resolve) => provider.close(resolve));
});

describe('the token of an issuer', () => {
  it('makes an account on first use, and stands for the same one afterwards', async () => {
    const claims = { sub: '42', name: 'Ada Lovelace', email: 'ada@id.test' };
    const first = await me(await tokenOf(claims));
    expect(first.status).toBe(200);
    expect(first.body.data).toMatchObject({
      username: 'ada.lovelace',
      firstName: 'Ada',
      lastName: 'Lovelace',
      email: 'ada@id.test',
      externalId: '42',
      issuer: 'main',
      role: 'user',
    });
    const second = await me(await tokenOf({ ...claims, name: 'Ada King', jti: 'x' }));
    expect(second.body.data).toMatchObject({ id: first.body.data!.id, lastName: 'King' });
  });

  it('makes one account of many first uses at once, also where the username is taken', async () => {
    const tokens = await Promise.all(
      ['a', 'b', 'c', 'd'].map((jti) => tokenOf({ sub: 'crowd', name: 'Ada Lovelace', jti })),
    );
    const answers = await Promise.all(tokens.map(me));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body.data!.id)).size).toBe(1);
    expect(answers[0]!.body.data!.username).toMatch(/^ada\.lovelace\d+$/);
  });

  it('never links an e-mail address that somebody has, nor keeps an unverified one', async () => {
    const taken = await me(await shopToken({ sub: '42', email: 'ada@id.test' }));
    const unverified = await me(
      await shopToken({ sub: '43', email: 'eve@id.test', email_verified: false }),
    );
    for (const { status, body } of [taken, unverified]) {
      expect(status).toBe(200);
      expect(body.data).toMatchObject({ email: null, issuer: 'shop' });
    }
  });

  it('brings name and picture along when they change there, and leaves what the user has changed here', async () => {
    const picture = 'https://pictures.test/ada.png';
    const iat = now();
    const claims = { sub: 'shown', name: 'Grace Hopper', picture, iat };
    const token = await tokenOf(claims);
    expect((await me(token)).body.data).toMatchObject({ firstName: 'Grace', avatar: picture });
    await server.http
      .put('/api/users/profile')
      .set({ authorization: `Bearer ${token}` })
      .send({ firstName: 'Amazing Grace' })
      .expect(200);
    const again = await tokenOf({ ...claims, iat: iat + 1 });
    expect((await me(again)).body.data!.firstName).toBe('Amazing Grace');
    const foreign = { name: 'Ada Hopper', picture: 'https://elsewhere.test/a.png', iat: iat + 2 };
    const renamed = await tokenOf({ ...claims, ...foreign });
    expect((await me(renamed)).body.data).toMatchObject({ firstName: 'Ada', avatar: picture });
    // An older token that is still good changes nothing any more.
    const older = await tokenOf({ ...claims, name: 'Old Name', jti: 'older' });
    expect((await me(older)).body.data!.firstName).toBe('Ada');
  });

  it('makes an admin of whoever has the role, and takes the role away again', async () => {
    expect((await me(await tokenOf({ sub: 'r', role: ['boss'] }))).body.data!.role).toBe('admin');
    // There must be an admin left, so the only one keeps the role.
    const only = await me(await tokenOf({ sub: 'r', role: [], iat: now() + 1 }));
    expect(only.body.data!.role).toBe('admin');
    await me(await tokenOf({ sub: 'other', role: 'boss' }));
    const second = await me(await tokenOf({ sub: 'r', role: 'none', iat: now() + 2 }));
    expect(second.body.data!.role).toBe('user');
  });

  it.each<[string, Claims, string]>([
    ['for somebody else', { aud: 'other' }, 'UNAUTHENTICATED'],
    ['of another issuer', { iss: 'https://id.test/' }, 'UNAUTHENTICATED'],
    ['without an expiry', { exp: undefined }, 'UNAUTHENTICATED'],
    ['that expired 61 s ago', { exp: now() - 61 }, 'TOKEN_EXPIRED'],
    ['that begins in an hour', { nbf: now() + 3600 }, 'UNAUTHENTICATED'],
    ['without a user', { sub: undefined }, 'UNAUTHENTICATED'],
    ['that is a logout token', { sub: 'x', events: { [LOGOUT_EVENT]: {} } }, 'UNAUTHENTICATED'],
  ])('is refused when it is one %s', async (_, claims, code) => {
    const { status, body } = await me(await tokenOf({ sub: 'refused', ...claims }));
    expect([status, body.code]).toEqual([401, code]);
  });

  it('is taken within the clock skew of a minute', async () => {
    const { status } = await me(await tokenOf({ sub: 'late', exp: now() - 30 }));
    expect(status).toBe(200);
  });

  it('asks for new keys once, however many tokens name unknown ones', async () => {
    const before = keyRequests;
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, n) => tokenOf({ sub: 'x' }, { kid: `unknown${n}` })),
    );
    const answers = await Promise.all(tokens.map(me));
    expect(answers.every(({ status }) => status === 401)).toBe(true);
    expect(keyRequests - before).toBeLessThanOrEqual(1);
  });
});

describe('a login of an issuer', () => {
  const connect = (token: string) => TestSocket.connect(server, { token });

  it('opens a socket, which a newer token of the same user alone prolongs', async () => {
    const socket = await connect(await tokenOf({ sub: 'socket' }));
    const renewed = await socket.command('refresh_token', {
      token: await tokenOf({ sub: 'socket', exp: now() + 6000 }),
    });
    expect(renewed.ok).toBe(true);
    const refused = await socket.command('refresh_token', {
      token: await tokenOf({ sub: 'thief' }),
    });
    expect(refused).toMatchObject({ ok: false, error: { code: 'FORBIDDEN' } });
    socket.close();
  });

  it('ends when the issuer says so, by its name or by its user, and once per logout token', async () => {
    const named = await tokenOf({ sub: 'out', sid: 's1' });
    const other = await tokenOf({ sub: 'out', sid: 's2' });
    const socket = await connect(named);
    expect((await me(other)).status).toBe(200);
    const { token, answer } = await logOut({ sid: 's1' });
    expect(answer.status).toBe(200);
    await socket.closed();
    await eventually(async () => (await me(named)).status === 401);
    expect((await me(other)).status).toBe(200);
    const again = await server.http
      .post('/api/auth/backchannel-logout')
      .type('form')
      .send({ logout_token: token });
    expect([again.status, (again.body as Body).code]).toEqual([400, 'VALIDATION']);
    await logOut({ sub: 'out' });
    await eventually(async () => (await me(other)).status === 401);
  });

  it.each<[string, Claims]>([
    ['a nonce', { sub: 'x', nonce: 'n' }],
    ['no event', { sub: 'x', events: {} }],
    ['no user and no login', {}],
    ['no id of its own', { sub: 'x', jti: undefined }],
  ])('is not ended by a logout token with %s', async (_, claims) => {
    const { answer } = await logOut(claims);
    expect([answer.status, (answer.body as Body).code]).toEqual([400, 'VALIDATION']);
  });

  it('is ended as often as the limit of its own allows, which counts in no other', async () => {
    const limited = await startServer({
      env: {
        ...SHOP_ISSUER,
        RATE_LIMIT_LOGOUTS_PER_MINUTE: '3',
        RATE_LIMIT_GENERAL_PER_15_MIN: '1',
      },
    });
    try {
      const answers = [];
      for (let i = 0; i < 5; i += 1) {
        answers.push(
          await limited.http
            .post('/api/auth/backchannel-logout')
            .type('form')
            .send({ logout_token: await shopLogoutToken() }),
        );
      }
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
      expect(answers[4]!.body).toMatchObject({ code: 'RATE_LIMITED' });
      const login = { username: 'nobody', password: 'wrong!' };
      await limited.http.post('/api/auth/login').send(login).expect(401);
      await limited.http.post('/api/auth/login').send(login).expect(429);
    } finally {
      await limited.close();
    }
  });

  it('ends when its user signs out', async () => {
    const token = await tokenOf({ sub: 'leaver', sid: 's3' });
    const auth = { authorization: `Bearer ${token}` };
    const answer = await server.http.post('/api/auth/logout').set(auth);
    expect(answer.status).toBe(200);
    expect((await me(token)).status).toBe(401);
  });

  it.each<[string, string, Claims]>([
    ['signs out with a token that names no login', '/api/auth/logout', {}],
    ['signs out everywhere', '/api/auth/logout-all', { sid: 'one' }],
  ])('ends with all others when its user %s', async (_, path, claims) => {
    const sub = path;
    const tokens = [await tokenOf({ sub, ...claims }), await tokenOf({ sub, sid: 'another' })];
    const sockets = await Promise.all(tokens.map(connect));
    await server.http
      .post(path)
      .set({ authorization: `Bearer ${tokens[0]!}` })
      .expect(200);
    await Promise.all(sockets.map((socket) => socket.closed()));
    await eventually(async () => {
      const answers = await Promise.all(tokens.map(me));
      return answers.every(({ status }) => status === 401);
    });
    // Times in tokens are whole seconds.
    const later = await tokenOf({ sub, iat: now() + 2 });
    expect((await me(later)).status).toBe(200);
  });

  it('has no password', async () => {
    const { body } = await me(await tokenOf({ sub: 'nopass' }));
    const answer = await server.http
      .post('/api/auth/login')
      .send({ username: body.data!.username, password: 'anything' });
    expect([answer.status, (answer.body as Body).code]).toEqual([401, 'INVALID_CREDENTIALS']);
  });
});
