import type { ChatClient } from './chat-client.js';
import type { ChatMessage, MemberPosition } from './wire.types.js';

/** Messages that are fetched when somebody looks further back. */
const OLDER_PAGE = 50;

/** One chat, as somebody looks at it. */
export class ChatRoom {
  constructor(
    readonly client: ChatClient,
    readonly chatId: string,
  ) {}

  /** Says that this device looks at the chat, now and after every reconnection. */
  join(): Promise<void> {
    return this.client.openChat(this.chatId);
  }

  /** Says that it no longer does. */
  leave(): Promise<void> {
    return this.client.closeChat(this.chatId);
  }

  /**
   * The messages that this device has, in order: always a whole stretch up to the newest. Of what comes
   * live it holds the newest 1,000, unless older ones were asked for.
   */
  messages(): ChatMessage[] {
    return this.client.store(this.chatId)?.list() ?? [];
  }

  /** How far the members have read and received. */
  members(): MemberPosition[] {
    return this.client.store(this.chatId)?.members() ?? [];
  }

  /** How many messages the user has not read. */
  unreadCount(): number {
    return this.client.store(this.chatId)?.unreadCount() ?? 0;
  }

  /** Fetches older messages; answers how many there were, 0 at the beginning of the chat. */
  async loadOlder(limit = OLDER_PAGE): Promise<number> {
    const store = this.client.store(this.chatId);
    if (!store || store.oldestSeq <= 1) return 0;
    return store.extend((before) =>
      this.client.rest<ChatMessage[]>(
        'GET',
        `/api/chats/${this.chatId}/messages?before=${before}&limit=${limit}`,
      ),
    );
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
