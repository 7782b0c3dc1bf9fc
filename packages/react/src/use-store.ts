import type { Store } from '@parley-chat/client';
import { useSyncExternalStore } from 'react';

/** What a store holds; the component renders again when that is another object. */
export const useStore = <T>(store: Store<T>): T =>
  useSyncExternalStore(store.subscribe, store.getSnapshot, store.getServerSnapshot);

/** One member of what a store holds; the component renders again when that member is another value. */
export const useStoreField = <T, K extends keyof T>(store: Store<T>, field: K): T[K] =>
  useSyncExternalStore(
    store.subscribe,
    () => store.getSnapshot()[field],
    () => store.getServerSnapshot()[field],
  );
