import type { AnyCommand } from '../../../transport/socket/command.js';
import { command } from '../../../transport/socket/command.js';
import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import type { BroadcastEvents } from '../../../modules/broadcasts/broadcasts.events.js';
import { presentAdminBroadcast, presentBroadcast } from './broadcasts.shapes.js';
import type { BroadcastRouteParts } from './broadcasts.routes.js';
import { broadcastParams, broadcastSchema, toBroadcastInput } from './broadcasts.schemas.js';

/** The commands, the same in the native and the v0 dialect. */
export const broadcastCommands = ({
  sender,
  inbox,
  maxLength,
}: Omit<BroadcastRouteParts, 'statistics'>): AnyCommand[] => [
  command({
    event: 'admin_broadcast',
    dialect: 'native',
    isShared: true,
    auth: 'admin',
    summary: 'Send a message to everybody, to a role, or to a list of people; now or later',
    schema: broadcastSchema(maxLength),
    userLimit: 'writes',
    load: 'work',
    handle: async ({ actor }, payload) => {
      const record = await sender.create(actor, toBroadcastInput(payload));
      return { data: presentAdminBroadcast(record) };
    },
  }),
  command({
    event: 'read_broadcast',
    dialect: 'native',
    isShared: true,
    summary: 'Read a broadcast, and so those before it',
    schema: broadcastParams,
    userLimit: 'marks',
    handle: async ({ actor }, { broadcastId }) => ({
      data: await inbox.markRead(actor, broadcastId),
    }),
  }),
];

/** How native clients hear of broadcasts. */
export const broadcastRenderings: RenderingTable<BroadcastEvents> = {
  dialect: 'native',
  renderings: {
    'broadcast.shown': renders(['admin_broadcast'], ({ broadcast }) => [
      { event: 'admin_broadcast', payload: presentBroadcast(broadcast) },
    ]),
    'broadcasts.unread': renders(['unread_broadcasts'], ({ unreadCount, before }) => [
      { event: 'unread_broadcasts', payload: { unreadCount, before } },
    ]),
  },
};
