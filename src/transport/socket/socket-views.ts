import type { Actor, UserRole } from '../../shared/actor.js';
import { channels } from './channels.js';
import type { SocketHub } from './socket-hub.js';

/** This node's sockets as the modules see them: in terms of users, chats and streams, never of channels. */
export interface SocketViews {
  /** Of these users, the ones with a socket on this node. */
  connected(userIds: Iterable<string>): string[];
  /** The logins with which the user is connected here, and the role that each acts in. */
  logins(userId: string): { sessionId: string; role: UserRole }[];
  /**
   * How many of the user's sockets are in the chat's channel, how many look at the chat or are about to, and
   * how many there are.
   */
  inChat(userId: string, chatId: string): { inChannel: number; looking: number; all: number };
  /** Ends all connections in such a way that the clients come back and are asked who they are. */
  reconnectAll(): Promise<void>;
  /** Everybody who is connected here and has been shown the broadcasts that they had missed. */
  listeners(): Actor[];
  /** Ends the time in which a new connection is shown missed broadcasts. */
  listen(userId: string, socketId: string): void;
  /** Takes devices on this node out of a live stream: those of one user, or all. */
  leaveStream(liveId: string, userId?: string): void;
}

/** The views of a hub's sockets. */
export const socketViews = (hub: SocketHub): SocketViews => {
  const { registry } = hub;
  return {
    connected: (userIds) => registry.connected(userIds),
    logins: (userId) =>
      registry
        .socketsIn(channels.user(userId))
        .map(({ data: { actor } }) => ({ sessionId: actor.sessionId, role: actor.role })),
    inChat: (userId, chatId) => registry.devicesIn(userId, chatId),
    reconnectAll: () => hub.reconnectAll(),
    listeners: () =>
      registry
        .socketsIn(channels.everyone())
        .filter((socket) => !registry.isIn(socket, channels.arriving()))
        .map(({ data }) => data.actor),
    listen: (userId, socketId) => {
      const sockets = registry.socketsIn(channels.user(userId));
      const socket = sockets.find(({ id }) => id === socketId);
      if (socket) registry.leave(socket, channels.arriving());
    },
    leaveStream: (liveId, userId) => {
      const channel =
        userId === undefined ? channels.live(liveId) : channels.liveParticipant(liveId, userId);
      for (const socket of registry.socketsIn(channel)) {
        registry.leave(socket, channels.live(liveId));
        registry.leave(socket, channels.liveParticipant(liveId, socket.data.actor.userId));
      }
    },
  };
};
