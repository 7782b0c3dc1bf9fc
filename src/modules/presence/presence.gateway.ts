import type { AnyCommand } from '../../realtime/command.js';
import { command } from '../../realtime/command.js';
import type { RenderingTable } from '../../realtime/rendering.js';
import { rooms } from '../../realtime/rooms.js';
import type { ChooseStatus } from './choose-status.service.js';
import type { PresenceEvents } from './presence.events.js';
import { presenceListeners } from './presence-audience.js';
import { chosenStatusSchema } from './presence.schemas.js';

/** The native command by which somebody chooses what to show. */
export const presenceCommands = (chooser: ChooseStatus): AnyCommand[] => [
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
    'presence.changed': (event, local) =>
      presenceListeners(event, local).map((listenerId) => ({
        audience: { room: rooms.user(listenerId) },
        event: 'presence_changed',
        payload: {
          userId: event.userId,
          status: event.status,
          customStatus: event.customStatus,
          lastSeen: event.lastSeen,
        },
        isVolatile: true,
      })),
  },
};
