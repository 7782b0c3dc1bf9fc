import type { ChatMessage } from './wire.types.js';

/**
 * Counts what a user has not read in one chat: what the device holds by looking at it, and what lies below
 * that by the server's count.
 */
export class UnreadCounter {
  private countBelow = 0;

  /** @param isMeant which of the others' messages are counted; all unless told. */
  constructor(
    private readonly userId: string,
    private readonly isMeant: (message: ChatMessage) => boolean = () => true,
  ) {}

  /** Among messages, those by others behind a position. */
  among(messages: Iterable<ChatMessage>, readUpTo: number): number {
    let count = 0;
    for (const message of messages) {
      if (message.seq > readUpTo && !message.isDeleted && this.counts(message)) count += 1;
    }
    return count;
  }

  /** Those below what is held. Reading may have come further than when the server counted. */
  below(floor: number, readUpTo: number): number {
    return Math.min(this.countBelow, Math.max(0, floor - 1 - readUpTo));
  }

  /** The server has counted, from a position up to a message; what of that is not held lies below. */
  counted(count: number, held: Iterable<ChatMessage>, from: number, upTo: number): void {
    const then = [...held].filter(({ seq }) => seq <= upTo);
    this.countBelow = Math.max(0, count - this.among(then, from));
  }

  /** Messages that lay below are held from now on. */
  taken(messages: Iterable<ChatMessage>, readUpTo: number): void {
    this.countBelow = Math.max(0, this.countBelow - this.among(messages, readUpTo));
  }

  /** Messages that were held, down to a floor, lie below from now on. */
  letGo(messages: ChatMessage[], floor: number, readUpTo: number): void {
    if (messages.length === 0) return;
    this.countBelow = this.below(floor, readUpTo) + this.among(messages, readUpTo);
  }

  /** A message below has changed. */
  changedBelow(message: ChatMessage, readUpTo: number): void {
    const wasUnread = message.isDeleted && message.seq > readUpTo && this.counts(message);
    if (wasUnread) this.countBelow = Math.max(0, this.countBelow - 1);
  }

  private counts(message: ChatMessage): boolean {
    const isOfOthers = message.senderId !== this.userId && message.messageType !== 'system';
    return isOfOthers && this.isMeant(message);
  }
}
