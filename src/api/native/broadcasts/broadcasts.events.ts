import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import type { BroadcastEvents } from '../../../modules/broadcasts/index.js';
import { presentBroadcast } from '../../shared/broadcast.shapes.js';

/** The events about broadcasts that native clients receive. */
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
