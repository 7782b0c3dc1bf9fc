import type { ChatClient } from './chat-client.js';
import type { RoomState } from './state.types.js';
import type { Store } from './store.js';
import type { ChatMessage, MemberPosition } from './wire.types.js';

/** Messages that are fetched when somebody looks further back or ahead. */
const PAGE = 50;

/** One chat, as somebody looks at it; all of one chat share what they show. */
export class ChatRoom implements Store<RoomState> {
  readonly subscribe: Store<RoomState>['subscribe'];
  readonly getSnapshot: Store<RoomState>['getSnapshot'];
  readonly getServerSnapshot: Store<RoomState>['getServerSnapshot'];

  constructor(
    readonly client: ChatClient,
    readonly chatId: string,
  ) {
    const store = client.state.room(chatId);
    this.subscribe = store.subscribe;
    this.getSnapshot = store.getSnapshot;
    this.getServerSnapshot = store.getServerSnapshot;
  }

  /** Says that this device looks at the chat, now and after every reconnection. */
  join(): Promise<void> {
    return this.client.openChat(this.chatId);
  }

  /** Says that it no longer does. */
  leave(): Promise<void> {
    return this.client.closeChat(this.chatId);
  }

  /**
   * The messages of the log that this device has, in order: always a whole stretch up to the newest. Of what comes
   * live it holds the newest 1,000, unless older ones were asked for. `getSnapshot().messages` also has those that
   * are on their way or have failed.
   */
  messages(): ChatMessage[] {
    return this.client.store(this.chatId)?.list() ?? NONE;
  }

  /** How far the members have read and received. */
  members(): MemberPosition[] {
    return this.client.store(this.chatId)?.members() ?? NOBODY;
  }

  /** How many messages the user has not read. */
  unreadCount(): number {
    return this.client.store(this.chatId)?.unreadCount() ?? 0;
  }

  /** Fetches older messages than those shown; answers how many there were, 0 at the beginning of the chat. */
  async loadOlder(limit = PAGE): Promise<number> {
    const count = await this.client.load(this.chatId, (store, fetch) =>
      store.loadOlder(fetch, limit),
    );
    return count ?? 0;
  }

  /** After {@link loadAround}, fetches newer messages than those shown; answers how many there were. */
  async loadNewer(limit = PAGE): Promise<number> {
    const count = await this.client.load(this.chatId, (store, fetch) =>
      store.loadNewer(fetch, limit),
    );
    return count ?? 0;
  }

  /** Shows what lies around a message: the answer's original, a pinned message, a find. `seq` is its number. */
  async loadAround(seq: number, limit = PAGE): Promise<void> {
    await this.client.load(this.chatId, (store, fetch) => store.loadAround(fetch, seq, limit));
  }

  /** Shows the newest messages again. */
  async showNewest(): Promise<void> {
    await this.client.load(this.chatId, (store) => Promise.resolve(store.showNewest()));
  }

  /** Fetches all pinned messages; they follow by themselves from then on. */
  async loadPinned(): Promise<void> {
    const path = `/api/chats/${this.chatId}/pinned`;
    await this.client.load(this.chatId, async (store) => {
      store.setPinned(await this.client.rest<ChatMessage[]>('GET', path));
    });
  }

  /** Reads up to a message, or everything. */
  markRead(seq?: number): Promise<unknown> {
    return this.client.command('mark_as_read', {
      chatId: this.chatId,
      ...(seq !== undefined && { seq }),
    });
  }

  /** Shows that the user types; lasts a few seconds unless renewed. */
  startTyping(): Promise<unknown> {
    return this.client.command('typing', { chatId: this.chatId });
  }

  /** Shows that the user has stopped. */
  stopTyping(): Promise<unknown> {
    return this.client.command('stop_typing', { chatId: this.chatId });
  }

  /** Runs whenever something in this chat is other than before; the answer ends it. */
  onChange(listener: () => void): () => void {
    return this.client.on('changed', ({ chatId }) => {
      if (chatId === this.chatId) listener();
    });
  }
}

const NONE: ChatMessage[] = [];
const NOBODY: MemberPosition[] = [];
