import type { ChatMessage } from './wire.types.js';

/**
 * Messages around one that somebody has jumped to: a stretch without a hole, apart from the newest ones that
 * the device holds. It grows at both ends.
 */
export class MessageStretch {
  private readonly messages = new Map<string, ChatMessage>();
  /** Newest states of messages that may be on their way in a page. */
  private readonly heard = new Map<string, ChatMessage>();
  private fetching = 0;
  /** Whether the server may have older ones than the first. */
  hasOlder = true;

  /** Number of the first message. */
  get first(): number {
    return this.sorted()[0]?.seq ?? 1;
  }

  /** Number of the last message. */
  get last(): number {
    return this.sorted().at(-1)?.seq ?? 0;
  }

  /** The messages, ascending by number. */
  sorted(): ChatMessage[] {
    return [...this.messages.values()].sort((a, b) => a.seq - b.seq);
  }

  /** Takes in a page that `fetch` brings, each message as it was last heard of; answers how many there were. */
  async add(fetch: () => Promise<ChatMessage[]>): Promise<number> {
    this.fetching += 1;
    try {
      const page = await fetch();
      for (const message of page) {
        this.messages.set(message.id, message);
        const newer = this.heard.get(message.id);
        if (newer) this.put(newer);
      }
      return page.length;
    } finally {
      this.fetching -= 1;
      if (this.fetching === 0) this.heard.clear();
    }
  }

  /** A message has changed. */
  put(message: ChatMessage): void {
    const known = this.messages.get(message.id);
    if (known && known.version < message.version) this.messages.set(message.id, message);
    else if (!known && this.fetching > 0) this.heard.set(message.id, message);
  }

  /** Takes a message away that this user has deleted for themselves. */
  hide(messageId: string): void {
    this.messages.delete(messageId);
  }

  /** Takes all messages away up to a number. */
  clear(upToSeq: number): void {
    for (const [id, { seq }] of this.messages) if (seq <= upToSeq) this.messages.delete(id);
  }
}
