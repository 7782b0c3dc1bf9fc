import type { ChatClient } from './chat-client.js';
import type { SendOptions } from './message.js';
import { Message } from './message.js';
import type { Page } from './rest-api.js';
import type { RoomState } from './state.types.js';
import type { Store } from './store.js';
import type { ChatInfo, ChatMessage, MemberPosition } from './wire.types.js';

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

  /** Sends a text; see {@link Message.sendText}. */
  send(content: string, options?: SendOptions): Promise<ChatMessage> {
    return new Message(this.client, this.chatId).sendText(content, options);
  }

  /** Accepts the chat request of somebody else. */
  accept(): Promise<ChatInfo> {
    return this.post('accept');
  }

  /** Rejects it. */
  reject(): Promise<ChatInfo> {
    return this.post('reject');
  }

  /** Takes the chat out of the active list until a message comes. */
  archive(): Promise<unknown> {
    return this.post('archive');
  }

  /** Brings it back. */
  unarchive(): Promise<unknown> {
    return this.post('unarchive');
  }

  /** Changes what the chat is to this user alone: muted, on top of the lists, marked as unread, with data of their own. */
  setSettings(settings: ChatSettings): Promise<unknown> {
    return this.client.rest('PATCH', `/api/chats/${this.chatId}/settings`, settings);
  }

  /** Deletes the chat and its history for this user; a new message brings the chat back, empty. */
  delete(): Promise<unknown> {
    return this.client.rest('DELETE', `/api/chats/${this.chatId}`);
  }

  /** Blocks the other one of a direct chat, or a member. */
  block(userId?: string): Promise<unknown> {
    return this.post('block', { userId });
  }

  /** Ends that. */
  unblock(userId?: string): Promise<unknown> {
    return this.post('unblock', { userId });
  }

  /** Messages of this chat by their words, newest first. */
  search(words: string, page = 1): Promise<Page<ChatMessage[]>> {
    const query = `q=${encodeURIComponent(words)}&page=${page}`;
    return this.client.page('GET', `/api/chats/${this.chatId}/search?${query}`);
  }

  /** Runs whenever something in this chat is other than before; the answer ends it. */
  onChange(listener: () => void): () => void {
    return this.client.on('changed', ({ chatId }) => {
      if (chatId === this.chatId) listener();
    });
  }

  private post<T>(action: string, body: object = {}): Promise<T> {
    return this.client.rest<T>('POST', `/api/chats/${this.chatId}/${action}`, body);
  }
}

/** What a chat is to one user alone; what is absent does not change. */
export interface ChatSettings {
  /** ISO time until which the chat is silent; null ends that. */
  mutedUntil?: string | null;
  isPinned?: boolean;
  isMarkedUnread?: boolean;
  metadata?: Record<string, unknown> | null;
}

const NONE: ChatMessage[] = [];
const NOBODY: MemberPosition[] = [];
