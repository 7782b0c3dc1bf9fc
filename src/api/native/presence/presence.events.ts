import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import type { PresenceEvents } from '../../../modules/presence/index.js';

/** The events about presence that native clients receive. */
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
    'contact.closed': renders(['user_deactivated'], ({ userId }) => [
      { event: 'user_deactivated', payload: { userId } },
    ]),
  },
};
