/** A socket ends when its access token does, unless the client has brought a newer one. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChatClient } from '@parley-chat/client';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';
import { eventually } from '../support/eventually.js';

const LIFE_MS = 6000;

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ env: { JWT_EXPIRES_IN: `${LIFE_MS / 1000}s` } });
});
afterAll(() => server.close());

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Signs in anew by the refresh token, so that little of a token's life has gone. */
const renewed = async (user: TestUser): Promise<TestUser> => {
  const { body } = await server.http
    .post('/api/auth/refresh')
    .send({ refreshToken: user.refreshToken })
    .expect(200);
  const { token, refreshToken } = (body as { data: { token: string; refreshToken: string } }).data;
  return { ...user, token, refreshToken, auth: { Authorization: `Bearer ${token}` } };
};

describe('a socket', () => {
  it('ends with its token in every dialect and is told so first', async () => {
    const user = await registerUser(server);
    const sockets = await Promise.all(
      [
        {},
        { dialect: 'native' },
        { dialect: 'v0' },
        { dialect: 'conversation' },
        { dialect: 'room' },
      ].map((auth) => TestSocket.connect(server, user, auth)),
    );
    for (const socket of sockets) {
      expect(await socket.next('error', () => true)).toMatchObject({ code: 'TOKEN_EXPIRED' });
    }
    await eventually(() => sockets.every(({ raw }) => !raw.connected));
    await expect(TestSocket.connect(server, user)).rejects.toMatchObject({
      data: { code: 'TOKEN_EXPIRED' },
    });
  });

  it('stays under a newer token of the same login, in every dialect', async () => {
    const first = await registerUser(server);
    const sockets = await Promise.all(
      ['native', 'v0', 'conversation', 'room'].map((dialect) =>
        TestSocket.connect(server, first, { dialect }),
      ),
    );
    await sleep(LIFE_MS / 2);
    const user = await renewed(first);
    for (const socket of sockets) {
      const answer = await socket.command('refresh_token', { token: user.token });
      expect(answer).toMatchObject({ ok: true, data: { expiresAt: expect.any(String) } });
      // An older one changes nothing.
      const again = await socket.command('refresh_token', { token: first.token });
      expect(again.data).toEqual(answer.data);
    }
    await sleep(LIFE_MS / 2 + 500);
    for (const { raw } of sockets) expect(raw.connected).toBe(true);
    await eventually(() => sockets.every(({ raw }) => !raw.connected));
  });

  it('takes no token of somebody else, of another login, or that is none', async () => {
    const [user, other] = [await registerUser(server), await registerUser(server)];
    const { body } = await server.http
      .post('/api/auth/login')
      .send({ username: user.username, password: 'test123' });
    const { data: login } = body as { data: { token: string } };
    const socket = await TestSocket.connect(server, user);
    for (const [token, code] of [
      [other.token, 'FORBIDDEN'],
      [login.token, 'FORBIDDEN'],
      ['no token', 'UNAUTHENTICATED'],
      [`${user.token}x`, 'UNAUTHENTICATED'],
      [user.refreshToken, 'UNAUTHENTICATED'],
    ]) {
      const answer = await socket.command('refresh_token', { token });
      expect(answer).toMatchObject({ ok: false, error: { code } });
    }
    socket.close();
  });
});

describe('the client SDK', () => {
  it('brings a newer token in time and stays connected', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const user = await renewed(alice);
    let losses = 0;
    const tokens: string[] = [];
    const client = new ChatClient(server.url, user.token, { refreshToken: user.refreshToken });
    client.on('disconnected', () => {
      losses += 1;
    });
    client.on('tokens', ({ token }) => tokens.push(token));
    await client.connect();
    await sleep(2.5 * LIFE_MS);
    expect([losses, client.isConnected, tokens.length >= 2]).toEqual([0, true, true]);
    const sent = await client.command<{ id: string }>('send_message', {
      chatId,
      content: 'still here',
    });
    expect(sent.id).toEqual(expect.any(String));
    expect(bob.id).not.toBe(alice.id);
    client.disconnect();
  });
});
