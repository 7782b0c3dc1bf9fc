import type { ForClients } from '../../shared/audience.js';
import type { UserStatus } from '../users/index.js';

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
  /** Somebody has chosen whether to be seen; for the nodes, never for clients. */
  'presence.chosen': { userId: string; status: UserStatus };
}
