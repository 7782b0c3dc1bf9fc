import type {
  ChatMessage,
  ChatRoom,
  ChatSummary,
  MemberPosition,
  Participant,
  Person,
} from '@parley-chat/client';
import { useEffect, useMemo } from 'react';
import { hold } from './hold.js';
import { useParley } from './provider.js';
import { useStoreField } from './use-store.js';

/** A chat, at which the device looks for as long as the component is mounted: it hears all that happens there. */
export const useRoom = (chatId: string): ChatRoom => {
  const client = useParley();
  const room = useMemo(() => client.room(chatId), [client, chatId]);
  useEffect(
    () =>
      hold(client, `chat ${chatId}`, {
        open: () => {
          // Without a connection it is opened as soon as there is one.
          room.join().catch(() => undefined);
        },
        close: () => {
          room.leave().catch(() => undefined);
        },
      }),
    [client, chatId, room],
  );
  return room;
};

/** A chat as lists show it; null while it is not known, or when the user is not in it. */
export const useChat = (chatId: string): ChatSummary | null =>
  useStoreField(useParley().state.room(chatId), 'chat');

/** The members of a chat that the server names: in a large one some of them. */
export const useMembers = (chatId: string): readonly Participant[] =>
  useStoreField(useParley().state.room(chatId), 'members');

/** How far the members of a chat have read and received; empty in a chat of over 100 members. */
export const usePositions = (chatId: string): readonly MemberPosition[] =>
  useStoreField(useParley().state.room(chatId), 'positions');

/** The pinned messages of a chat, last pinned first, as far as they are known. */
export const usePinned = (chatId: string): readonly ChatMessage[] =>
  useStoreField(useParley().state.room(chatId), 'pinned');

/** How often the server is told that the user still types, in milliseconds; it believes it for 6 s unless set. */
const TYPING_INTERVAL_MS = 3000;

/** Who types in a chat, and what says that the user does. */
export interface Typing {
  /** The others who are typing at the moment. */
  readonly typing: readonly Person[];
  /** Call it at every key: it is told every few seconds. */
  startTyping: () => void;
  stopTyping: () => void;
}

/** Who types in a chat, and what says that the user does. */
export const useTyping = (chatId: string): Typing => {
  const room = useRoom(chatId);
  const typing = useStoreField(room, 'typing');
  const actions = useMemo(() => {
    // It is a hint: one that gets lost is of no consequence.
    const ignore = () => undefined;
    let toldAt = 0;
    return {
      startTyping: () => {
        if (Date.now() - toldAt < TYPING_INTERVAL_MS) return;
        toldAt = Date.now();
        room.startTyping().catch(ignore);
      },
      stopTyping: () => {
        toldAt = 0;
        room.stopTyping().catch(ignore);
      },
    };
  }, [room]);
  return { typing, ...actions };
};
