import type { DialectName } from './dialect.js';

/** Who is to hear an event: the sockets of a room, without those of other rooms. */
export interface Audience {
  room: string;
  except?: string[];
}

/** One event for one audience, in one dialect. */
export interface Emission {
  audience: Audience;
  event: string;
  payload: unknown;
  /** Typing and presence: not sent to clients that read too slowly. */
  isVolatile?: boolean;
}

/** What renderings may ask about this node's sockets. */
export interface LocalSockets {
  /** Of these users, the ones with a socket on this node. */
  connected(userIds: Iterable<string>): string[];
  /** Of these users, the ones with a socket here that is not looking at the chat. */
  notLooking(userIds: Iterable<string>, chatId: string): string[];
  /** Everybody with a socket here that is looking at the chat. */
  looking(chatId: string): string[];
}

/**
 * How a dialect tells its clients of a domain event. Runs on every node, for that node's sockets, and
 * only while one of them hears the dialect. What is ready goes out at once, in the order of the writes;
 * an emission that has to be looked up first follows when it is there.
 */
export type Renderings<Events> = {
  [K in keyof Events]?: (event: Events[K], local: LocalSockets) => (Emission | Promise<Emission>)[];
};

/** A dialect's renderings, or a module's part of them. */
export interface RenderingTable<Events> {
  dialect: DialectName;
  renderings: Renderings<Events>;
}
