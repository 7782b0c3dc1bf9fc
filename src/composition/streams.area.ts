import { createLiveModule } from '../modules/live/index.js';
import { rooms } from '../realtime/rooms.js';
import type { SocketDirectory } from '../realtime/socket-directory.js';
import type { Foundation } from './foundation.js';
import type { Messaging } from './messaging.area.js';
import type { People } from './people.area.js';

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
    sender: messaging.sender,
    bus,
    clock,
    graceMs: config.liveGraceMs,
    unseat: (liveId, userId) => {
      const sockets = directory();
      for (const socket of sockets.socketsIn(rooms.liveSeat(liveId, userId))) {
        sockets.leave(socket, rooms.live(liveId));
        sockets.leave(socket, rooms.liveSeat(liveId, userId));
      }
    },
  });
  return { live };
};

/** The streams' area, built. */
export type Streams = ReturnType<typeof buildStreams>;
