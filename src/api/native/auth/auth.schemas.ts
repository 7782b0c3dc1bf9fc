import Joi from 'joi';
import { emailSchema, nameSchema, ownUserSchema, usernameSchema } from '../users/users.schemas.js';

/** bcrypt reads no further than this; a longer password would be matched by its beginning alone. */
const PASSWORD_MAX_BYTES = 72;

const anyPassword = Joi.string().max(PASSWORD_MAX_BYTES, 'utf8');

const newPassword = (minLength: number) =>
  anyPassword
    .min(minLength)
    .description(`At least ${minLength} characters and at most ${PASSWORD_MAX_BYTES} bytes`);

/** A sign-up. */
export interface Registration {
  username: string;
  email: string;
  password: string;
  firstName?: string;
  lastName?: string;
}

/** Body of a sign-up. */
export const registerBody = (passwordMinLength: number) =>
  Joi.object<Registration>({
    username: usernameSchema.required(),
    email: emailSchema.required(),
    password: newPassword(passwordMinLength).required(),
    firstName: nameSchema,
    lastName: nameSchema,
  });

/** A sign-in, by username or by e-mail address. */
export type Credentials = { password: string; deviceToken?: string } & (
  { username: string } | { email: string }
);

/** Body of a sign-in. */
export const loginBody = Joi.object<Credentials>({
  username: Joi.string().trim().max(254),
  email: Joi.string().trim().max(254),
  password: anyPassword.required(),
  // Any text: one that is no token of this account is ignored, like one that has expired.
  deviceToken: Joi.string()
    .max(256)
    .allow('')
    .description('From an earlier login or sign-up on this device'),
}).xor('username', 'email');

/** Body of a refresh. */
export const refreshBody = Joi.object<{ refreshToken: string }>({
  refreshToken: Joi.string().max(256).required(),
});

/** A change of password. */
export interface PasswordChange {
  currentPassword: string;
  newPassword: string;
}

/** Body of a change of password. */
export const changePasswordBody = (passwordMinLength: number) =>
  Joi.object<PasswordChange>({
    currentPassword: anyPassword.required(),
    newPassword: newPassword(passwordMinLength).required(),
  });

/** What a refresh answers. */
export const grantSchema = Joi.object({
  token: Joi.string().required().description('Access token, for `Authorization: Bearer`'),
  refreshToken: Joi.string()
    .required()
    .description('For /api/auth/refresh, which answers the next one'),
  expiresIn: Joi.number().integer().required().description('Life of `token` in seconds'),
  user: ownUserSchema.required(),
});

/** What signing in and signing up answer. */
export const signInSchema = grantSchema.keys({
  deviceToken: Joi.string()
    .required()
    .description(
      'Send it with the next login on this device: wrong passwords from elsewhere do not shut it out then',
    ),
});

/** What logging out answers. */
export const endedSessionsSchema = Joi.object({
  endedSessions: Joi.number().integer().min(0).required().description('How many logins have ended'),
});
