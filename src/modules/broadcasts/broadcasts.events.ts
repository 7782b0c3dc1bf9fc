import type { ForClients } from '../../shared/audience.js';
import type { BroadcastRecord } from './broadcast.record.js';

/** What happens to broadcasts. */
export interface BroadcastEvents {
  /** One more has been sent: every node looks for it and shows it to its sockets. */
  'broadcast.sent': { number: number };
  /**
   * This node shows a broadcast to users who have sockets here; never passed to other nodes. Devices that
   * are arriving hear what they have missed, not what is sent meanwhile.
   */
  'broadcast.shown': ForClients & { broadcast: BroadcastRecord };
  /** How many broadcasts somebody has not read. */
  'broadcasts.unread': ForClients & {
    userId: string;
    unreadCount: number;
    /** More was missed than came as events: older ones stand in the list before this number. */
    before: number | null;
  };
}
