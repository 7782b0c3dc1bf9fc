/** The client's login against a server that refuses as the test says, and against a real node. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { TOTP } from 'otpauth';
import { URI } from 'otpauth';
import type { ChatError } from '../../packages/client/src/chat-error.js';
import { Connection } from '../../packages/client/src/connection.js';
import {
  ChatClient,
  MemoryStorage,
  completeSignIn,
  forgotPassword,
  resetPassword,
  signIn,
  signUp,
} from '@parley-chat/client';
import type { Timers, Tokens } from '@parley-chat/client';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import { nextTurn } from '../../packages/client/test/fake-timers.js';
import type { Refusal } from '../support/refusing-server.js';
import { hurried, frozenTime, startRefusingServer } from '../support/refusing-server.js';
import { registerUser, startServer } from '../support/server.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A refusing server that ends with the test. */
const newServer = async (parts: Parameters<typeof startRefusingServer>[0]) => {
  const server = await startRefusingServer(parts);
  ends.push(() => server.close());
  return server;
};

/** A connection that is opened; `outcome` is `connected`, or the code under which it was signed out. */
const open = (
  url: string,
  tokens: Tokens,
  { waits = [], timers }: { waits?: number[]; timers: Timers } = hurried(),
) => {
  const signOuts: string[] = [];
  let settle: (outcome: string) => void = () => undefined;
  const outcome = new Promise<string>((resolve) => (settle = resolve));
  const connection = new Connection({
    url,
    tokens,
    timers,
    websocketOnly: true,
    onTokens: () => undefined,
    onConnect: () => {
      settle('connected');
    },
    onDisconnect: () => undefined,
    onSignedOut: ({ code }: ChatError) => {
      signOuts.push(code);
      settle(code);
    },
    onEvent: () => undefined,
  });
  connection.open();
  ends.push(() => {
    connection.close();
  });
  return { connection, outcome, signOuts, waits };
};

describe('a login that is refused', () => {
  it('asks less and less often while refusals may pass, and afresh after a connection', async () => {
    let refusals = 0;
    const server = await newServer({
      handshake: () => {
        refusals += 1;
        const retryAfter = refusals === 3 ? { retryAfter: 20 } : {};
        return refusals <= 8 ? { code: 'TOO_MANY_CONNECTIONS', ...retryAfter } : undefined;
      },
    });
    const { connection, outcome, waits } = open(server.url, { token: 'a' });
    expect(await outcome).toBe('connected');
    expect(waits).toEqual([500, 1000, 22_000, 4000, 8000, 16_000, 30_000, 30_000]);
    connection.close();

    refusals = 7;
    waits.length = 0;
    connection.open();
    await eventually(() => server.offered.length >= 11);
    expect(waits).toEqual([500]);
  });

  it('is over when the refusal cannot pass, and says why', async () => {
    const server = await newServer({ handshake: () => ({ code: 'ACCOUNT_DEACTIVATED' }) });
    const { outcome, waits } = open(server.url, { token: 'a', refreshToken: 'b' });
    expect(await outcome).toBe('ACCOUNT_DEACTIVATED');
    expect([server.offered, server.refreshes(), waits]).toEqual([['a'], 0, []]);
  });

  it('is renewed again when the renewed token has expired before it was used', async () => {
    const server = await newServer({
      handshake: (token) => (token === 'token 2' ? undefined : { code: 'TOKEN_EXPIRED' }),
    });
    const { outcome, waits } = open(server.url, { token: 'a', refreshToken: 'b' });
    expect(await outcome).toBe('connected');
    expect([server.offered, waits]).toEqual([['a', 'token 1', 'token 2'], [1000]]);
  });

  it('is not renewed twice for one token, in a handshake and a request at once', async () => {
    let refuse: (refusal: Refusal) => void = () => undefined;
    const asked = new Promise<Refusal>((resolve) => (refuse = resolve));
    const expired = { code: 'TOKEN_EXPIRED' };
    const server = await newServer({
      handshake: (token) => (token === 'a' ? asked : undefined),
      request: (token) => (token === 'a' ? expired : undefined),
    });
    const { connection, outcome } = open(server.url, { token: 'a', refreshToken: 'b' });
    await eventually(() => server.offered.length > 0);
    expect(await connection.rest('GET', '/api/anything')).toEqual({ id: 'token 1' });
    refuse(expired);
    expect(await outcome).toBe('connected');
    expect([server.offered, server.refreshes()]).toEqual([['a', 'token 1'], 1]);
  });
});

