import Joi from 'joi';
import type { ErrorBody } from '../../shared/errors.js';
import { ERROR_STATUS } from '../../shared/errors.js';
import type { ServerEvent } from '../../transport/socket/server-event.js';

/** An id in an answer or an event: opaque to clients. */
export const id = Joi.string().required();

/** A time in an answer or an event: ISO 8601, UTC. */
export const time = Joi.string().isoDate().required();

const errorKeys = {
  code: Joi.string()
    .valid(...Object.keys(ERROR_STATUS))
    .required()
    .description('For programs; the list only grows')
    .id('ErrorCode'),
  message: Joi.string().required().description('For people; not meant to be parsed'),
  errors: Joi.array()
    .items(
      Joi.object({
        path: Joi.string().allow('').required().description('Dotted, as in `media.0.url`'),
        message: Joi.string().required(),
      }).id('FieldError'),
    )
    .description('Of VALIDATION: what is wrong with which field'),
  retryAfter: Joi.number().description('Seconds after which the same request may succeed'),
  details: Joi.object({
    reason: Joi.string().valid('type', 'damage', 'size', 'pixels', 'frames', 'time').required(),
    limit: Joi.number().description('The bytes, pixels or frames that the file exceeds'),
  })
    .description('Why a file is refused')
    .id('RefusalDetails'),
  challenge: Joi.string().description('Of TOTP_REQUIRED: what `POST /api/auth/totp` takes'),
  until: Joi.string()
    .isoDate()
    .allow(null)
    .description('Of a sanction: when it ends; null: when somebody lifts it'),
  reason: Joi.string().description('Of a sanction: why it was imposed'),
};

/** A refusal: `error` of an ack, and `data` of the error with which a handshake is refused. */
export const errorBodySchema: Joi.ObjectSchema<ErrorBody> =
  Joi.object<ErrorBody>(errorKeys).id('ErrorBody');

/** The event `error`, which every dialect has. */
export const errorEvent: Omit<ServerEvent, 'event' | 'dialect'> = {
  description:
    'A command of this device was refused; or, without `event`, its token has ended. The ack of the command says the same; `errors`, the list of the fields ' +
    'that are wrong, comes once: here only when the command asked for no ack. Not sent for a typing signal that a ' +
    'busy server leaves out.',
  audience: 'the device that sent the command',
  type: 'CommandError',
  payload: Joi.object({
    ...errorKeys,
    event: Joi.string()
      .allow('')
      .description(
        'The command that was refused; absent where the token has ended, and the socket with it',
      ),
  }),
  example: { code: 'NOT_FOUND', message: 'Chat not found', event: 'join_chat' },
};
