import Joi from 'joi';
import type { AnyCommand } from '../../transport/socket/command.js';
import { REFRESH_TOKEN, command } from '../../transport/socket/command.js';
import { time } from './event.schemas.js';

const refreshTokenSchema = Joi.object<{ token: string }>({
  token: Joi.string().min(1).max(8192).required(),
});

const refreshedResponse = Joi.object({
  expiresAt: time.description('When the newer token ends'),
});

/**
 * The command by which a device sends a newer access token of the same login, so that its socket stays open
 * when the token of the handshake expires. The answer contains the new expiry.
 */
export const refreshTokenCommand: AnyCommand = command({
  event: REFRESH_TOKEN,
  dialect: 'native',
  isShared: true,
  summary: 'Stay connected under a newer access token of the same login',
  schema: refreshTokenSchema,
  answer: refreshedResponse,
  userLimit: 'marks',
  handle: async ({ socket }, { token }) => ({
    data: { expiresAt: new Date(await socket.renewToken(token)).toISOString() },
  }),
});