describe('a handshake', () => {
  /** Answers when a command is answered: by then the server has read all that was sent before it. */
  const allIsRead = (connection: Connection) => connection.command('sync', {});

  it('is not sent twice when the connection is opened again while it is under way', async () => {
    let admit: () => void = () => undefined;
    const admitted = new Promise<undefined>((resolve) => {
      admit = () => {
        resolve(undefined);
      };
    });
    const server = await newServer({ handshake: () => admitted });
    const { connection, outcome } = open(server.url, { token: 'a' });
    await eventually(() => server.offered.length > 0);
    connection.open();
    admit();
    expect(await outcome).toBe('connected');
    await allIsRead(connection);
    expect(server.offered).toEqual(['a']);
  });

  it('that was to be tried again later is not when the connection is opened before', async () => {
    let refusal: Refusal = { code: 'TOO_MANY_CONNECTIONS' };
    const server = await newServer({ handshake: () => refusal });
    const { due, timers } = frozenTime();
    const { connection, outcome } = open(server.url, { token: 'a' }, { timers });
    await eventually(() => due.size === 1);
    refusal = undefined;
    connection.open();
    expect(due.size).toBe(0);
    expect(await outcome).toBe('connected');
    expect(server.offered).toEqual(['a', 'a']);
  });

  it('is tried again after any refusal that does not concern the login', async () => {
    const refusals = ['BAD_REQUEST', 'VALIDATION', 'OF_NEXT_YEAR'];
    const server = await newServer({
      handshake: () => {
        const code = refusals.shift();
        return code === undefined ? undefined : { code };
      },
    });
    const { outcome, waits } = open(server.url, { token: 'a', refreshToken: 'b' });
    expect(await outcome).toBe('connected');
    expect([waits, server.refreshes()]).toEqual([[500, 1000, 2000], 0]);
  });

  it.each(['REFRESH_REUSED', 'OVERLOADED'])(
    'has no consequences when the connection is closed before its token is refused a renewal by %s',
    async (code) => {
      let refuse: (refusal: Refusal) => void = () => undefined;
      const refused = new Promise<Refusal>((resolve) => (refuse = resolve));
      const expired = { code: 'TOKEN_EXPIRED' };
      const server = await newServer({
        handshake: () => expired,
        request: () => expired,
        refresh: () => refused,
      });
      const { due, timers } = frozenTime();
      const tokens = { token: 'a', refreshToken: 'b' };
      const { connection, signOuts } = open(server.url, tokens, { timers });
      await eventually(() => server.refreshes() === 1);
      // Waits for the same renewal, and is told after the handshake.
      const request = connection.rest('GET', '/api/anything');
      connection.close();
      refuse({ code });
      await expect(request).rejects.toMatchObject({ code });
      await nextTurn();
      expect([signOuts, due.size]).toEqual([[], 0]);
    },
  );
});

