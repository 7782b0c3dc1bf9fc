import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import type { UserAdministration, UserDirectory } from '../users/index.js';
import { BroadcastInbox } from './broadcast-inbox.js';
import { BroadcastPositions } from './broadcast-positions.js';
import { BroadcastStatisticsService } from './broadcast-statistics.js';
import type { BroadcastModels } from './broadcast.model.js';
import type { BroadcastEvents } from './broadcasts.events.js';
import { MissedBroadcasts } from './missed-broadcasts.js';
import type { AuditLog } from './send-broadcast.js';
import { SendBroadcast } from './send-broadcast.js';
import type { BroadcastSockets } from './show-broadcasts.js';
import { ShowBroadcasts } from './show-broadcasts.js';

export { BROADCAST_STATUSES, BROADCAST_TYPES, defineBroadcastModels } from './broadcast.model.js';
export type { BroadcastAudience, BroadcastModels, BroadcastType } from './broadcast.model.js';
export type { BroadcastRecord } from './broadcast.record.js';
export type { BroadcastEvents } from './broadcasts.events.js';
export type { BroadcastInput, SendBroadcast } from './send-broadcast.js';
export type { BroadcastSockets } from './show-broadcasts.js';
export type { BroadcastInbox, InboxQuery } from './broadcast-inbox.js';
export type { BroadcastStatisticsService } from './broadcast-statistics.js';

/** What the module is built from. */
export interface BroadcastsParts extends BroadcastSockets {
  models: BroadcastModels;
  directory: UserDirectory;
  users: UserAdministration;
  audit: AuditLog;
  bus: Publisher<BroadcastEvents>;
  clock: Clock;
}

/** The broadcasts module, built. */
export interface BroadcastsModule {
  sender: SendBroadcast;
  subscriptions: Subscription<BroadcastEvents>[];
  /** What people have been sent. */
  inbox: BroadcastInbox;
  statistics: BroadcastStatisticsService;
  /** Begins to show what is sent from now on; before sockets are taken. */
  start(): Promise<void>;
  /** Shows a device that has just connected what its user has missed. */
  connected(actor: Actor, socketId: string): Promise<void>;
  /** Sends what is due; every second, on one node of all. */
  sendDue(): Promise<void>;
  /** Shows what this node was not told of; every second, on every node. */
  showNew(): Promise<void>;
}

/** Builds the broadcasts module. */
export const createBroadcastsModule = (parts: BroadcastsParts): BroadcastsModule => {
  const { bus, directory, models, users } = parts;
  const { broadcasts } = models;
  const sender = new SendBroadcast(parts);
  const positions = new BroadcastPositions(models.positions);
  const shower = new ShowBroadcasts({ ...parts, broadcasts, positions });
  const inbox = new BroadcastInbox({ broadcasts, positions, users, directory, bus });
  const missed = new MissedBroadcasts({ inbox, positions, shower, bus });
  const statistics = new BroadcastStatisticsService(models, users, directory);
  return {
    sender,
    inbox,
    statistics,
    subscriptions: [
      {
        event: 'broadcast.sent',
        phase: 'effects',
        on: 'every-node',
        does: 'looks for what has been sent and shows it',
        run: () => shower.showNew(),
      },
    ],
    start: () => shower.start(),
    connected: (actor, socketId) => missed.arrive(actor, socketId),
    sendDue: () => sender.sendDue(),
    showNew: () => shower.showNew(),
  };
};
