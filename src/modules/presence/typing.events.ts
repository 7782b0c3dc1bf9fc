import type { ForClients } from '../../shared/audience.js';
import type { UserCard } from '../users/index.js';

/**
 * Somebody types, or has stopped; never stored. Everybody in the chat but them hears of it; in a large chat
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
