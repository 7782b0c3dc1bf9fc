import type { AnyCommand } from '../../../transport/socket/command.js';
import { command } from '../../../transport/socket/command.js';
import type { UseCases } from '../../shared/use-cases.js';
import { syncCall } from './sync.calls.js';
import { syncSchema, syncResponse } from './sync.schemas.js';

/** The socket command of sync. */
export const syncCommands = (useCases: UseCases): AnyCommand[] => {
  const sync = syncCall(useCases);
  return [
    command({
      event: 'sync',
      dialect: 'native',
      summary: 'Everything that changed in my chats after what I have',
      schema: syncSchema,
      answer: syncResponse,
      userLimit: 'sync',
      shedAs: 'work',
      handle: async ({ actor }, request) => ({ data: await sync(actor, request) }),
    }),
  ];
};
