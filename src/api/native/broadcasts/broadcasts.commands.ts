import type { AnyCommand } from '../../../transport/socket/command.js';
import { command } from '../../../transport/socket/command.js';
import { presentAdminBroadcast } from '../../shared/broadcast.shapes.js';
import {
  broadcastParams,
  broadcastSchema,
  toBroadcastInput,
  adminBroadcastResponse,
  readBroadcastResponse,
} from '../../shared/broadcast.schemas.js';
import type { UseCases } from '../../shared/use-cases.js';

/** The commands, the same in the native and the v0 dialect. */
export const broadcastCommands = ({ broadcasts, inbox, maxLength }: UseCases): AnyCommand[] => [
  command({
    event: 'admin_broadcast',
    dialect: 'native',
    isShared: true,
    auth: 'admin',
    summary: 'Send a message to everybody, to a role, or to a list of people; now or later',
    schema: broadcastSchema(maxLength),
    answer: adminBroadcastResponse,
    userLimit: 'writes',
    shedAs: 'work',
    handle: async ({ actor }, payload) => {
      const record = await broadcasts.create(actor, toBroadcastInput(payload));
      return { data: presentAdminBroadcast(record) };
    },
  }),
  command({
    event: 'read_broadcast',
    dialect: 'native',
    isShared: true,
    summary: 'Read a broadcast, and so those before it',
    schema: broadcastParams,
    answer: readBroadcastResponse,
    userLimit: 'marks',
    handle: async ({ actor }, { broadcastId }) => ({
      data: await inbox.markRead(actor, broadcastId),
    }),
  }),
];
