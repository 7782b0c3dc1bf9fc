/** People of a real OpenID Connect provider: sign-in, keys, clocks, forged tokens, ends of logins. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { JWTPayload } from 'jose';
import { decodeJwt, exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose';
import type { CryptoKey, JWK, JWTHeaderParameters } from 'jose';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import { SHOP_ISSUER, shopToken } from '../support/issuer.js';
import type { OidcProvider } from '../support/oidc-provider.js';
import { API, CLIENT, OTHER_CLIENT, startOidcProvider } from '../support/oidc-provider.js';
import type { RedisProcess } from '../support/redis-process.js';
import { startRedis } from '../support/redis-process.js';
import type { TestServer } from '../support/server.js';
import { registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

let provider: OidcProvider;
let server: TestServer;
/** Addresses that no issuer may be asked at. */
let stranger: Server;
let strangerAddress: string;
let strangerRequests = 0;
/** What the server's clock shows, in milliseconds; undefined: the time. */
let frozen: number | undefined;
/** Milliseconds by which the clock that does not jump has been put forward. */
let skipped = 0;

const issuers = () =>
  JSON.stringify([
    {
      name: 'id',
      issuer: provider.issuer,
      audience: [CLIENT, API],
      discovery: true,
      algorithms: ['RS256'],
    },
    ...(JSON.parse(SHOP_ISSUER.AUTH_ISSUERS) as object[]),
    // Nobody answers there.
    {
      name: 'hanging',
      issuer: strangerAddress,
      audience: CLIENT,
      jwksUri: `${strangerAddress}/hangs`,
      algorithms: ['RS256'],
    },
    {
      name: 'absent',
      issuer: 'http://127.0.0.1:9',
      audience: CLIENT,
      discovery: true,
      algorithms: ['RS256'],
    },
  ]);

const me = async (token: string, on = server) => {
  const { status, body } = await on.http
    .get('/api/auth/me')
    .set({ Authorization: `Bearer ${token}` });
  const { code, data } = body as { code?: string; data?: Record<string, unknown> };
  return { status, code, data };
};
const refusal = async (token: string) => {
  const { status, code } = await me(token);
  return [status, code];
};

beforeAll(async () => {
  const now = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => now() + skipped);
  stranger = createServer((req, res) => {
    if (req.url !== '/hangs') strangerRequests += 1;
    if (req.url !== '/hangs') res.end(JSON.stringify({ keys: [strangerJwk] }));
  });
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  strangerAddress = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
  const pair = await generateKeyPair('RS256', { extractable: true });
  strangerKey = pair.privateKey;
  strangerJwk = { ...(await exportJWK(pair.publicKey)), kid: 'mine', alg: 'RS256' };
  provider = await startOidcProvider();
  server = await startServer({
    env: { ...ADMIN_ENV, AUTH_ISSUERS: issuers() },
    clock: { now: () => frozen ?? Date.now() },
  });
});
afterAll(async () => {
  await server.close();
  await provider.close();
  stranger.closeAllConnections();
  await new Promise((resolve) => stranger.close(resolve));
  jest.restoreAllMocks();
});

/** A key of somebody who is no issuer. */
let strangerKey: CryptoKey;
let strangerJwk: JWK;

