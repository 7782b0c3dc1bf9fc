import type { Connection } from 'mongoose';
import type { Config } from '../../config/index.js';
import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { Job } from '../../platform/jobs.js';
import type { Clock } from '../../shared/clock.js';
import type { AccessChangeEvents } from '../access-changes/index.js';
import type { ChatAccess, ChatEvents } from '../chats/index.js';
import type { AccountStatus, UserDirectory, UserEvents } from '../users/index.js';
import type { WordFilter } from '../word-filter/index.js';
import { HostLive } from './host-live.js';
import type { LiveSockets } from './live-access.js';
import { LiveAccess, LiveAccessGuard } from './live-access.js';
import { LiveLeases, LiveParticipants } from './live-participants.js';
import type { LiveEvents } from './live.events.js';
import { LiveStreamsRepository, LiveViewersRepository } from './live.repository.js';
import type { CommentSender } from './watch-live.js';
import { LiveTalk, WatchLive } from './watch-live.js';

export type { HostLive } from './host-live.js';
export type { LiveSockets } from './live-access.js';
export type { LiveDevice } from './live-participants.js';
export type { LiveEvents, LiveRecord } from './live.events.js';
export { defineLiveModels } from './live.repository.js';
export type { CommentSender, LiveTalk, WatchLive } from './watch-live.js';

/** How often leases are renewed, and how long they last, in milliseconds. */
const TICK_MS = 5000;
const LEASE_MS = 4 * TICK_MS;

/** Live streams: hosts, viewers, comments, reactions and signals. */
export interface LiveModule {
  api: { host: HostLive; watch: WatchLive; talk: LiveTalk };
  subscriptions: Subscription<LiveEvents & ChatEvents & AccessChangeEvents & UserEvents>[];
  jobs: Job[];
  /** A device has disconnected: it leaves its streams. */
  disconnected(socketId: string): Promise<void>;
}

/** Builds the module; its models are defined on the connection. */
export const createLive = ({
  connection,
  config,
  bus,
  clock,
  access: chatAccess,
  directory,
  statusOf,
  sending,
  words,
  sockets,
}: {
  connection: Connection;
  config: Pick<Config, 'liveGraceMs'>;
  bus: Publisher<LiveEvents>;
  clock: Clock;
  access: Pick<ChatAccess, 'forget' | 'member' | 'role' | 'sanctions' | 'silence' | 'snapshot'>;
  directory: Pick<UserDirectory, 'card'>;
  /** A user's account as the database has it; undefined when there is no such user. */
  statusOf(userId: string): Promise<AccountStatus | undefined>;
  sending: CommentSender;
  /** Reads titles and comments. */
  words: Pick<WordFilter, 'assertNames' | 'screen'>;
  sockets: LiveSockets;
}): LiveModule => {
  const { liveGraceMs: graceMs } = config;
  const streams = new LiveStreamsRepository(connection);
  const viewers = new LiveViewersRepository(connection);
  const participants = new LiveParticipants();
  const leases = new LiveLeases({
    streams,
    viewers,
    participants,
    bus,
    clock,
    leaseMs: LEASE_MS,
    graceMs,
  });
  const access = new LiveAccess({ streams, leases, chatAccess, directory, statusOf });
  const host = new HostLive({
    streams,
    viewers,
    access,
    chatAccess,
    leases,
    participants,
    words,
    bus,
    clock,
    graceMs,
  });
  const guard = new LiveAccessGuard({
    streams,
    participants,
    leases,
    access,
    chatAccess,
    bus,
    clock,
    sockets,
    finish: (stream, reason) => host.finish(stream, reason),
  });
  const endsForbidden = {
    phase: 'effects',
    on: 'origin',
    does: 'ends the streams that their hosts may no longer show',
  } as const;
  return {
    api: {
      host,
      watch: new WatchLive({ streams, access, leases, participants, bus }),
      talk: new LiveTalk({ access, leases, sending, words, bus, clock }),
    },
    subscriptions: [
      {
        event: 'live.ended',
        phase: 'sockets',
        on: 'every-node',
        does: 'publishes once on this node that the stream is over',
        run: (end) => {
          guard.over(end);
        },
      },
      {
        event: 'live.over',
        phase: 'sockets',
        on: 'every-node',
        does: "takes the devices out of the stream's channels",
        run: ({ liveId }) => {
          sockets.leave(liveId);
        },
      },
      {
        event: 'members.removed',
        phase: 'sockets',
        on: 'every-node',
        does: "takes their devices out of the chat's streams",
        run: ({ chatId, userIds }) => guard.removed(chatId, userIds),
      },
      {
        event: 'access.recheck',
        phase: 'sockets',
        on: 'every-node',
        does: 'takes devices out of streams that they may no longer watch',
        run: (accessChange) => guard.recheck(accessChange),
      },
      {
        event: 'members.removed',
        ...endsForbidden,
        run: ({ userIds }) => host.endForbidden(userIds),
      },
      {
        event: 'member.sanctioned',
        ...endsForbidden,
        run: ({ userId }) => host.endForbidden([userId]),
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
    jobs: [
      {
        name: 'live streams',
        everyMs: TICK_MS,
        run: () => Promise.all([leases.renew(), guard.catchUp()]),
      },
      {
        name: 'abandoned live streams',
        everyMs: TICK_MS,
        run: () => host.endAbandoned(),
        isOncePerCluster: true,
      },
    ],
    disconnected: (socketId) => leases.disconnected(socketId),
  };
};
