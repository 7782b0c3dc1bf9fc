/** The part of a browser's window that tells of the network; Node has none. */
interface NetworkEvents {
  addEventListener?(event: 'online', listener: () => void): void;
  removeEventListener?(event: 'online', listener: () => void): void;
}

/**
 * Calls the listener whenever the browser says that the device has a network again; never where nobody says so.
 * The answer ends it.
 */
export const onNetworkBack = (listener: () => void): (() => void) => {
  const events = globalThis as NetworkEvents;
  events.addEventListener?.('online', listener);
  return () => events.removeEventListener?.('online', listener);
};
