import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Types } from 'mongoose';
import { createLogger } from '../../platform/logger.js';
import { RateLimiter } from '../../platform/rate-limiter.js';
import { systemClock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { UserDoc } from '../users/index.js';
import { AccessTokens } from './access-tokens.js';
import type { AuthServiceDeps } from './auth.service.js';
import { AuthService } from './auth.service.js';

const user = {
  _id: new Types.ObjectId(),
  username: 'ada',
  passwordHash: 'old hash',
  deactivatedAt: null,
} as unknown as UserDoc;
const session = { sessionId: 'b'.repeat(24), userId: user._id.toString(), refreshToken: 'r' };
const origin = { ip: '', userAgent: '' };
const credentials = { username: 'ada', password: 'test123' };

describe('AuthService.login', () => {
  const accounts = {
    findByUsername: jest.fn<() => Promise<UserDoc | null>>(),
    findById: jest.fn<() => Promise<UserDoc | null>>(),
  };
  const sessions = { start: jest.fn<() => Promise<typeof session>>(), revoke: jest.fn() };
  const hasher = { matches: jest.fn<(...given: unknown[]) => Promise<boolean>>() };
  let service: AuthService;

  beforeEach(() => {
    accounts.findByUsername.mockReset().mockResolvedValue(user);
    accounts.findById.mockReset().mockResolvedValue(user);
    sessions.start.mockReset().mockResolvedValue(session);
    sessions.revoke.mockReset();
    hasher.matches.mockReset().mockResolvedValue(true);
    const logger = createLogger({ logLevel: 'silent', nodeEnv: 'test' });
    const tokens = new AccessTokens(
      { secret: 'x'.repeat(32), issuer: 'parley', audience: 'parley', lifetime: 60 },
      systemClock,
    );
    service = new AuthService({
      accounts,
      sessions,
      hasher,
      tokens,
      loginFailures: new RateLimiter({ name: 'login', limit: 1, windowMs: 60_000 }, logger),
    } as unknown as AuthServiceDeps);
  });

  it('takes back a login whose password was changed while it was made', async () => {
    accounts.findById.mockResolvedValue({ ...user, passwordHash: 'new hash' });
    await expect(service.login(credentials, origin)).rejects.toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    expect(sessions.revoke).toHaveBeenCalledWith(session.userId, session.sessionId);
  });

  it('compares with nothing, but compares, when there is no account', async () => {
    accounts.findByUsername.mockResolvedValue(null);
    hasher.matches.mockResolvedValue(false);
    await expect(service.login(credentials, origin)).rejects.toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    expect(hasher.matches).toHaveBeenCalledWith('test123', undefined);
  });

  it('does not count an attempt that was refused for lack of time', async () => {
    hasher.matches.mockRejectedValueOnce(new AppError('OVERLOADED', 'busy'));
    await expect(service.login(credentials, origin)).rejects.toMatchObject({ code: 'OVERLOADED' });
    await expect(service.login(credentials, origin)).resolves.toMatchObject({ refreshToken: 'r' });
  });
});
