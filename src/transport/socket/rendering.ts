import type { ForClients } from '../../shared/audience.js';
import type { DialectName } from './dialect.js';

/**
 * A part of an event's audience. It never reaches anybody outside the audience, or whom the audience
 * excepts.
 */
export interface Part {
  /** Only devices that look at the chat that the audience names, or only those that do not. */
  devices?: 'looking' | 'not looking';
  /** Only devices of these users, such as the actor's own. */
  userIds?: readonly string[];
  /** No device of these users. */
  exceptUserIds?: readonly string[];
}

/** One event for the audience of a domain event, in one dialect. */
export interface Emission<Name extends string = string> {
  event: Name;
  payload: unknown;
  /** Who of the audience receives it; absent: all. */
  part?: Part;
  /** Typing and presence: not sent to clients that read too slowly. */
  isVolatile?: boolean;
}

/** What renderings may ask about this node's sockets. */
export interface LocalSockets {
  /** Of these users, the ones with a socket here that is not looking at the chat. */
  notLooking(userIds: Iterable<string>, chatId: string): string[];
}

type MaybeLater<T> = T | Promise<T>;

/**
 * What a dialect sends its clients for a domain event. Runs on every node, for that node's sockets, and
 * only while one of them receives the dialect. What is ready goes out at once, in the order of the writes;
 * an emission that has to be looked up first follows when it is there.
 */
export interface Rendering<Event> {
  /** The names of all events that it may emit. */
  emits: readonly string[];
  render(event: Event, local: LocalSockets): MaybeLater<Emission>[];
}

/** Declares a rendering; what it emits has to be among the names. */
export const renders = <const Name extends string, Event>(
  emits: readonly Name[],
  render: (event: Event, local: LocalSockets) => MaybeLater<Emission<Name>>[],
): Rendering<Event> => ({ emits, render });

/** The renderings of events; of an event without an audience there can be none. */
export type Renderings<Events> = {
  [K in keyof Events]?: Events[K] extends ForClients ? Rendering<Events[K]> : never;
};

/** A dialect's renderings, or a module's part of them. */
export interface RenderingTable<Events> {
  dialect: DialectName;
  renderings: Renderings<Events>;
}
