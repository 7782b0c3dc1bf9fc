import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { anActor, aUser } from '../../../test/support/factories.js';
import { silentLogger } from '../../../test/support/logger.js';
import { RateLimiter } from '../../platform/rate-limiter.js';
import { systemClock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import { FailedAttempts } from './passwords.js';
import { SignIn } from './sign-in.js';
import { AccessTokens } from './tokens.js';
import type { UserRecord } from './users.model.js';

type Deps = ConstructorParameters<typeof SignIn>[0];

const user = aUser({ username: 'ada', passwordHash: 'old hash' });
const session = { sessionId: 'b'.repeat(24), userId: user._id.toString(), refreshToken: 'r' };
const origin = { ip: '', userAgent: '' };
const credentials = { username: 'ada', password: 'test123' };

describe('a login', () => {
  const accounts = {
    findByUsername: jest.fn<() => Promise<UserRecord | null>>(),
    findById: jest.fn<() => Promise<UserRecord | null>>(),
  };
  const sessions = { start: jest.fn<() => Promise<typeof session>>(), revoke: jest.fn() };
  const hasher = { matches: jest.fn<(...given: unknown[]) => Promise<boolean>>() };
  let signIn: SignIn;

  beforeEach(() => {
    accounts.findByUsername.mockReset().mockResolvedValue(user);
    accounts.findById.mockReset().mockResolvedValue(user);
    sessions.start.mockReset().mockResolvedValue(session);
    sessions.revoke.mockReset();
    hasher.matches.mockReset().mockResolvedValue(true);
    const logger = silentLogger();
    const tokens = new AccessTokens(
      { secret: 'x'.repeat(32), issuer: 'parley', audience: 'parley', lifetime: 60 },
      systemClock,
    );
    const attempts = (name: string) =>
      new FailedAttempts(new RateLimiter({ name, limit: 1, windowMs: 60_000 }, logger));
    signIn = new SignIn({
      foreign: { revoke: () => Promise.resolve(), revokeAll: () => Promise.resolve() },
      loginAudit: { succeeded: () => undefined, failed: () => undefined },
      accounts,
      sessions,
      hasher,
      tokens,
      clock: systemClock,
      devices: {
        find: () => Promise.resolve(undefined),
        remember: () => Promise.resolve({ id: 'd'.repeat(24), token: 'd' }),
      },
      refusals: attempts('auth'),
      wrongPasswords: attempts('login'),
    } as unknown as Deps);
  });

  it('is taken back when the password was changed while it was made', async () => {
    accounts.findById.mockResolvedValue({ ...user, passwordHash: 'new hash' });
    await expect(signIn.login(credentials, origin)).rejects.toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    expect(sessions.revoke).toHaveBeenCalledWith(session.userId, session.sessionId);
  });

  it('takes the time of a comparison when there is no account', async () => {
    accounts.findByUsername.mockResolvedValue(null);
    hasher.matches.mockResolvedValue(false);
    await expect(signIn.login(credentials, origin)).rejects.toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    expect(hasher.matches).toHaveBeenCalledWith('test123', undefined);
  });

  it('does not count as an attempt when the hasher has no time for it', async () => {
    hasher.matches.mockRejectedValueOnce(new AppError('OVERLOADED', 'busy'));
    await expect(signIn.login(credentials, origin)).rejects.toMatchObject({ code: 'OVERLOADED' });
    await expect(signIn.login(credentials, origin)).resolves.toMatchObject({ refreshToken: 'r' });
  });
});

describe('a change of password', () => {
  const actor = anActor({ userId: user._id.toString(), sessionId: session.sessionId });
  const change = { currentPassword: 'test123', newPassword: 'better123' };
  /** The state of the account and its logins; passwords are their own hashes here. */
  let passwordHash: string;
  let others: string[];
  const replacePasswordHash = jest.fn<(id: string, from: string, to: string) => Promise<boolean>>();
  const revokeAll = jest.fn<() => Promise<number>>();
  const keep = jest.fn<(deviceId: string, passwordHash: string) => Promise<void>>();
  let signIn: SignIn;

  beforeEach(() => {
    passwordHash = 'test123';
    others = ['thief', 'laptop'];
    replacePasswordHash.mockReset().mockImplementation((_id, from, to) => {
      if (passwordHash !== from) return Promise.resolve(false);
      passwordHash = to;
      return Promise.resolve(true);
    });
    keep.mockReset().mockResolvedValue();
    revokeAll
      .mockReset()
      .mockImplementation(() => Promise.resolve(others.splice(0, others.length).length));
    signIn = new SignIn({
      foreign: { revoke: () => Promise.resolve(), revokeAll: () => Promise.resolve() },
      loginAudit: { succeeded: () => undefined, failed: () => undefined },
      accounts: {
        findById: () => Promise.resolve({ ...user, passwordHash }),
        replacePasswordHash,
      },
      sessions: { revokeAll, deviceOf: () => Promise.resolve('laptop') },
      devices: { keep },
      links: { revoke: () => Promise.resolve() },
      mails: { during: (_order: object, change: () => Promise<unknown>) => change() },
      hasher: {
        matches: (password: string, hash: string) => Promise.resolve(password === hash),
        hash: (password: string) => Promise.resolve(password),
      },
      wrongPasswords: { run: (_key: string, attempt: () => Promise<void>) => attempt() },
    } as unknown as Deps);
  });

  it('can be repeated when the other logins could not be ended', async () => {
    revokeAll.mockRejectedValueOnce(new Error('the database is away'));
    await expect(signIn.changePassword(actor, change)).rejects.toThrow('the database is away');
    expect(await signIn.changePassword(actor, change)).toBe(2);
    expect([passwordHash, others]).toEqual(['better123', []]);
    expect(keep.mock.calls).toEqual([['laptop', 'better123']]);
  });

  it('leaves no other login alive when it fails after the password was replaced', async () => {
    replacePasswordHash.mockImplementationOnce((_id, _from, to) => {
      passwordHash = to;
      return Promise.reject(new Error('no answer'));
    });
    await expect(signIn.changePassword(actor, change)).rejects.toThrow('no answer');
    expect([passwordHash, others]).toEqual(['better123', []]);
  });

  it('also ends a login that begins with the old password before it is replaced', async () => {
    const replace = replacePasswordHash.getMockImplementation()!;
    replacePasswordHash.mockImplementationOnce((...given) => {
      others.push('late');
      return replace(...given);
    });
    expect(await signIn.changePassword(actor, change)).toBe(3);
    expect(others).toEqual([]);
  });
});
