import type { AccessReconcilerParts } from '../modules/access-changes/index.js';
import { objectId } from '../platform/object-id.js';
import { channels } from '../transport/socket/channels.js';
import type { NodeParts } from './lifecycle.js';

/** What a node's sockets show of their users' standing, and what the database says of it. */
export const status = ({ foundation, areas, sockets }: NodeParts): AccessReconcilerParts => ({
  bus: foundation.bus,
  statusOf: (userId, sessionId) => areas.users.api.statusOf(userId, sessionId),
  memberships: async (userIds, chatIds) => {
    const rows = await foundation.models.chats.memberships.collection
      .find(
        { userId: { $in: userIds.map(objectId) }, chatId: { $in: chatIds.map(objectId) } },
        { projection: { userId: 1, chatId: 1, _id: 0 } },
      )
      .toArray();
    return rows.map(({ userId, chatId }) => ({
      userId: userId.toHexString(),
      chatId: chatId.toHexString(),
    }));
  },
  sockets: {
    connected: (userIds) => sockets.directory.connected(userIds),
    logins: (userId) =>
      sockets.directory
        .socketsIn(channels.user(userId))
        .map(({ data: { actor } }) => ({ sessionId: actor.sessionId, role: actor.role })),
    places: (userId, chatId) => sockets.directory.places(userId, chatId),
    reconnectAll: () => sockets.reconnectAll(),
  },
});
