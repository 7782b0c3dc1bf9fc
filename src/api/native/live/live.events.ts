import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import { presentUserCard } from '../../shared/user-card.shapes.js';
import type { LiveEvents } from '../../../modules/live/index.js';
import { presentLive } from './live.shapes.js';

/** The events about live streams that native clients receive. */
export const liveRenderings: RenderingTable<LiveEvents> = {
  dialect: 'native',
  renderings: {
    'live.started': renders(['live_started'], ({ live }) => [
      { event: 'live_started', payload: presentLive(live) },
    ]),
    'live.viewer_joined': renders(['live_viewer_joined'], ({ liveId, user, viewerCount }) => [
      {
        event: 'live_viewer_joined',
        payload: { liveId, userId: user.id, user: presentUserCard(user), viewerCount },
      },
    ]),
    'live.viewer_left': renders(['live_viewer_left'], ({ liveId, userId, viewerCount }) => [
      { event: 'live_viewer_left', payload: { liveId, userId, viewerCount } },
    ]),
    'live.commented': renders(['live_comment'], ({ liveId, id, user, content, at }) => [
      {
        event: 'live_comment',
        payload: { liveId, id, content, at, userId: user.id, user: presentUserCard(user) },
      },
    ]),
    'live.reacted': renders(['live_reaction'], ({ liveId, user, emoji }) => [
      {
        event: 'live_reaction',
        payload: { liveId, userId: user.id, user: presentUserCard(user), emoji },
        isVolatile: true,
      },
    ]),
    'live.signalled': renders(['live_signal'], ({ liveId, from, data }) => [
      { event: 'live_signal', payload: { liveId, from, data } },
    ]),
    'live.over': renders(['live_ended'], ({ liveId, hostId, reason, endedAt }) => [
      { event: 'live_ended', payload: { liveId, hostId, reason, endedAt } },
    ]),
    // For this user the stream is over, even if it continues for others.
    'live.put_out': renders(['live_ended'], ({ liveId, hostId, at }) => [
      {
        event: 'live_ended',
        payload: { liveId, hostId, reason: 'not_allowed', endedAt: at },
      },
    ]),
  },
};
