import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import type { ViewingEvents } from '../../../modules/presence/index.js';

/** The events about viewing that native clients receive. */
export const viewingRenderings: RenderingTable<ViewingEvents> = {
  dialect: 'native',
  renderings: {
    'chat.opened': renders(['user_online'], ({ chatId, userId }) => [
      { event: 'user_online', payload: { userId, chatId }, isVolatile: true },
    ]),
    'chat.closed': renders(['user_offline'], ({ chatId, userId }) => [
      { event: 'user_offline', payload: { userId, chatId }, isVolatile: true },
    ]),
    'viewers.changed': renders(['viewers_changed'], ({ chatId, count }) => [
      { event: 'viewers_changed', payload: { chatId, count }, isVolatile: true },
    ]),
  },
};
