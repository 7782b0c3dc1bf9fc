import type { AnyCommand } from '../../../transport/socket/command.js';
import { command } from '../../../transport/socket/command.js';
import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import type { StatusChooser } from '../../../modules/presence/status-chooser.js';
import type { PresenceEvents } from '../../../modules/presence/presence.events.js';
import { chosenStatusSchema } from './presence.schemas.js';

/** The native command by which somebody chooses what to show. */
export const presenceCommands = (chooser: StatusChooser): AnyCommand[] => [
  command({
    event: 'set_status',
    dialect: 'native',
    summary: 'Show myself online, away, busy or offline (invisible)',
    schema: chosenStatusSchema,
    userLimit: 'signals',
    handle: async ({ actor }, payload) => ({ data: await chooser.choose(actor, payload) }),
  }),
];

/** How native clients hear of presence. */
export const presenceRenderings: RenderingTable<PresenceEvents> = {
  dialect: 'native',
  renderings: {
    'presence.changed': renders(
      ['presence_changed'],
      ({ userId, status, customStatus, lastSeen }) => [
        {
          event: 'presence_changed',
          payload: { userId, status, customStatus, lastSeen },
          isVolatile: true,
        },
      ],
    ),
  },
};
