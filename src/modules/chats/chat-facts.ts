import type { ChatDoc } from './chat.model.js';
import type { ChatFacts } from './chats.events.js';

/** The plain facts of a stored chat. */
export const chatFacts = (chat: ChatDoc): ChatFacts => ({
  id: chat._id.toHexString(),
  kind: chat.kind,
  status: chat.status,
  initiator: chat.initiator.toHexString(),
  slug: chat.slug ?? null,
  name: chat.name ?? null,
  description: chat.description ?? null,
  picture: chat.picture ?? null,
});
