import { Message } from '@parley-chat/client';
import type {
  ChatClient,
  ChatMessage,
  ChatRoom,
  RoomMessage,
  RoomState,
  SendOptions,
} from '@parley-chat/client';
import { useEffect, useMemo } from 'react';
import { useParley } from './provider.js';
import { useRoom } from './room.js';
import { useStoreField } from './use-store.js';
import { readWhileShown } from './reading.js';

/** How a component shows a chat. */
export interface UseMessagesOptions {
  /** Whether the user reads what is shown, for as long as the page can be seen. */
  markRead?: boolean;
}

/** The messages of a chat that are shown, and whether there are more. */
type Shown = Pick<RoomState, 'messages' | 'hasOlder' | 'hasNewer' | 'isLoading'>;

/** The messages of a chat, and what can be done there. */
export type Messages = Shown & MessageActions;

/**
 * What can be done in a chat. The functions are the same at every render. Each answers a promise that rejects with a
 * ChatError. Those of `send`, `retry` and the ones that load need not be looked at: a message that the server will
 * not take is in the list, as `failed`, and what was not loaded can be asked for again.
 */
export type MessageActions = ReturnType<typeof actionsIn>;

/** For promises whose failure the state shows: whoever does not look at one causes no unhandled rejection. */
const mayBeLeft = <T>(promise: Promise<T>): Promise<T> => {
  promise.catch(() => undefined);
  return promise;
};

const actionsIn = (client: ChatClient, room: ChatRoom) => {
  const messages = new Message(client, room.chatId);
  return {
    /** Sends a text. It is in the list at once, waits without a connection, and is sent once whatever happens. */
    send: (content: string, options?: SendOptions): Promise<ChatMessage> =>
      mayBeLeft(messages.sendText(content, options)),
    /** Sends uploaded files, as the upload has described them. */
    sendMedia: (...args: Parameters<Message['sendMedia']>): Promise<ChatMessage> =>
      mayBeLeft(messages.sendMedia(...args)),
    /** Sends a message of a type of your own. */
    sendCustom: (...args: Parameters<Message['sendCustom']>): Promise<ChatMessage> =>
      mayBeLeft(messages.sendCustom(...args)),
    /** Sends a message that has failed once more. */
    retry: ({ key }: Pick<RoomMessage, 'key'>): Promise<ChatMessage> =>
      mayBeLeft(client.retry(key)),
    /** Takes a message out of the list that has failed or waits; answers false for one that is just being sent. */
    discard: ({ key }: Pick<RoomMessage, 'key'>): Promise<boolean> => client.discard(key),
    /** Changes the text of a message of the user's. */
    edit: (messageId: string, content: string) => messages.edit(messageId, content),
    /** Deletes a message for everyone, or for the user alone. */
    remove: (messageId: string, { forEveryone = true } = {}) =>
      messages.delete(messageId, forEveryone),
    react: (messageId: string, emoji: string) => messages.react(messageId, emoji),
    unreact: (messageId: string, emoji: string) => messages.unreact(messageId, emoji),
    /** Fetches the messages before the first one shown; answers how many there were. */
    loadOlder: (limit?: number) => mayBeLeft(room.loadOlder(limit)),
    /** After `loadAround`, fetches the messages behind the last one shown; answers how many there were. */
    loadNewer: (limit?: number) => mayBeLeft(room.loadNewer(limit)),
    /** Shows what lies around the message with this number. */
    loadAround: (seq: number, limit?: number) => mayBeLeft(room.loadAround(seq, limit)),
    /** Shows the newest messages again. */
    showNewest: () => mayBeLeft(room.showNewest()),
    /** Reads up to a message, or everything. */
    markRead: (seq?: number) => room.markRead(seq),
  };
};

/**
 * The messages of a chat, in order, and what can be done there. While the component is mounted the device looks at the
 * chat: it hears what is said there and who types.
 *
 * @example
 * const { messages, hasOlder, loadOlder, send } = useMessages(chatId, { markRead: true });
 */
export const useMessages = (
  chatId: string,
  { markRead = false }: UseMessagesOptions = {},
): Messages => {
  const client = useParley();
  const room = useRoom(chatId);
  const shown: Shown = {
    messages: useStoreField(room, 'messages'),
    hasOlder: useStoreField(room, 'hasOlder'),
    hasNewer: useStoreField(room, 'hasNewer'),
    isLoading: useStoreField(room, 'isLoading'),
  };
  useEffect(() => (markRead ? readWhileShown(room) : undefined), [room, markRead]);
  const actions = useMemo(() => actionsIn(client, room), [client, room]);
  return { ...shown, ...actions };
};
