import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { silentLogger } from '../../../test/support/logger.js';
import { ConfigError } from '../../config/index.js';
import { AppError } from '../../shared/errors.js';
import type { Accounts } from './accounts.js';
import { ensureAdmin } from './first-admin.js';
import { PasswordHasher } from './passwords.js';

const settings = {
  adminUsername: 'root',
  adminEmail: 'root@example.com',
  adminPassword: 'first admin of all',
  passwordMinLength: 6,
};
const hasher = new PasswordHasher({ rounds: 4, concurrency: 1, maxQueue: 1 });
const logger = silentLogger();

describe('the start of a node', () => {
  const accounts = {
    findByUsername: jest.fn<(username: string) => Promise<{ role: string } | null>>(),
    findByEmail: jest.fn<(email: string) => Promise<{ role: string } | null>>(),
    create: jest.fn<(account: unknown) => Promise<void>>(),
    setRole: jest.fn(),
  };

  const run = (config: Partial<typeof settings>) =>
    ensureAdmin(config as typeof settings, accounts as unknown as Accounts, hasher, logger);

  beforeEach(() => {
    accounts.findByUsername.mockReset().mockResolvedValue(null);
    accounts.findByEmail.mockReset().mockResolvedValue(null);
    accounts.create.mockReset().mockResolvedValue();
    accounts.setRole.mockReset();
  });

  it('makes the admin of the settings, with the password hashed', async () => {
    await run(settings);
    expect(accounts.create).toHaveBeenCalledWith({
      username: 'root',
      email: 'root@example.com',
      passwordHash: expect.stringMatching(/^\$2b\$04\$/),
      role: 'admin',
    });
  });

  it('makes no admin without settings', async () => {
    await run({ passwordMinLength: 6 });
    expect(accounts.create).not.toHaveBeenCalled();
  });

  it.each(['adminUsername', 'adminEmail', 'adminPassword'] as const)(
    'refuses settings without %s',
    async (missing) => {
      await expect(run({ ...settings, [missing]: undefined })).rejects.toThrow(ConfigError);
    },
  );

  it('refuses a password that no account may have', async () => {
    const adminPassword = 'x'.repeat(73);
    await expect(run({ ...settings, adminPassword })).rejects.toThrow(/password/);
  });

  it.each(['admin', 'user'])('leaves an existing %s of that name alone', async (role) => {
    accounts.findByUsername.mockResolvedValue({ role });
    await run(settings);
    expect(accounts.create).not.toHaveBeenCalled();
    expect(accounts.setRole).not.toHaveBeenCalled();
  });

  it('makes no second admin after the first has chosen another username', async () => {
    accounts.findByEmail.mockResolvedValue({ role: 'admin' });
    await run(settings);
    expect(accounts.create).not.toHaveBeenCalled();
  });

  it('accepts that another node was faster, but not that the address is taken', async () => {
    accounts.create.mockRejectedValueOnce(new AppError('USERNAME_TAKEN', 'taken'));
    await run(settings);
    accounts.create.mockRejectedValueOnce(new AppError('EMAIL_TAKEN', 'taken'));
    await expect(run(settings)).rejects.toThrow('ADMIN_EMAIL belongs to another account than root');
  });
});
