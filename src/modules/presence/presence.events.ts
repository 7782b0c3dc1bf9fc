import type { UserStatus } from '../users/index.js';

/** Who may know of a user's presence. */
export interface PresenceAudience {
  /** Everybody with whom the user shares an accepted direct chat or a group, and no block. */
  contactIds: string[];
  /** Public rooms that the user is in: whoever looks at one of them may know. */
  roomIds: string[];
  /** Those who have blocked the user or whom the user has blocked: they hear nothing in rooms either. */
  blockedIds: string[];
}

/** What happens to presence. */
export interface PresenceEvents {
  /** Somebody has come, gone, or changed their status. */
  'presence.changed': {
    userId: string;
    /** What others see: `offline` also for somebody who is here and hides. */
    status: UserStatus;
    /** In the user's words; empty while they are offline. */
    customStatus: string;
    /** ISO time; null while the user is here. */
    lastSeen: string | null;
  } & PresenceAudience;
  /** Somebody has chosen whether to be seen; for the nodes, never for clients. */
  'presence.chosen': { userId: string; status: UserStatus };
}
