import type { StarEvents } from '../../../modules/stars/index.js';
import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import { presentStar } from './stars.shapes.js';

/** How a user's native devices hear of stars. */
export const starRenderings: RenderingTable<StarEvents> = {
  dialect: 'native',
  renderings: {
    'star.changed': renders(['message_starred'], (event) => [
      { event: 'message_starred', payload: presentStar(event) },
    ]),
  },
};
