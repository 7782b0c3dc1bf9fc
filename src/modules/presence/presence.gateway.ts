import type { AnyCommand } from '../../realtime/command.js';
import { command } from '../../realtime/command.js';
import type { RenderingTable } from '../../realtime/rendering.js';
import { renders } from '../../realtime/rendering.js';
import type { StatusChooser } from './choose-status.service.js';
import type { PresenceEvents } from './presence.events.js';
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
