import type { ChatAudience } from '../messages/index.js';
import type { UserCard } from '../users/index.js';

/** Somebody types, or has stopped; never stored. */
export interface TypingEvent {
  chatId: string;
  user: UserCard;
  audience: ChatAudience;
}

/** What happens to typing indicators. */
export interface TypingEvents {
  'typing.started': TypingEvent;
  'typing.stopped': TypingEvent;
}