describe('a long message, which goes over REST', () => {
  it.each([
    ['was used before', { code: 'REFRESH_REUSED' }, 'REFRESH_REUSED'],
    ['is of a closed account', { code: 'ACCOUNT_DEACTIVATED' }, 'ACCOUNT_DEACTIVATED'],
    ['is none', { code: 'VALIDATION' }, 'UNAUTHENTICATED'],
    ['is not there', undefined, 'TOKEN_EXPIRED'],
  ])(
    'is kept, and not sent again and again, when the refresh token %s',
    async (_, refusal, reason) => {
      let requests = 0;
      const server = await newServer({
        handshake: () => undefined,
        request: (_token, path) => {
          if (path !== '/api/messages') return undefined;
          requests += 1;
          return { code: 'TOKEN_EXPIRED' };
        },
        refresh: () => refusal,
      });
      const { due, timers } = frozenTime();
      const storage = new MemoryStorage();
      const client = new ChatClient(server.url, 'a', {
        storage,
        timers,
        ...(refusal && { refreshToken: 'b' }),
      });
      ends.push(() => {
        client.disconnect();
      });
      const failed: unknown[] = [];
      client.on('send_failed', (failure) => failed.push(failure));
      await client.connect();
      const over = new Promise<ChatError>((resolve) => client.on('signed_out', resolve));
      void client
        .send({ chatId: 'c', clientMessageId: 'm', content: 'x'.repeat(60_001) })
        .catch(() => undefined);
      expect((await over).code).toBe(reason);
      await nextTurn();
      expect([requests, due.size, client.isConnected]).toEqual([1, 0, false]);
      expect([failed, client.pending()]).toEqual([[], [expect.objectContaining({ chatId: 'c' })]]);
      expect(await storage.keys('')).toHaveLength(1);
    },
  );

  it('is kept when the refresh endpoint refuses what has nothing to do with the login', async () => {
    const server = await newServer({
      handshake: () => undefined,
      request: (_, path) => (path === '/api/messages' ? { code: 'TOKEN_EXPIRED' } : undefined),
      refresh: () => ({ code: 'NOT_FOUND' }),
    });
    const { due, timers } = frozenTime();
    const client = new ChatClient(server.url, 'a', {
      refreshToken: 'b',
      storage: new MemoryStorage(),
      timers,
    });
    ends.push(() => {
      client.disconnect();
    });
    await client.connect();
    void client
      .send({ chatId: 'c', clientMessageId: 'm', content: 'x'.repeat(60_001) })
      .catch(() => undefined);
    await eventually(() => due.size === 1);
    expect([client.isConnected, client.pending().length]).toEqual([true, 1]);
  });
});

describe('a request', () => {
  const page = '<html>Welcome to our hotel!</html>';
  it.each([
    [200, page, 'UNAVAILABLE'],
    [200, '{"status":"ok"}', 'UNAVAILABLE'],
    [200, 'null', 'UNAVAILABLE'],
    [403, page, 'UNAVAILABLE'],
    [404, page, 'UNAVAILABLE'],
    [413, page, 'PAYLOAD_TOO_LARGE'],
    [502, page, 'UNAVAILABLE'],
  ])(
    'that somebody else answers in the server’s place with %d %s has failed as %s',
    async (status, body, code) => {
      const http = createServer((_, res) => {
        res.statusCode = status;
        res.end(body);
      });
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
      ends.push(() => new Promise((resolve) => http.close(resolve)));
      const { port } = http.address() as AddressInfo;
      const client = new ChatClient(`http://127.0.0.1:${port}`, 'a', {
        storage: new MemoryStorage(),
      });
      const sent = client.rest('POST', '/api/messages', {});
      await expect(sent).rejects.toMatchObject({ code, isRetryable: code === 'UNAVAILABLE' });
    },
  );
});

describe('getting in step', () => {
  it('is tried less and less often', async () => {
    let refusals = 0;
    const server = await newServer({
      handshake: () => undefined,
      request: () => {
        refusals += 1;
        return refusals <= 8 ? { code: 'OVERLOADED', retryAfter: refusals } : undefined;
      },
    });
    const { waits, timers } = hurried();
    const storage = new MemoryStorage();
    const client = new ChatClient(server.url, 'a', { storage, timers });
    ends.push(() => {
      client.disconnect();
    });
    await client.connect();
    const backoffs = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];
    expect(waits).toEqual(backoffs.map((ms, i) => ms + 1000 * (i + 1)));
    expect(client.userId).toBe('a');
  });
});

