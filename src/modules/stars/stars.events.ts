import type { ForClients } from '../../shared/audience.js';

/** Whether a user has starred a message, and since when: an ISO time, null where it is not starred. */
export interface StarState {
  chatId: string;
  messageId: string;
  starred: boolean;
  starredAt: string | null;
}

/** The domain events of stars. */
export interface StarEvents {
  /** A user has starred a message or taken the star back; only that user's devices are told. */
  'star.changed': ForClients & StarState & { userId: string };
}
