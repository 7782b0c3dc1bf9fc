import type { AnyCommand } from '../../../transport/socket/command.js';
import { command } from '../../../transport/socket/command.js';
import type { Actor } from '../../../shared/actor.js';
import type { presentSync } from './sync.shapes.js';
import type { SyncRequest } from './sync.schemas.js';
import { syncSchema } from './sync.schemas.js';

/** Syncs and presents; what both transports answer. */
export type SyncAnswer = (
  actor: Actor,
  request: SyncRequest,
) => Promise<ReturnType<typeof presentSync>>;

/** The socket command of sync. */
export const syncCommands = (answer: SyncAnswer): AnyCommand[] => [
  command({
    event: 'sync',
    dialect: 'native',
    summary: 'Everything that changed in my chats after what I have',
    schema: syncSchema,
    userLimit: 'sync',
    load: 'work',
    handle: async ({ actor }, request) => ({ data: await answer(actor, request) }),
  }),
];
