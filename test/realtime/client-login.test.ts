/** The client's login against a server that refuses as the test says, and against a real node. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Server } from 'socket.io';
import type { ChatError } from '../../src/client/chat-error.js';
import { Connection } from '../../src/client/connection.js';
import { ChatClient, MemoryStorage } from '../../src/client/index.js';
import type { Timers, Tokens } from '../../src/client/index.js';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import { nextTurn } from '../support/fake-timers.js';
import { registerUser, startServer } from '../support/server.js';

type Refusal = { code: string; retryAfter?: number } | undefined;
type Answer = (token: string | undefined) => Refusal | Promise<Refusal>;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/**
 * A server that is asked at each handshake and each request whether it refuses the token, and that
 * exchanges every refresh token for `token 1`, `token 2` and so on unless told. There are no chats.
 */
const newServer = async (parts: {
  handshake: Answer;
  request?: (token: string | undefined, path: string) => Refusal | Promise<Refusal>;
  refresh?: () => Refusal | Promise<Refusal>;
}) => {
  let refreshes = 0;
  const serve = async (req: IncomingMessage, res: ServerResponse) => {
    const isRefresh = req.url === '/api/auth/refresh';
    const token = req.headers.authorization?.replace('Bearer ', '');
    if (isRefresh) refreshes += 1;
    const refusal = await (isRefresh ? parts.refresh?.() : parts.request?.(token, req.url!));
    const data = isRefresh ? { token: `token ${refreshes}`, refreshToken: 'next' } : { id: token };
    res.statusCode = refusal ? 401 : 200;
    res.end(JSON.stringify(refusal ? { ...refusal, message: 'no' } : { data }));
  };
  const http = createServer((req, res) => void serve(req, res));
  const io = new Server(http);
  const offered: string[] = [];
  io.use((socket, next) => {
    const { token } = socket.handshake.auth as { token: string };
    offered.push(token);
    void Promise.resolve(parts.handshake(token)).then((refusal) => {
      next(refusal && Object.assign(new Error('no'), { data: { ...refusal, message: 'no' } }));
    });
  });
  io.on('connection', (socket) => {
    socket.on('sync', (_: unknown, answer: (ack: unknown) => void) => {
      answer({ ok: true, data: { chats: [], removed: [], hasMore: false } });
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  ends.push(() => io.close());
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return { url, offered, refreshes: () => refreshes };
};

/** Time that passes at once; `waits` says how long each pause would have been. */
const hurried = () => {
  const waits: number[] = [];
  const timers: Timers = {
    now: () => 0,
    random: () => 1,
    after: (ms, run) => {
      waits.push(ms);
      const timer = setImmediate(run);
      return () => {
        clearImmediate(timer);
      };
    },
  };
  return { waits, timers };
};

/** Time that stands; `due` is what waits for it to pass. */
const standing = () => {
  const due = new Set<() => void>();
  const timers: Timers = {
    now: () => 0,
    random: () => 1,
    after: (_, run) => {
      const entry = () => {
        run();
      };
      due.add(entry);
      return () => {
        due.delete(entry);
      };
    },
  };
  return { due, timers };
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
    const { due, timers } = standing();
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
      const { due, timers } = standing();
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
      const { due, timers } = standing();
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
      void client.send({ chatId: 'c', clientMessageId: 'm', content: 'x'.repeat(60_001) });
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
    const { due, timers } = standing();
    const client = new ChatClient(server.url, 'a', {
      refreshToken: 'b',
      storage: new MemoryStorage(),
      timers,
    });
    ends.push(() => {
      client.disconnect();
    });
    await client.connect();
    void client.send({ chatId: 'c', clientMessageId: 'm', content: 'x'.repeat(60_001) });
    await eventually(() => due.size === 1);
    expect([client.isConnected, client.pending().length]).toEqual([true, 1]);
  });
});

describe('a request', () => {
  it.each([
    [200, 'UNAVAILABLE'],
    [403, 'UNAVAILABLE'],
    [404, 'UNAVAILABLE'],
    [413, 'PAYLOAD_TOO_LARGE'],
    [502, 'UNAVAILABLE'],
  ])(
    'that somebody else answers in the server’s place with %d has failed as %s',
    async (status, code) => {
      const http = createServer((_, res) => {
        res.statusCode = status;
        res.end('<html>Welcome to our hotel!</html>');
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
