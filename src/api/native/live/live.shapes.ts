import { presentUserCard } from '../../shared/user-card.shapes.js';
import type { LiveRecord } from '../../../modules/live/index.js';

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
