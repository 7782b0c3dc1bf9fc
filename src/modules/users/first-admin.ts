import Joi from 'joi';
import type { Config } from '../../config/index.js';
import { ConfigError } from '../../config/index.js';
import type { Logger } from '../../platform/logger.js';
import { AppError } from '../../shared/errors.js';
import { validate } from '../../shared/validate.js';
import { emailSchema, newPasswordSchema, usernameSchema } from './account-fields.js';
import type { Accounts } from './accounts.js';
import type { PasswordHasher } from './passwords.js';

/** The settings that name the first admin. */
export type AdminSettings = Pick<
  Config,
  'adminUsername' | 'adminEmail' | 'adminPassword' | 'passwordMinLength'
>;

const NAMES = 'ADMIN_USERNAME, ADMIN_EMAIL and ADMIN_PASSWORD';

const accountSchema = (passwordMinLength: number) =>
  Joi.object<{ username: string; email: string; password: string }>({
    username: usernameSchema.required(),
    email: emailSchema.required(),
    password: newPasswordSchema(passwordMinLength).required(),
  });

const readSettings = (config: AdminSettings) => {
  const { adminUsername: username, adminEmail: email, adminPassword: password } = config;
  if (!username && !email && !password) return undefined;
  try {
    return validate(accountSchema(config.passwordMinLength), { username, email, password });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new ConfigError(
      (error.errors ?? []).map(({ message }) => `${NAMES} must make an account: ${message}`),
    );
  }
};

/**
 * Makes the admin that the settings name, when there is no such account yet. An account that somebody else has
 * registered under the name stays as it is: otherwise a stranger with a password of their own would become admin.
 *
 * @throws {ConfigError} when the settings are incomplete or not acceptable.
 */
export const ensureAdmin = async (
  config: AdminSettings,
  accounts: Pick<Accounts, 'create' | 'findByEmail' | 'findByUsername'>,
  hasher: PasswordHasher,
  logger: Logger,
): Promise<void> => {
  const admin = readSettings(config);
  if (!admin) return;
  const { username, email, password } = admin;
  const existing = await accounts.findByUsername(username);
  if (existing) {
    if (existing.role === 'admin') return;
    logger.warn({ username }, 'ADMIN_USERNAME belongs to a user without the role; run make-admin');
    return;
  }
  // The admin made at an earlier start, under a username of their own choice by now.
  if ((await accounts.findByEmail(email))?.role === 'admin') return;
  try {
    await accounts.create({
      username,
      email,
      passwordHash: await hasher.hash(password),
      role: 'admin',
    });
    logger.info({ username }, 'admin account made');
  } catch (error) {
    // Another node that started at the same time was faster.
    if (error instanceof AppError && error.code === 'USERNAME_TAKEN') return;
    if (error instanceof AppError && error.code === 'EMAIL_TAKEN') {
      throw new ConfigError([`ADMIN_EMAIL belongs to another account than ${username}`]);
    }
    throw error;
  }
};
