import { ChatClient, Message } from '@parley-chat/client';
import type { ChatRoom, RoomMessage, RoomState, Store } from '@parley-chat/client';
import type { InjectionKey, ShallowRef } from 'vue';
import { inject, onScopeDispose, provide, shallowRef } from 'vue';

const PARLEY_URL = import.meta.env.VITE_PARLEY_URL ?? 'http://localhost:8000';
const CLIENT: InjectionKey<ChatClient> = Symbol('parley');

/** Asks your server for a token of whoever is signed in to your product. */
const fetchToken = async (user: string): Promise<string> => {
  const response = await fetch(`/chat-token?user=${encodeURIComponent(user)}`);
  if (!response.ok) throw new Error(`No token: ${response.status}`);
  return response.text();
};

/** Connects the signed-in user for as long as the component is there, for all components below it. */
export const provideParley = (user: string): ChatClient => {
  const client = new ChatClient(PARLEY_URL, { getToken: () => fetchToken(user) });
  // Why it is refused is in the session's state.
  client.connect().catch(() => undefined);
  onScopeDispose(() => client.disconnect());
  provide(CLIENT, client);
  return client;
};

/** The client that a component above has provided. */
export const useParley = (): ChatClient => inject(CLIENT)!;

/** What a store of the client holds, as a ref that follows it. */
export const useStore = <T>(store: Store<T>): Readonly<ShallowRef<T>> => {
  const snapshot = shallowRef(store.getSnapshot());
  onScopeDispose(store.subscribe(() => (snapshot.value = store.getSnapshot())));
  return snapshot;
};

/** A chat that is looked at for as long as the component is there; what is shown is read. */
export const useRoom = (chatId: string) => {
  const client = useParley();
  const room: ChatRoom = client.room(chatId);
  const messages = new Message(client, chatId);
  const ignore = () => undefined;

  // Without a connection it is opened as soon as there is one.
  room.join().catch(ignore);
  onScopeDispose(() => void room.leave().catch(ignore));
  const read = () => {
    const { chat, messages: shown } = room.getSnapshot();
    if (chat && chat.unreadCount > 0 && shown.length > 0) room.markRead().catch(ignore);
  };
  onScopeDispose(room.subscribe(read));
  read();

  return {
    room,
    state: useStore<RoomState>(room),
    // What the server will not take stays in the list, as failed.
    send: (text: string) => void messages.sendText(text).catch(ignore),
    retry: ({ key }: RoomMessage) => void client.retry(key).catch(ignore),
    discard: ({ key }: RoomMessage) => void client.discard(key),
    startTyping: () => void room.startTyping().catch(ignore),
  };
};
