import type { AnyCommand } from '../../../transport/socket/command.js';
import { command } from '../../../transport/socket/command.js';
import { chosenStatusResponse } from '../../shared/presence.schemas.js';
import { chosenStatusSchema } from './presence.schemas.js';
import type { UseCases } from '../../shared/use-cases.js';

/** The native command by which users choose their status. */
export const presenceCommands = ({ chooser }: UseCases): AnyCommand[] => [
  command({
    event: 'set_status',
    dialect: 'native',
    summary: 'Show myself online, away, busy or offline (invisible)',
    schema: chosenStatusSchema,
    answer: chosenStatusResponse,
    userLimit: 'signals',
    handle: async ({ actor }, payload) => ({ data: await chooser.choose(actor, payload) }),
  }),
];