describe('signing in', () => {
  it('makes the device known, under both names, so that strangers do not shut it out', async () => {
    const server = await startServer({ env: { RATE_LIMIT_AUTH_PER_15_MIN: '3' } });
    ends.push(() => server.close());
    const storage = new MemoryStorage();
    const account = { username: 'Ada', email: 'ada@example.com', password: 'test123' };
    const first = await signUp(server.url, account, { storage });
    const credentials = { username: 'ada', password: account.password };
    for (let i = 0; i < 3; i += 1) {
      const wrong = signIn(
        server.url,
        { ...credentials, password: 'wrong!' },
        {
          storage: new MemoryStorage(),
        },
      );
      await expect(wrong).rejects.toMatchObject({ code: 'INVALID_CREDENTIALS' });
    }
    const stranger = signIn(server.url, credentials, { storage: new MemoryStorage() });
    await expect(stranger).rejects.toMatchObject({ code: 'RATE_LIMITED', isRetryable: true });
    const byName = await signIn(server.url, credentials, { storage });
    const { email, password } = account;
    const byEmail = await signIn(`${server.url}/`, { email, password }, { storage });
    expect([byName.deviceToken, byEmail.deviceToken]).toEqual(Array(2).fill(first.deviceToken));
    const { token, refreshToken } = byEmail;
    const client = new ChatClient(server.url, token, { refreshToken, storage });
    ends.push(() => {
      client.disconnect();
    });
    await client.connect();
    expect(client.userId).toBe(first.user.id);
  });

  it('works where nothing can be stored', async () => {
    const server = await startServer();
    ends.push(() => server.close());
    const broken = () => Promise.reject(new Error('no storage'));
    const storage = Object.assign(new MemoryStorage(), { get: broken, set: broken });
    const { username } = await registerUser(server);
    const { user } = await signIn(server.url, { username, password: 'test123' }, { storage });
    expect(user.username).toBe(username);
  });
});

describe('a deactivated account', () => {
  it('is signed out on its devices', async () => {
    const server = await startServer({ env: ADMIN_ENV });
    ends.push(() => server.close());
    const [admin, alice] = [await loginAdmin(server), await registerUser(server)];
    const { token, refreshToken } = alice;
    const client = new ChatClient(server.url, token, {
      refreshToken,
      storage: new MemoryStorage(),
    });
    ends.push(() => {
      client.disconnect();
    });
    await client.connect();
    const over = new Promise<ChatError>((resolve) => client.on('signed_out', resolve));
    const change = (verb: string) =>
      server.http.post(`/api/admin/users/${alice.id}/${verb}`).set(admin.auth).expect(200);
    await change('deactivate');
    expect(await over).toMatchObject({ code: 'ACCOUNT_DEACTIVATED' });
    await expect(client.connect()).rejects.toMatchObject({ code: 'ACCOUNT_DEACTIVATED' });
  });
});

describe('an account', () => {
  it('is signed in by two steps, lists its logins and ends the others', async () => {
    const server = await startServer();
    ends.push(() => server.close());
    const user = await registerUser(server);
    const post = async (path: string, body: object) =>
      (await server.http.post(path).set(user.auth).send(body).expect(200)).body as {
        data: unknown;
      };
    const { data } = await post('/api/auth/totp/enrol', {});
    const totp = URI.parse((data as { uri: string }).uri) as TOTP;
    const codeAt = (later: number) => totp.generate({ timestamp: Date.now() + later });
    await post('/api/auth/totp/confirm', { code: codeAt(-30_000) });
    const credentials = { username: user.username, password: 'test123' };
    const refusal = await signIn(server.url, credentials).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'TOTP_REQUIRED' });
    const challenge = (refusal as ChatError).challenge!;
    const storage = new MemoryStorage();
    const wrong = completeSignIn(server.url, { challenge, code: 'nonsense' });
    await expect(wrong).rejects.toMatchObject({ code: 'TOTP_INVALID' });
    const { token } = await completeSignIn(server.url, { challenge, code: codeAt(0) }, { storage });
    const client = new ChatClient(server.url, token);
    await client.connect();
    const logins = await client.logins();
    expect(logins.map(({ isCurrent }) => isCurrent).sort()).toEqual([false, true]);
    await client.endLogin(logins.find(({ isCurrent }) => !isCurrent)!.id);
    await client.endOtherLogins();
    expect(await client.logins()).toMatchObject([{ isCurrent: true }]);
    client.disconnect();
    const forgotten = forgotPassword(server.url, 'somebody@example.com');
    await expect(forgotten).rejects.toMatchObject({ code: 'MAIL_NOT_CONFIGURED' });
    const reset = resetPassword(server.url, { token: 'nonsense', password: 'another one' });
    await expect(reset).rejects.toMatchObject({ code: 'LINK_INVALID' });
  });
});
