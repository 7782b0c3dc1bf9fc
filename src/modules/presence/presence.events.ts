import type { ForClients } from '../../shared/audience.js';
import type { UserCard, UserStatus } from '../users/index.js';

/** What happens to presence. */
export interface PresenceEvents {
  /** Somebody has come, gone, or changed their status. */
  'presence.changed': ForClients & {
    userId: string;
    /** What others see: `offline` also for somebody who is here and hides. */
    status: UserStatus;
    /** In the user's words; empty while they are offline. */
    customStatus: string;
    /** ISO time; null while the user is here. */
    lastSeen: string | null;
  };
  /** Somebody's account was closed; those who may know of their presence are notified. */
  'contact.closed': ForClients & { userId: string };
  /** Somebody has chosen whether to be seen; for the nodes, never for clients. */
  'presence.chosen': { userId: string; status: UserStatus };
}

/**
 * Somebody types, or has stopped; never stored. Everybody in the chat but them is notified; in a large chat
 * only those who look at it.
 */
export interface TypingEvent extends ForClients {
  chatId: string;
  user: UserCard;
}

/** What happens to typing indicators. */
export interface TypingEvents {
  'typing.started': TypingEvent;
  'typing.stopped': TypingEvent;
}

/** A member looks at a chat, or no longer does; the others who look at it are notified. */
export interface ViewingEvent extends ForClients {
  chatId: string;
  userId: string;
  /** How many look at the chat on this node now; for the nodes, never for clients. */
  viewers: ViewerCounts;
}

/** How many look at some chats on one node. */
export interface ViewerCounts {
  nodeId: string;
  /** Pairs of a chat and its count. */
  counts: [chatId: string, count: number][];
}

/** What happens when members look at chats. */
export interface ViewingEvents {
  /** The first device of a member has opened the chat on a node. */
  'chat.opened': ViewingEvent;
  /** The last device of a member that had the chat open on a node has closed it or gone. */
  'chat.closed': ViewingEvent;
  /** A node says how many look at chats there; for the nodes, never for clients. */
  'viewers.counted': ViewerCounts;
  /** In a chat that over 100 look at, comings and goings are told as their number; each node tells its own clients. */
  'viewers.changed': ForClients & { chatId: string; count: number };
}
