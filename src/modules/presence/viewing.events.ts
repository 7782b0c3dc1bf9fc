import type { ForClients } from '../../shared/audience.js';

/** A member looks at a chat, or no longer does; the others who look at it are told. */
export interface ViewingEvent extends ForClients {
  chatId: string;
  userId: string;
}

/** What happens when members look at chats. */
export interface ViewingEvents {
  /** The first device of a member has opened the chat on a node. */
  'chat.opened': ViewingEvent;
  /** The last device of a member that had the chat open on a node has closed it or gone. */
  'chat.closed': ViewingEvent;
}
