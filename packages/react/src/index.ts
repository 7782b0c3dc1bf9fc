export { useChats, useConnection, usePresence, useSession, useUnread } from './client-state.js';
export { useMessages } from './messages.js';
export type { MessageActions, Messages, UseMessagesOptions } from './messages.js';
export { ParleyProvider, useParley } from './provider.js';
export type { GivenClientProps, OwnClientProps } from './provider.js';
export { useChat, useMembers, usePinned, usePositions, useTyping } from './room.js';
export type { Typing } from './room.js';
export { useStore } from './use-store.js';
