import type { ChatMessage } from './wire.types.js';

/** Messages that are held unless older ones were asked for, and how many more before the oldest are let go. */
export const MAX_MESSAGES = 1000;
export const SLACK = 100;

/** Where a message has come to lie: among those held, below them, or nowhere because it is not shown. */
export type Place = 'held' | 'below' | 'nowhere';

/** What this device holds of a chat's messages: the newest ones, without a hole. Older ones are on the server. */
export class MessageWindow {
  private readonly messages = new Map<string, ChatMessage>();
  /** Messages that this user has deleted for themselves, as far as this device has heard of them. */
  private readonly hidden = new Set<string>();
  /** History up to here is deleted for this user. */
  private clearedSeq = 0;
  /** Messages from here on are held. */
  private floor = 1;
  /** Number of the newest message that there is, held or not. */
  private newestSeq = 0;
  /** Newest states of messages below the floor, kept while older history is being fetched. */
  private below: Map<string, ChatMessage> | undefined;
  private isExtended = false;

  /** Number of the oldest message held. */
  get oldestSeq(): number {
    return this.floor;
  }

  /** The messages held, in no order. */
  values(): Iterable<ChatMessage> {
    return this.messages.values();
  }

  /** The messages held, ascending by number. */
  sorted(): ChatMessage[] {
    return [...this.messages.values()].sort((a, b) => a.seq - b.seq);
  }

  /** Begins anew with messages that are still to be put, while the newest of all has a number. */
  restart(floor: number, newestSeq: number): void {
    this.messages.clear();
    this.floor = floor;
    this.newestSeq = newestSeq;
    this.isExtended = false;
  }

  /** What the user has cleared or hidden stays away, whatever others still do to it. */
  put(message: ChatMessage): Place {
    this.newestSeq = Math.max(this.newestSeq, message.seq);
    if (message.seq <= this.clearedSeq || this.hidden.has(message.id)) return 'nowhere';
    if (message.seq < this.floor) {
      this.below?.set(message.id, message);
      return 'below';
    }
    const known = this.messages.get(message.id);
    if (!known || known.version < message.version) this.messages.set(message.id, message);
    return 'held';
  }

  /**
   * Whether a message should be held and is not: then the user has deleted it for themselves, before this
   * device came. Everybody is told of its changes nevertheless.
   */
  lacks({ id, seq }: ChatMessage): boolean {
    const isInside = seq >= this.floor && seq <= this.newestSeq && seq > this.clearedSeq;
    return isInside && !this.messages.has(id) && !this.hidden.has(id);
  }

  /** Takes a message away that this user has deleted for themselves. */
  hide(messageId: string): void {
    this.hidden.add(messageId);
    this.messages.delete(messageId);
    this.below?.delete(messageId);
  }

  /** Takes all messages away up to a number. */
  clear(upToSeq: number): void {
    this.clearedSeq = upToSeq;
    for (const [id, { seq }] of this.messages) if (seq <= upToSeq) this.messages.delete(id);
  }

  /**
   * Takes in older history, which `fetch` brings, and answers it. What changes in it on the way is not
   * lost: the newer version of each message counts.
   */
  async extend(fetch: (before: number) => Promise<ChatMessage[]>): Promise<ChatMessage[]> {
    const { floor } = this;
    const below = new Map<string, ChatMessage>();
    this.below = below;
    this.isExtended = true;
    try {
      const fetched = await fetch(floor);
      if (this.floor !== floor) return [];
      this.floor = fetched[0]?.seq ?? 1;
      // What changed in that stretch and was not fetched is hidden from this user.
      const older = fetched.map((message) => newerOf(message, below.get(message.id)));
      for (const message of older) this.put(message);
      return older;
    } finally {
      this.below = undefined;
    }
  }

  /**
   * Lets the oldest messages go where nobody has asked for older ones, so that a device that runs for
   * months does not hold all that was ever said; answers them.
   */
  trim(): ChatMessage[] {
    if (this.isExtended || this.messages.size <= MAX_MESSAGES + SLACK) return [];
    const all = this.sorted();
    const old = all.slice(0, -MAX_MESSAGES);
    for (const { id } of old) this.messages.delete(id);
    this.floor = all[old.length]!.seq;
    return old;
  }
}

const newerOf = (message: ChatMessage, other: ChatMessage | undefined): ChatMessage =>
  other && other.version > message.version ? other : message;
