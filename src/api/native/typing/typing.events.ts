import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import { presentUserCard } from '../../shared/user-card.shapes.js';
import type { TypingEvents } from '../../../modules/presence/index.js';

/** The events about typing that native clients receive. */
export const typingRenderings: RenderingTable<TypingEvents> = {
  dialect: 'native',
  renderings: {
    'typing.started': renders(['user_typing'], ({ chatId, user }) => [
      {
        event: 'user_typing',
        payload: { chatId, userId: user.id, user: presentUserCard(user), isTyping: true },
        isVolatile: true,
      },
    ]),
    'typing.stopped': renders(['user_stop_typing'], ({ chatId, user }) => [
      { event: 'user_stop_typing', payload: { chatId, userId: user.id }, isVolatile: true },
    ]),
  },
};
