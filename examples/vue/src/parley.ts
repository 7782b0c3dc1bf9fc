import { ChatClient } from '@parley-chat/client';
import type { Store } from '@parley-chat/client';
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
