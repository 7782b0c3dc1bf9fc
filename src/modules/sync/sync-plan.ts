import type { ChatState } from '../chats/index.js';
import type { Standing } from './standing-finder.js';
import { stateTag } from './state-tag.js';
import type { SyncRequest } from './sync.schemas.js';

/** A chat that has something for the client. */
export interface Plan {
  state: ChatState;
  tag: string;
  /** The client's version; undefined for a chat that it does not know. */
  cursor: number | undefined;
  standing: Standing;
  /** Nothing but the state is told, to a client that has not said which state it has. */
  isOptional: boolean;
}

/** What to do about a chat; nothing when the client has it as it is. */
export const planOf = (
  state: ChatState,
  request: SyncRequest,
  standings: Map<string, Standing>,
): Plan[] => {
  const chatId = state.chat._id.toHexString();
  const tag = stateTag(state);
  const standing = standings.get(chatId) ?? 'current';
  const isKnown = standings.has(chatId);
  const known = request.tags[chatId];
  const isCurrent = isKnown && standing === 'current';
  if (isCurrent && known === tag) return [];
  const cursor = isKnown ? request.chats[chatId] : undefined;
  return [{ state, tag, cursor, standing, isOptional: isCurrent && known === undefined }];
};
