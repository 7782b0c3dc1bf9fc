import AsyncStorage from '@react-native-async-storage/async-storage';
import type { KeyValueStorage } from '@parley-chat/client';

/** Keeps what is not sent yet over a restart of the app. */
export const storage: KeyValueStorage = {
  get: async (key) => (await AsyncStorage.getItem(key)) ?? undefined,
  set: (key, value) => AsyncStorage.setItem(key, value),
  remove: (key) => AsyncStorage.removeItem(key),
  keys: async (prefix) => (await AsyncStorage.getAllKeys()).filter((key) => key.startsWith(prefix)),
};
