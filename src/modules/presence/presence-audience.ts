import type { LocalSockets } from '../../realtime/rendering.js';
import type { PresenceAudience } from './presence.events.js';

/** Of the users with a socket on this node, those who may hear of a change of presence. */
export const presenceListeners = (
  { userId, contactIds, roomIds, blockedIds }: PresenceAudience & { userId: string },
  local: LocalSockets,
): string[] => {
  const listeners = new Set([
    ...local.connected(contactIds),
    ...roomIds.flatMap((roomId) => local.looking(roomId)),
  ]);
  for (const blockedId of blockedIds) listeners.delete(blockedId);
  listeners.delete(userId);
  return [...listeners];
};
