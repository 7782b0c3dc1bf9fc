import type { DefaultEventsMap, Socket } from 'socket.io';
import type { Actor } from '../../shared/actor.js';
import type { Arrival } from './pending-joins.js';
import type { DialectMask } from './dialect.js';

/** A device's wish to look at a chat, from its command until it is known whether it may. */
export interface ChatWish {
  /** Unknown until the chat of a name has been found. */
  chatId: string | undefined;
  /** Chats that the device has left since. */
  left: Set<string>;
  /** The user has been taken out of the chat since: an answer to an earlier question may be out of date. */
  isOutdated: boolean;
}

/** What the server remembers of a socket. */
export interface SocketData {
  actor: Actor;
  /** When the access token ends and the socket with it, in milliseconds since 1970. */
  expiresAt: number;
  /** The dialects that the socket receives. */
  mask: DialectMask;
  /**
   * Whether it is known which dialects the device wants: the handshake or `set_dialect` has named them, or
   * a command of one dialect alone has been accepted. Commands teach nothing any more.
   */
  knowsDialect: boolean;
  /** Chats that the device is looking at. */
  openChats: Set<string>;
  /** Chats that it wants to look at; undefined while there are none, which is nearly always. */
  wishes: Set<ChatWish> | undefined;
  /** Knows whose rooms the socket joins when it is accepted; undefined afterwards. */
  arrival: Arrival | undefined;
}

/** A socket after the handshake. */
export type ParleySocket = Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, SocketData>;