describe('a token of a provider', () => {
  it('signs its user in, whose account is made from what it says', async () => {
    const { idToken, accessToken } = await provider.signIn('ada');
    const { status, data } = await me(idToken);
    expect(status).toBe(200);
    expect(data).toMatchObject({
      externalId: 'ada',
      issuer: 'id',
      firstName: 'ada',
      lastName: 'Provided',
      email: 'ada@id.test',
    });
    // Of the same account, whatever the token is for.
    expect((await me(accessToken)).data).toMatchObject({ id: data!.id });
    const socket = await TestSocket.connect(server, { token: accessToken });
    expect(socket.raw.connected).toBe(true);
    socket.close();
  });

  it('is refused when it is for another client', async () => {
    const { idToken } = await provider.signIn('ada', OTHER_CLIENT);
    expect(await refusal(idToken)).toEqual([401, 'UNAUTHENTICATED']);
  });

  it('of a new key is taken as soon as keys may be read again; of a former one no more', async () => {
    const former = await provider.signIn('rotated');
    expect((await me(former.idToken)).status).toBe(200);
    const asked = provider.keyRequests;
    await provider.rotateKeys();
    skipped += 31_000;
    const tokens = await Promise.all(
      Array.from({ length: 5 }, async () => (await provider.signIn('rotated')).idToken),
    );
    const answers = await Promise.all(tokens.map((token) => me(token)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(provider.keyRequests - asked).toBe(1);
    expect(await refusal(former.idToken)).toEqual([401, 'UNAUTHENTICATED']);
  });
});

describe('the clock', () => {
  afterAll(() => {
    frozen = undefined;
  });
  /** Seconds since 1970 that the server believes it is. */
  const at = (seconds: number) => {
    frozen = seconds * 1000;
  };

  it('may be less than a minute ahead of the end of a token, and not more', async () => {
    const { idToken } = await provider.signIn('late');
    const { exp } = decodeJwt(idToken) as { exp: number };
    at(exp + 59);
    expect((await me(idToken)).status).toBe(200);
    at(exp + 60);
    expect(await refusal(idToken)).toEqual([401, 'TOKEN_EXPIRED']);
  });

  it('may be a minute behind the making of a token, and not more', async () => {
    const { idToken } = await provider.signIn('early');
    const { iat } = decodeJwt(idToken) as { iat: number };
    at(iat - 60);
    expect((await me(idToken)).status).toBe(200);
    at(iat - 61);
    expect(await refusal(idToken)).toEqual([401, 'UNAUTHENTICATED']);
  });

  it('may be a minute behind the beginning of a token, and not more', async () => {
    const begins = Math.floor(Date.now() / 1000) + 300;
    const token = await shopToken({ sub: 'begins', nbf: begins });
    at(begins - 60);
    expect((await me(token)).status).toBe(200);
    at(begins - 61);
    expect(await refusal(token)).toEqual([401, 'UNAUTHENTICATED']);
  });
});

describe('a forged token', () => {
  /** What a real token says. */
  let claims: JWTPayload;
  let published: JWK;
  beforeAll(async () => {
    claims = decodeJwt((await provider.signIn('victim')).idToken);
    published = (await provider.publicKeys())[0]!;
  });

  const signed = (header: JWTHeaderParameters, key: CryptoKey | Uint8Array) =>
    new SignJWT(claims).setProtectedHeader(header).sign(key);
  const unsigned = (alg: string, signature = '') => {
    const parts = [{ alg, typ: 'JWT', kid: published.kid }, claims];
    const encoded = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    return [...encoded, signature].join('.');
  };

  it.each<[string, () => string | Promise<string>]>([
    ['no signature (alg none)', () => unsigned('none')],
    ['no signature (alg nOnE)', () => unsigned('nOnE')],
    ['no signature under RS256', () => unsigned('RS256')],
    ['an empty key under HS256', () => unsigned('HS256', 'AAAA')],
    [
      'the public key, as PEM, for the secret of HS256',
      async () => {
        const pem = await exportSPKI((await importJWK(published, 'RS256')) as CryptoKey);
        return signed({ alg: 'HS256', kid: published.kid! }, Buffer.from(pem));
      },
    ],
    [
      'the public key, as a JWK, for the secret of HS256',
      () => signed({ alg: 'HS256', kid: published.kid! }, Buffer.from(JSON.stringify(published))),
    ],
    [
      'another key under the name of a real one',
      () => signed({ alg: 'RS256', kid: published.kid! }, strangerKey),
    ],
    [
      'another key under a name of its own',
      () => signed({ alg: 'RS256', kid: 'mine' }, strangerKey),
    ],
    ['another key under no name', () => signed({ alg: 'RS256' }, strangerKey)],
    ['a key that it brings along', () => signed({ alg: 'RS256', jwk: strangerJwk }, strangerKey)],
    [
      'a key that it brings along under the name of a real one',
      () => signed({ alg: 'RS256', kid: published.kid!, jwk: strangerJwk }, strangerKey),
    ],
    [
      'the address of its keys',
      () => signed({ alg: 'RS256', kid: 'mine', jku: `${strangerAddress}/keys` }, strangerKey),
    ],
    [
      'the address of a certificate',
      () => signed({ alg: 'RS256', kid: 'mine', x5u: `${strangerAddress}/cert` }, strangerKey),
    ],
  ])('with %s is refused', async (_, forge) => {
    expect(await refusal(await forge())).toEqual([401, 'UNAUTHENTICATED']);
    expect(strangerRequests).toBe(0);
  });
});

describe('a provider that cannot be asked', () => {
  it.each([
    ['hangs', () => strangerAddress],
    ['is absent', () => 'http://127.0.0.1:9'],
  ])('because it %s leaves its own people waiting, and nobody else', async (_, address) => {
    const now = Math.floor(Date.now() / 1000);
    const token = await new SignJWT({
      iss: address(),
      aud: CLIENT,
      sub: 'x',
      iat: now,
      exp: now + 600,
    })
      .setProtectedHeader({ alg: 'RS256', kid: 'mine' })
      .sign(strangerKey);
    const waiting = server.http.get('/api/auth/me').set({ Authorization: `Bearer ${token}` });
    const [answer, other, own] = await Promise.all([
      waiting,
      provider.signIn('patient').then(({ idToken }) => me(idToken)),
      registerUser(server).then((user) => me(user.token)),
    ]);
    expect([answer.status, (answer.body as { code: string }).code]).toEqual([503, 'UNAVAILABLE']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect([other.status, own.status]).toEqual([200, 200]);
  });
});

describe('the end of a token', () => {
  it('ends its socket, unless a newer token has come over it in time', async () => {
    provider.idTokenSeconds = 8;
    const login = await provider.signIn('brief');
    const [renewed, left] = await Promise.all([
      TestSocket.connect(server, { token: login.idToken }),
      TestSocket.connect(server, { token: login.idToken }),
    ]);
    provider.idTokenSeconds = 600;
    const { idToken } = await login.refresh();
    expect((await renewed.command('refresh_token', { token: idToken })).ok).toBe(true);
    await left.closed();
    await left.next('error', ({ code }) => code === 'TOKEN_EXPIRED');
    expect((await renewed.command('sync', { chats: {} })).ok).toBe(true);
    renewed.close();
  });
});

describe.each([
  ['without Redis', false],
  ['with Redis', true],
])('on two nodes %s', (_, withRedis) => {
  let redis: RedisProcess | undefined;
  let nodes: [TestServer, TestServer];

  beforeAll(async () => {
    redis = withRedis ? await startRedis() : undefined;
    const env = {
      ...ADMIN_ENV,
      AUTH_ISSUERS: issuers(),
      // Who has an account with the provider needs no invitation.
      REGISTRATION: 'closed',
      ...(redis && { REDIS_URL: redis.url }),
    };
    const first = await startServer({ env });
    nodes = [first, await startServer({ env, mongodbUri: first.mongodbUri })];
    provider.tellLogoutsTo(first);
  });
  afterAll(async () => {
    for (const node of [...nodes].reverse()) await node.close();
    await redis?.kill();
  });

  const connect = (token: string) =>
    Promise.all(nodes.map((node) => TestSocket.connect(node, { token })));
  const areRefused = async (token: string) => {
    const answers = await Promise.all(nodes.map((node) => me(token, node)));
    return answers.every(({ status }) => status === 401);
  };

  it('whoever signs out at the provider is signed out on both, and only that login', async () => {
    const subject = `leaver-${withRedis}`;
    const [login, kept] = await Promise.all([provider.signIn(subject), provider.signIn(subject)]);
    const [sockets, others] = await Promise.all([connect(login.idToken), connect(kept.idToken)]);
    await login.signOut();
    await Promise.all(sockets.map((socket) => socket.closed()));
    await eventually(() => areRefused(login.idToken));
    for (const node of nodes) expect((await me(kept.idToken, node)).status).toBe(200);
    for (const socket of others) {
      expect((await socket.command('sync', { chats: {} })).ok).toBe(true);
      socket.close();
    }
  });

  /** Calls as a server of the product's. */
  const asServer = async (path: string) => {
    const admin = await loginAdmin(nodes[0]);
    const made = await nodes[0].http
      .post('/api/admin/keys')
      .set(admin.auth)
      .send({ name: 'Product', scopes: ['users:write', 'users:token'] })
      .expect(201);
    const { key } = (made.body as { data: { key: string } }).data;
    const auth = { Authorization: `Bearer ${key}` };
    await nodes[0].http.post(`/api/server${path}`).set(auth).send({}).expect(200);
  };

  it('whose account is closed is told so, whatever token comes', async () => {
    const subject = `closed-${withRedis}`;
    const { idToken } = await provider.signIn(subject);
    const sockets = await connect(idToken);
    await asServer(`/users/ext:id:${subject}/deactivate`);
    await Promise.all(sockets.map((socket) => socket.closed()));
    const again = await provider.signIn(subject);
    for (const node of nodes) {
      await eventually(async () => (await me(again.idToken, node)).status === 403);
      expect((await me(again.idToken, node)).code).toBe('ACCOUNT_DEACTIVATED');
      await expect(TestSocket.connect(node, { token: again.idToken })).rejects.toMatchObject({
        data: { code: 'ACCOUNT_DEACTIVATED' },
      });
    }
  });

  it('whom a server key revokes is signed out on both until the provider makes a new token', async () => {
    const subject = `revoked-${withRedis}`;
    const { idToken } = await provider.signIn(subject);
    const sockets = await connect(idToken);
    await asServer(`/users/ext:id:${subject}/revoke`);
    await Promise.all(sockets.map((socket) => socket.closed()));
    await eventually(() => areRefused(idToken));
    // Times in tokens are whole seconds.
    const second = Math.floor(Date.now() / 1000);
    await eventually(() => Math.floor(Date.now() / 1000) > second);
    const again = await provider.signIn(subject);
    for (const node of nodes) expect((await me(again.idToken, node)).status).toBe(200);
  });
});
