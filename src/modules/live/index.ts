import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { ChatEvents } from '../chats/index.js';
import type { AccessChangeEvents } from '../access-changes/index.js';
import type { UserEvents } from '../users/index.js';
import { LiveDevices } from './live-devices.js';
import type { LiveEvents } from './live.events.js';
import { HostLive } from './host-live.js';
import type { HostLiveParts } from './host-live.js';
import { LiveParticipants } from './live-participants.js';
import { LiveAccessGuard } from './live-access-guard.js';
import { LiveStreams } from './live-streams.js';
import type { LiveStreamsParts } from './live-streams.js';
import { LiveTalk } from './live-talk.js';
import type { LiveTalkParts } from './live-talk.js';
import { WatchLive } from './watch-live.js';

export type { LiveEvents, LiveRecord } from './live.events.js';
export { defineLiveModels } from './live.model.js';
export type { HostLive } from './host-live.js';
export type { LiveSeat } from './live-participants.js';
export type { LiveTalk } from './live-talk.js';
export type { WatchLive } from './watch-live.js';

/** What the module is built from. */
export interface LiveParts
  extends
    Omit<HostLiveParts, 'attendance' | 'seats' | 'streams' | 'bus'>,
    Omit<LiveStreamsParts, 'attendance'>,
    Pick<LiveTalkParts, 'sender'> {
  bus: Publisher<LiveEvents>;
  /** Takes a user's devices on this node out of a stream's rooms. */
  unseat(liveId: string, userId: string): void;
}

/** The live module, built. */
export interface LiveModule {
  subscriptions: Subscription<LiveEvents & ChatEvents & AccessChangeEvents & UserEvents>[];
  host: HostLive;
  watch: WatchLive;
  talk: LiveTalk;
  /** Tells the module that a device has gone. */
  disconnected(socketId: string): Promise<void>;
  /**
   * Renews the places of this node's devices, and ends here what has ended elsewhere, unheard; every
   * {@link LIVE_TICK_MS}, on every node.
   */
  renew(): Promise<void>;
  /** Ends streams whose host has not come back; as often, on one node of all. */
  endAbandoned(): Promise<void>;
}

/** How often leases are renewed, and how long they last, in milliseconds. */
export const LIVE_TICK_MS = 5000;
const LEASE_MS = 4 * LIVE_TICK_MS;

/** Builds the live module. */
export const createLiveModule = (parts: LiveParts): LiveModule => {
  const { models, bus, clock, graceMs } = parts;
  const seats = new LiveParticipants();
  const attendance = new LiveDevices({ models, seats, bus, clock, graceMs, leaseMs: LEASE_MS });
  const streams = new LiveStreams({ ...parts, attendance });
  const shared = { ...parts, attendance, seats, streams };
  const host = new HostLive(shared);
  const watch = new WatchLive(shared);
  const status = new LiveAccessGuard({ ...shared, host });
  const here = { phase: 'sockets', on: 'every-node' } as const;
  const endsForbidden = {
    phase: 'effects',
    on: 'origin',
    does: 'ends the streams that their hosts may no longer show',
  } as const;
  return {
    host,
    watch,
    talk: new LiveTalk(shared),
    subscriptions: [
      {
        event: 'live.ended',
        ...here,
        does: 'tells this node once that the stream is over',
        run: (end) => {
          status.over(end);
        },
      },
      {
        event: 'members.removed',
        ...here,
        does: "takes their devices out of the chat's streams",
        run: ({ chatId, userIds }) => status.removed(chatId, userIds),
      },
      {
        event: 'access.recheck',
        ...here,
        does: 'takes devices out of streams that they may no longer watch',
        run: (accessChange) => status.doubted(accessChange),
      },
      {
        event: 'members.removed',
        ...endsForbidden,
        run: ({ userIds }) => host.endForbidden(userIds),
      },
      {
        event: 'block.changed',
        ...endsForbidden,
        run: async ({ blockerId, blockedId, blocked }) => {
          if (blocked) await host.endForbidden([blockerId, blockedId]);
        },
      },
      {
        event: 'user.role_changed',
        ...endsForbidden,
        run: ({ userId }) => host.endForbidden([userId]),
      },
      {
        event: 'user.deactivated',
        ...endsForbidden,
        run: ({ userId }) => host.endForbidden([userId]),
      },
    ],
    disconnected: (socketId) => attendance.disconnected(socketId),
    renew: async () => {
      await Promise.all([attendance.renew(), status.catchUp()]);
    },
    endAbandoned: () => host.endAbandoned(),
  };
};
