import Joi from 'joi';
import type { Credentials, NewRegistration, PasswordChange } from '../../../modules/users/index.js';
import {
  emailSchema,
  nameSchema,
  newPasswordSchema,
  newUsernameSchema,
  passwordSchema,
} from '../../../modules/users/index.js';
import { ownUserSchema } from '../users/users.schemas.js';

/** Body of a sign-up. */
export const registerBody = (passwordMinLength: number) =>
  Joi.object<NewRegistration>({
    username: newUsernameSchema.required(),
    email: emailSchema.required(),
    password: newPasswordSchema(passwordMinLength).required(),
    firstName: nameSchema,
    lastName: nameSchema,
    inviteCode: Joi.string()
      .trim()
      .max(64)
      .description('Of POST /api/admin/registration-invites; needed with REGISTRATION=invite'),
  });

const loginName = Joi.string().trim().max(254).description('A username or an e-mail address');

/** Body of a sign-in. */
export const loginBody = Joi.object<Credentials>({
  identifier: loginName,
  username: loginName,
  email: loginName,
  password: passwordSchema.required(),
  // Any text: a token that is not of this account is ignored, like an expired one.
  deviceToken: Joi.string()
    .max(256)
    .allow('')
    .description('From an earlier login or sign-up on this device'),
}).xor('identifier', 'username', 'email');

/** Body of a refresh. */
export const refreshBody = Joi.object<{ refreshToken: string }>({
  refreshToken: Joi.string().max(256).required(),
});

/** Form of a back-channel logout, as the standard names its field. */
export const logoutTokenBody = Joi.object<{ logout_token: string }>({
  logout_token: Joi.string().max(8192).required(),
});

/** Body of a change of password. */
export const changePasswordBody = (passwordMinLength: number) =>
  Joi.object<PasswordChange>({
    currentPassword: passwordSchema.required(),
    newPassword: newPasswordSchema(passwordMinLength).required(),
  });

/** The answer of a refresh. */
export const grantSchema = Joi.object({
  token: Joi.string().required().description('Access token, for `Authorization: Bearer`'),
  refreshToken: Joi.string()
    .required()
    .description('For /api/auth/refresh, which answers the next one'),
  expiresIn: Joi.number().integer().required().description('Life of `token` in seconds'),
  user: ownUserSchema.required(),
});

/** The answer of a sign-in or sign-up. */
export const signInSchema = grantSchema.keys({
  deviceToken: Joi.string()
    .required()
    .description(
      'Send it with the next login on this device: wrong passwords from elsewhere do not shut it out then',
    ),
});

/** The answer of a sign-up: a login, or that a link in a mail must be opened first. */
export const registeredSchema = Joi.alternatives().try(
  signInSchema,
  Joi.object({
    mustVerifyEmail: Joi.boolean()
      .valid(true)
      .required()
      .description('Status 202, with REGISTRATION=domain:…: sign in after opening the link'),
  }),
);

/** The answer of a log-out. */
export const endedSessionsSchema = Joi.object({
  endedSessions: Joi.number().integer().min(0).required().description('How many logins have ended'),
});
