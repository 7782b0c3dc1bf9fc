import Joi from 'joi';
import type { AnyCommand } from '../../transport/socket/command.js';
import { command } from '../../transport/socket/command.js';
import type { DialectName } from '../../transport/socket/dialect.js';
import { DIALECTS } from '../../transport/socket/dialect.js';

const setDialectSchema = Joi.object<{ dialects: DialectName[] }>({
  dialects: Joi.array()
    .items(Joi.string<DialectName>().valid(...DIALECTS))
    .unique()
    .min(1)
    .max(DIALECTS.length)
    .required(),
});

/**
 * The command by which a device sets the dialects that it receives, in place of those that it declared or
 * used.
 */
export const setDialectCommand: AnyCommand = command({
  event: 'set_dialect',
  dialect: 'native',
  isShared: true,
  summary: 'Receive these dialects from now on, and no others',
  schema: setDialectSchema,
  answer: setDialectSchema,
  userLimit: 'signals',
  handle: ({ socket }, { dialects }) => {
    socket.setDialects(dialects);
    return Promise.resolve({ data: { dialects } });
  },
});
