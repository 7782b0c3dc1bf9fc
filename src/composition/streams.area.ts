import { createLiveModule } from '../modules/live/index.js';
import { rooms } from '../realtime/rooms.js';
import type { SocketDirectory } from '../realtime/socket-directory.js';
import type { Foundation } from './foundation.js';
import type { Messaging } from './messaging.area.js';
import type { People } from './people.area.js';

/** Takes the sockets of this node that stand in a room out of a stream. */
export const leaveStream = (directory: SocketDirectory, room: string, liveId: string): void => {
  for (const socket of directory.socketsIn(room)) {
    directory.leave(socket, rooms.live(liveId));
    directory.leave(socket, rooms.liveSeat(liveId, socket.data.actor.userId));
  }
};

/** Live streams; `directory` answers this node's sockets, which are there only after this is built. */
export const buildStreams = (
  { config, models, bus, clock }: Foundation,
  { access, users }: People,
  { messaging }: Messaging,
  directory: () => SocketDirectory,
) => {
  const live = createLiveModule({
    models: models.live,
    access,
    directory: users.directory,
    standingOf: (userId) => users.accounts.standing(userId),
    sender: messaging.sender,
    bus,
    clock,
    graceMs: config.liveGraceMs,
    unseat: (liveId, userId) => {
      leaveStream(directory(), rooms.liveSeat(liveId, userId), liveId);
    },
  });
  return { live };
};

/** The streams' area, built. */
export type Streams = ReturnType<typeof buildStreams>;
