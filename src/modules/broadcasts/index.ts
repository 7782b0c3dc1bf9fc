import type { Connection } from 'mongoose';
import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { Job } from '../../platform/jobs.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import type { AuditTrail } from '../users/index.js';
import type { UserAdministration, UserDirectory } from '../users/index.js';
import { BroadcastInbox, MissedBroadcasts } from './broadcast-inbox.js';
import { BroadcastPositionsRepository, BroadcastsRepository } from './broadcasts.repository.js';
import { Broadcasts, BroadcastStatistics } from './broadcasts.js';
import type { BroadcastEvents } from './broadcasts.events.js';
import type { BroadcastSockets } from './show-broadcasts.js';
import { ShowBroadcasts } from './show-broadcasts.js';

export { BROADCAST_STATUSES, BROADCAST_TYPES, defineBroadcastModels } from './broadcast.model.js';
export type { BroadcastType } from './broadcast.model.js';
export type { BroadcastInbox, InboxQuery } from './broadcast-inbox.js';
export type { BroadcastInput, Broadcasts, BroadcastStatistics } from './broadcasts.js';
export type { BroadcastEvents, BroadcastRecord } from './broadcasts.events.js';
export type { BroadcastSockets } from './show-broadcasts.js';

/** How exactly scheduled broadcasts keep their time, in milliseconds. */
const TICK_MS = 1000;

/** Messages of the admins to many. */
export interface BroadcastsModule {
  api: { broadcasts: Broadcasts; inbox: BroadcastInbox; statistics: BroadcastStatistics };
  subscriptions: Subscription<BroadcastEvents>[];
  jobs: Job[];
  /** Starts showing broadcasts sent from now on. Call it before sockets are accepted. */
  start(): Promise<void>;
  /** Shows a device that has just connected what its user has missed. */
  connected(actor: Actor, socketId: string): Promise<void>;
}

/** Builds the module; its models are defined on the connection. */
export const createBroadcasts = ({
  connection,
  bus,
  clock,
  directory,
  administration,
  audit,
  sockets,
}: {
  connection: Connection;
  bus: Publisher<BroadcastEvents>;
  clock: Clock;
  directory: Pick<UserDirectory, 'card' | 'cards'>;
  administration: Pick<UserAdministration, 'adminIds' | 'closedIds' | 'count' | 'one'>;
  audit: Pick<AuditTrail, 'during'>;
  sockets: BroadcastSockets;
}): BroadcastsModule => {
  const broadcasts = new BroadcastsRepository(connection);
  const positions = new BroadcastPositionsRepository(connection);
  const sending = new Broadcasts({ broadcasts, directory, audit, bus, clock });
  const show = new ShowBroadcasts({ broadcasts, positions, directory, bus, sockets });
  const inbox = new BroadcastInbox({ broadcasts, positions, administration, directory, bus });
  const missed = new MissedBroadcasts({ broadcasts, positions, inbox, show, bus });
  const statistics = new BroadcastStatistics({ broadcasts, positions, administration, directory });
  return {
    api: { broadcasts: sending, inbox, statistics },
    subscriptions: [
      {
        event: 'broadcast.sent',
        phase: 'effects',
        on: 'every-node',
        does: 'shows the newly sent broadcasts to the sockets of this node',
        run: () => show.showNew(),
      },
    ],
    jobs: [
      // Every node polls, because an event over Redis can be lost.
      { name: 'broadcasts', everyMs: TICK_MS, run: () => show.showNew() },
      {
        name: 'scheduled broadcasts',
        everyMs: TICK_MS,
        run: () => sending.sendDue(),
        isOncePerCluster: true,
      },
    ],
    start: () => show.start(),
    connected: (actor, socketId) => missed.connected(actor, socketId),
  };
};
