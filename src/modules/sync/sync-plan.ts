import type { ChatState } from '../chats/index.js';
import type { CursorState } from './cursor-state-finder.js';
import { stateTag } from './state-tag.js';

/** What a client has, and how much more it wants at a time. */
export interface SyncRequest {
  /** By chat id, the version up to which the client has everything. */
  chats: Record<string, number>;
  /** By chat id, the tag of the chat's state as the client has it. */
  tags: Record<string, string>;
  /** `all`: my chats, also those not named. `listed`: only the chats in `chats`. */
  scope: 'all' | 'listed';
  /** Only chats whose id comes after this one. */
  after?: string;
  /** Only chats whose id is this one or comes before it. */
  until?: string;
  /** Messages in the answer at most. */
  limit: number;
}

/** A chat that has something for the client. */
export interface Plan {
  state: ChatState;
  tag: string;
  /** The client's version; undefined for a chat that it does not know. */
  cursor: number | undefined;
  cursorState: CursorState;
  /** Nothing but the state is told, to a client that has not said which state it has. */
  isOptional: boolean;
}

/** What to do about a chat; nothing when the client has it as it is. */
export const planOf = (
  state: ChatState,
  request: SyncRequest,
  cursorStates: Map<string, CursorState>,
): Plan[] => {
  const chatId = state.chat._id.toHexString();
  const tag = stateTag(state);
  const cursorState = cursorStates.get(chatId) ?? 'current';
  const isKnown = cursorStates.has(chatId);
  const known = request.tags[chatId];
  const isCurrent = isKnown && cursorState === 'current';
  if (isCurrent && known === tag) return [];
  const cursor = isKnown ? request.chats[chatId] : undefined;
  return [{ state, tag, cursor, cursorState, isOptional: isCurrent && known === undefined }];
};
