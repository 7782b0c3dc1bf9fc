import type { ChatRoom } from '@parley-chat/client';

/** The part of a browser's document that tells whether somebody can see it; phones and servers have none. */
interface Page {
  readonly visibilityState: string;
  addEventListener(event: 'visibilitychange', listener: () => void): void;
  removeEventListener(event: 'visibilitychange', listener: () => void): void;
}

/** Reads the messages that a room shows, as they come, while the page can be seen; the answer ends it. */
export const readWhileShown = (room: ChatRoom): (() => void) => {
  const page = (globalThis as { document?: Page }).document;
  const { connection } = room.client.state;
  /** Up to which message the server was told. */
  let told = 0;
  const read = () => {
    const { chat, messages } = room.getSnapshot();
    const newest = messages.findLast(({ seq }) => seq > 0)?.seq ?? 0;
    const isSeen = page?.visibilityState !== 'hidden';
    const isDue =
      chat !== null && chat.unreadCount > 0 && newest > Math.max(told, chat.lastReadSeq);
    if (!isDue || !isSeen || connection.getSnapshot().status !== 'connected') return;
    told = newest;
    room.markRead(newest).catch(() => {
      // The next change tries again: a message, or a new connection.
      told = 0;
    });
  };
  const ends = [room.subscribe(read), connection.subscribe(read)];
  page?.addEventListener('visibilitychange', read);
  read();
  return () => {
    for (const end of ends) end();
    page?.removeEventListener('visibilitychange', read);
  };
};
