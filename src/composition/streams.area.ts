import { createLiveModule } from '../modules/live/index.js';
import { channels } from '../transport/socket/channels.js';
import type { SocketRegistry } from '../transport/socket/socket-registry.js';
import type { Foundation } from './foundation.js';
import type { Messaging } from './messaging.area.js';
import type { People } from './people.area.js';

/** Takes the sockets of this node that stand in a room out of a stream. */
export const leaveStream = (directory: SocketRegistry, room: string, liveId: string): void => {
  for (const socket of directory.socketsIn(room)) {
    directory.leave(socket, channels.live(liveId));
    directory.leave(socket, channels.liveParticipant(liveId, socket.data.actor.userId));
  }
};

/** Live streams; `directory` answers this node's sockets, which are there only after this is built. */
export const buildStreams = (
  { config, models, bus, clock }: Foundation,
  { access, users }: People,
  { messaging }: Messaging,
  directory: () => SocketRegistry,
) => {
  const live = createLiveModule({
    models: models.live,
    access,
    directory: users.api.directory,
    statusOf: (userId) => users.api.accounts.status(userId),
    sender: messaging.sender,
    bus,
    clock,
    graceMs: config.liveGraceMs,
    unseat: (liveId, userId) => {
      leaveStream(directory(), channels.liveParticipant(liveId, userId), liveId);
    },
  });
  return { live };
};

/** The streams' area, built. */
export type Streams = ReturnType<typeof buildStreams>;
