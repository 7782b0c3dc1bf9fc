import type {
  ChatsState,
  ConnectionState,
  Presence,
  SessionState,
  UnreadState,
} from '@parley-chat/client';
import { useParley } from './provider.js';
import { useStore } from './use-store.js';

/** Who is signed in, or why nobody is. */
export const useSession = (): SessionState => useStore(useParley().state.session);

/** Whether the device is in step with the server, since when, and how many messages wait to be sent. */
export const useConnection = (): ConnectionState => useStore(useParley().state.connection);

/** All chats: active and archived ones, and requests; pinned first, then newest activity first. */
export const useChats = (): ChatsState => useStore(useParley().state.chats);

/** Unread messages, mentions, requests and broadcasts, in all chats. */
export const useUnread = (): UnreadState => useStore(useParley().state.unread);

/** Whether somebody is there, of the people with whom the user shares a chat. */
export const usePresence = (userId: string): Presence =>
  useStore(useParley().state.presence(userId));
