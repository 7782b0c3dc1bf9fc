import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { silentLogger } from '../../../test/support/logger.js';
import { EventBus } from '../../platform/event-bus.js';
import { systemClock } from '../../shared/clock.js';
import { AccessTokenAuthenticator } from './authenticator.js';
import { AccessTokens } from './tokens.js';
import type { AccessChangeEvents } from '../access-changes/index.js';
import type { UserEvents } from './users.events.js';
import type { AccountStatus } from './users.model.js';

const USER = 'a'.repeat(24);
const SESSION = 'b'.repeat(24);
const OTHER_SESSION = 'c'.repeat(24);

const tokens = new AccessTokens(
  { secret: 'x'.repeat(32), issuer: 'parley', audience: 'parley', lifetime: 60 },
  systemClock,
);
const token = tokens.sign({ userId: USER, sessionId: SESSION });
const otherToken = tokens.sign({ userId: USER, sessionId: OTHER_SESSION });

describe('AccessTokenAuthenticator', () => {
  let bus: EventBus<UserEvents & AccessChangeEvents>;
  let status: AccountStatus | undefined;
  let live: Set<string>;
  let minted: Set<string>;
  let isSessionLive: jest.Mock<(userId: string, sessionId: string) => Promise<boolean>>;
  let authenticator: AccessTokenAuthenticator;

  beforeEach(() => {
    bus = new EventBus(silentLogger());
    status = { role: 'user', isDeactivated: false };
    minted = new Set();
    live = new Set([SESSION, OTHER_SESSION]);
    isSessionLive = jest.fn((_userId, sessionId) => Promise.resolve(live.has(sessionId)));
    authenticator = new AccessTokenAuthenticator(
      tokens,
      {
        live: async (userId, sessionId) =>
          (await isSessionLive(userId, sessionId))
            ? { userId, ...(minted.has(sessionId) && { isMinted: true }) }
            : undefined,
      },
      { status: () => Promise.resolve(status) },
    );
    bus.subscribe(authenticator.subscriptions);
  });

  it('answers who calls, with the role of now', async () => {
    expect(await authenticator.authenticate(token)).toEqual({
      userId: USER,
      sessionId: SESSION,
      role: 'user',
    });
  });

  it('refuses a missing token', async () => {
    await expect(authenticator.authenticate(undefined)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  it('looks a login up once for concurrent callers', async () => {
    await Promise.all(Array.from({ length: 20 }, () => authenticator.authenticate(token)));
    expect(isSessionLive).toHaveBeenCalledTimes(1);
  });

  it('refuses an ended login as soon as the event arrives', async () => {
    await authenticator.authenticate(token);
    live.delete(SESSION);
    bus.emit('session.revoked', { sessionId: SESSION, userId: USER }, { scope: 'cluster' });
    await expect(authenticator.authenticate(token)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    await expect(authenticator.authenticate(otherToken)).resolves.toBeDefined();
  });

  it('refuses logins that have ended on another node', async () => {
    await authenticator.authenticate(token);
    live.clear();
    bus.emit('sessions.revoked', { userId: USER }, { scope: 'node' });
    await expect(authenticator.authenticate(token)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  it.each([
    ['session.revoked', { sessionId: SESSION, userId: USER }],
    ['sessions.revoked', { userId: USER }],
    ['user.deactivated', { userId: USER }],
    ['user.role_changed', { userId: USER, role: 'user' }],
  ] as const)(
    'looks a login up again for who waits for it when there is %s',
    async (name, event) => {
      const answers: ((isLive: boolean) => void)[] = [];
      isSessionLive.mockImplementationOnce(
        () =>
          new Promise((resolve) => {
            answers.push(resolve);
          }),
      );
      const waiting = [token, token].map((offered) => authenticator.authenticate(offered));
      live.delete(SESSION);
      bus.emit(name, event as never, { scope: 'node' });
      answers[0]!(true);
      for (const authenticated of waiting) {
        await expect(authenticated).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      }
      expect(isSessionLive).toHaveBeenCalledTimes(2);
    },
  );

  it('tells deactivated users that they are, although their logins have ended too', async () => {
    await authenticator.authenticate(token);
    status = { role: 'user', isDeactivated: true };
    live.clear();
    bus.emit('user.deactivated', { userId: USER }, { scope: 'cluster' });
    await expect(authenticator.authenticate(token)).rejects.toMatchObject({
      code: 'ACCOUNT_DEACTIVATED',
    });
  });

  it('answers a changed role at once', async () => {
    await authenticator.authenticate(token);
    status = { role: 'admin', isDeactivated: false };
    bus.emit('user.role_changed', { userId: USER, role: 'admin' }, { scope: 'cluster' });
    expect((await authenticator.authenticate(token)).role).toBe('admin');
  });

  it("answers a plain user's role for a login by a server key, whatever the user becomes", async () => {
    minted.add(SESSION);
    status = { role: 'admin', isDeactivated: false };
    expect(await authenticator.authenticate(token)).toMatchObject({ role: 'user', isMinted: true });
    expect(await authenticator.authenticate(otherToken)).toMatchObject({ role: 'admin' });
  });

  it('refuses a token whose user is gone', async () => {
    status = undefined;
    await expect(authenticator.authenticate(token)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  it('looks up again after a failed lookup', async () => {
    isSessionLive.mockRejectedValueOnce(new Error('database away'));
    await expect(authenticator.authenticate(token)).rejects.toThrow('database away');
    await expect(authenticator.authenticate(token)).resolves.toBeDefined();
  });

  it('refuses a token that combines one user with the login of another', async () => {
    await authenticator.authenticate(token);
    isSessionLive.mockResolvedValue(false);
    const forged = tokens.sign({ userId: 'd'.repeat(24), sessionId: SESSION });
    await expect(authenticator.authenticate(forged)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });
});
