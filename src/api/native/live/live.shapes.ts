import { presentUserCard } from '../users/users.shapes.js';
import type { LiveRecord } from '../../../modules/live/live.events.js';

/** A stream in the native shape. */
export const presentLive = (live: LiveRecord) => ({
  id: live.id,
  _id: live.id,
  liveId: live.id,
  title: live.title,
  chatId: live.chatId,
  hostId: live.host.id,
  host: presentUserCard(live.host),
  viewerCount: live.viewerCount,
  startedAt: live.startedAt,
});
