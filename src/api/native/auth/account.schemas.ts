import Joi from 'joi';
import { emailSchema, newPasswordSchema, passwordSchema } from '../../../modules/users/index.js';
import { idSchema } from '../../../shared/ids.js';

/** Token of a link, as the page that it opens finds it behind the `#`. */
const linkToken = Joi.string().max(256).required().description('From the link in the mail');

/** Body of a request for a mail to an address. */
export const mailBody = Joi.object<{ email: string }>({ email: emailSchema.required() });

/** Body with the token of a link. */
export const linkBody = Joi.object<{ token: string }>({ token: linkToken });

/** Body of a new password by a link. */
export const resetPasswordBody = (passwordMinLength: number) =>
  Joi.object<{ token: string; password: string }>({
    token: linkToken,
    password: newPasswordSchema(passwordMinLength).required(),
  });

/** Body of a change of address. */
export const changeEmailBody = Joi.object<{ email: string; currentPassword: string }>({
  email: emailSchema.required().description('The new address'),
  currentPassword: passwordSchema.required(),
});

/** The answer to a request for a mail: the same whether or not there is an account. */
export const acceptedSchema = Joi.object({ accepted: Joi.boolean().valid(true).required() });

/** The answer of a confirmed address. */
export const verifiedSchema = Joi.object({ email: Joi.string().required() });

/** The answer of an undone change. */
export const undoneSchema = Joi.object({
  resetToken: Joi.string().required().description('For POST /api/auth/reset-password, at once'),
});

/** Body of what asks for the password, unless the login is fresh. */
export const ownerBody = Joi.object<{ password?: string }>({
  password: passwordSchema.description('Needed when the login is older than 10 minutes'),
});

/** Path of a login. */
export const sessionParams = Joi.object<{ sessionId: string }>({ sessionId: idSchema.required() });

/** A login of the caller. */
export const sessionSchema = Joi.object({
  id: Joi.string().required(),
  device: Joi.string()
    .required()
    .description(
      'Browser and system, such as `Firefox on Linux`; `Unknown device` if neither is known',
    ),
  userAgent: Joi.string().allow('').required(),
  ip: Joi.string().allow('').required(),
  createdAt: Joi.string().isoDate().required(),
  lastUsedAt: Joi.string().isoDate().required().description('When its tokens were last renewed'),
  isCurrent: Joi.boolean().required(),
}).id('Session');

const codeSchema = Joi.string()
  .trim()
  .max(64)
  .required()
  .description('Six digits of the authenticator app, or a recovery code');

/** Body of the second step of a sign-in. */
export const secondFactorBody = Joi.object<{
  challenge: string;
  code: string;
  deviceToken?: string;
}>({
  challenge: Joi.string().max(1024).required().description('From the answer TOTP_REQUIRED'),
  code: codeSchema,
  deviceToken: Joi.string().max(256).allow('').description('As for /api/auth/login'),
});

/** Body with a code of the second factor. */
export const codeBody = Joi.object<{ code: string }>({ code: codeSchema });

/** Body that ends the second factor. */
export const disableTotpBody = Joi.object<{ password: string; code: string }>({
  password: passwordSchema.required(),
  code: codeSchema,
});

/** A secret for an authenticator app. */
export const enrolmentSchema = Joi.object({
  secret: Joi.string().required().description('In base 32, to be typed'),
  uri: Joi.string().required().description('`otpauth://totp/…`, to be shown as a QR code'),
});

/** Recovery codes. */
export const recoveryCodesSchema = Joi.object({
  recoveryCodes: Joi.array()
    .items(Joi.string())
    .required()
    .description('Ten codes that work once each; they are never shown again'),
});

/** The answer of what was done and has nothing to show. */
export const doneSchema = (name: string) =>
  Joi.object({ [name]: Joi.boolean().valid(true).required() });
