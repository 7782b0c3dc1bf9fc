/**
 * What `client.state` answers: plain, immutable snapshots. A part that has not changed is the same object as
 * before, so that lists may compare their items by reference.
 */
import type { ChatError } from './chat-error.js';
import type { Store } from './store.js';
import type {
  ChatInfo,
  ChatMessage,
  MemberPosition,
  OwnUser,
  Participant,
  Person,
  Presence,
} from './wire.types.js';

/** Who is signed in. */
export interface SessionState {
  /**
   * `signing-in` from `connect()` until the server has said who this is; `signed-out` before it, and when the
   * server will not let this login in any more: then `error` says why.
   */
  readonly status: 'signed-out' | 'signing-in' | 'signed-in';
  readonly userId: string | null;
  /** The account; null until the first connection. */
  readonly user: OwnUser | null;
  readonly error: ChatError | null;
}

/** How the device stands to the server. */
export interface ConnectionState {
  /**
   * `connected`: in step with the server. `connecting`: trying, or fetching what was missed. `offline`: not
   * connecting at all, or the last attempt has failed and the next one is due later.
   */
  readonly status: 'offline' | 'connecting' | 'connected';
  /** When that began: milliseconds since 1970; 0 before the first `connect()`. */
  readonly since: number;
  /** Messages that the server has not acknowledged, in all chats. */
  readonly queued: number;
}

/** A chat in a list. */
export interface ChatSummary extends ChatInfo {
  /** What to call it: its name, else the name of the other one in a direct chat, else ''. */
  readonly title: string;
  /** `mutedUntil` lies ahead. */
  readonly isMuted: boolean;
  /** Who is typing at the moment, without this user. */
  readonly typing: readonly Person[];
  /** A pending direct chat that the other one has asked for: this user may accept or reject it. */
  readonly isIncomingRequest: boolean;
}

/** All chats of the user, each in one of the lists; pinned chats first, then newest activity first. */
export interface ChatsState {
  /** Whether the chats have been fetched at least once. */
  readonly isLoaded: boolean;
  /** Accepted chats that are neither archived nor deleted for this user, and requests of this user's own. */
  readonly active: readonly ChatSummary[];
  readonly archived: readonly ChatSummary[];
  /** Requests of others that this user has not answered. */
  readonly requests: readonly ChatSummary[];
}

/** What a badge shows. */
export interface UnreadState {
  /** Unread messages in all active and archived chats. */
  readonly messages: number;
  /** Of them, those in chats that are not muted. */
  readonly unmuted: number;
  /** Chats with something unread, or marked as unread. */
  readonly chats: number;
  /** Unread messages that mention this user. */
  readonly mentions: number;
  /** Requests of others that wait for an answer. */
  readonly requests: number;
  /** Unread broadcasts. */
  readonly broadcasts: number;
}

/** A message of a room: the server's, or one that is still on its way. */
export interface RoomMessage extends ChatMessage {
  /** Stays the same from the first moment: for React's `key` and the like. */
  readonly key: string;
  /** `sending`: in the outbox. `failed`: the server will not take it; `retry` and `discard` are the ways out. */
  readonly state: 'sending' | 'sent' | 'failed';
  /** Why it has failed. */
  readonly error: ChatError | null;
  readonly isMine: boolean;
}

/** One chat, as somebody looks at it. */
export interface RoomState {
  readonly chatId: string;
  /** Null while the chat is not known, or when this user is not in it. */
  readonly chat: ChatSummary | null;
  /**
   * A stretch of the chat without a hole, in order: up to the newest message unless `hasNewer`. Behind the
   * newest come those that are being sent or have failed. Their `seq` and `version` are 0.
   */
  readonly messages: readonly RoomMessage[];
  /** Whether there may be older messages than the first one; `loadOlder()` fetches them. */
  readonly hasOlder: boolean;
  /** Whether newer messages are left out, after `loadAround()`; `loadNewer()` and `showNewest()` bring them. */
  readonly hasNewer: boolean;
  /** Whether messages are being fetched. */
  readonly isLoading: boolean;
  readonly members: readonly Participant[];
  /** How far the members have read and received; empty in a chat of over 100 members. */
  readonly positions: readonly MemberPosition[];
  readonly typing: readonly Person[];
  /** Pinned messages as far as they are known, last pinned first; all of them after `loadPinned()`. */
  readonly pinned: readonly ChatMessage[];
}

/** Everything readable of a client. A store is the same object at every call. */
export interface ClientState {
  readonly session: Store<SessionState>;
  readonly connection: Store<ConnectionState>;
  readonly chats: Store<ChatsState>;
  readonly unread: Store<UnreadState>;
  /** Whether somebody is there, as far as this user may know: people with whom they share a chat. */
  presence(userId: string): Store<Presence>;
  room(chatId: string): Store<RoomState>;
}
