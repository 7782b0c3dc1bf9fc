import { syncClients } from '../api/native/index.js';
import { channels } from '../transport/socket/channels.js';
import type { SocketRegistry } from '../transport/socket/socket-registry.js';
import type { Conversations } from './conversations.area.js';
import { buildConversations } from './conversations.area.js';
import type { Foundation } from './foundation.js';
import type { Messaging } from './messaging.area.js';
import { buildMessaging } from './messaging.area.js';
import type { Oversight } from './oversight.area.js';
import { buildOversight } from './oversight.area.js';
import type { People } from './people.area.js';
import { buildPeople } from './people.area.js';
import type { Streams } from './streams.area.js';
import { buildStreams } from './streams.area.js';

/** Every use case of a node. */
export type Areas = People & Conversations & Messaging & Oversight & Streams;

/**
 * Builds the areas in the order in which they need each other.
 *
 * @param directory answers this node's sockets, which are there only after the areas.
 */
export const buildAreas = (foundation: Foundation, directory: () => SocketRegistry): Areas => {
  const people = buildPeople(foundation);
  const conversations = buildConversations(foundation, people, {
    newestVisible: (...args) => messaging.messaging.lookups.newestVisible(...args),
  });
  const messaging = buildMessaging(
    foundation,
    people,
    conversations,
    syncClients((channel) => directory().socketsIn(channel)),
  );
  const oversight = buildOversight(foundation, people, conversations, messaging, {
    listeners: () =>
      directory()
        .socketsIn(channels.everyone())
        .filter((socket) => !directory().isIn(socket, channels.arriving()))
        .map(({ data }) => data.actor),
    listen: (userId, socketId) => {
      const sockets = directory().socketsIn(channels.user(userId));
      const socket = sockets.find(({ id }) => id === socketId);
      if (socket) directory().leave(socket, channels.arriving());
    },
  });
  const streams = buildStreams(foundation, people, messaging, directory);
  return { ...people, ...conversations, ...messaging, ...oversight, ...streams };
};
