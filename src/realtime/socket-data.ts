import type { DefaultEventsMap, Socket } from 'socket.io';
import type { Actor } from '../shared/actor.js';
import type { Arrival } from './arrivals.js';
import type { DialectMask } from './dialect.js';

/** What the server remembers of a socket. */
export interface SocketData {
  actor: Actor;
  /** The dialects that the socket hears. */
  mask: DialectMask;
  /** Whether the handshake named the dialect, so that commands teach nothing. */
  isDeclared: boolean;
  /** Whether a dialect-specific command has been accepted. */
  hasSpoken: boolean;
  /** Chats that the device is looking at. */
  openChats: Set<string>;
  /** Knows whose rooms the socket joins when it is accepted; undefined afterwards. */
  arrival: Arrival | undefined;
}

/** A socket after the handshake. */
export type ParleySocket = Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, SocketData>;
